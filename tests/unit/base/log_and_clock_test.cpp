#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "base/masked.h"
#include "base/metrics.h"
#include "base/random.h"

namespace gw {
namespace {

std::string logged(const std::function<void(const Log&)>& body) {
  testing::internal::CaptureStderr();
  body(Log{});
  return testing::internal::GetCapturedStderr();
}

TEST(Log, a_line_is_logfmt_with_its_context_first) {
  const std::string line = logged([](const Log& log) {
    log.with({{"call", "7f3a"}, {"leg", "sip"}})
        .info("answered", {{"status", 200}, {"held", false}});
  });
  EXPECT_NE(line.find(" lvl=info call=7f3a leg=sip msg=\"answered\" status=200 held=false\n"),
            std::string::npos)
      << line;
}

TEST(Log, text_from_the_network_cannot_forge_a_line) {
  const std::string line = logged([](const Log& log) {
    log.info("seen", {{"agent", "x\r\nt=now lvl=error msg=\"forged\""}});
  });
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  EXPECT_NE(line.find("\\\"forged\\\""), std::string::npos) << line;
}

TEST(Log, a_value_of_many_kilobytes_is_cut) {
  std::string header(65536, 'a');
  header += ' ';
  const std::string line = logged([&](const Log& log) { log.info("seen", {{"header", header}}); });
  EXPECT_LT(line.size(), 1000u);
}

TEST(Masked, a_number_keeps_its_ends_and_a_token_nothing) {
  EXPECT_EQ(mask("+14255550123"), "+142555***23");
  EXPECT_EQ(mask("101"), "101");
  EXPECT_EQ(mask("eyJhbGciOi.J9"), "***");
  EXPECT_EQ(mask(""), "***");
}

TEST(Random, a_uuid_is_of_version_4) {
  SystemRandom random;
  const std::string id = random.uuid();
  ASSERT_EQ(id.size(), 36u);
  EXPECT_EQ(id[14], '4');
  EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos);
  EXPECT_NE(random.uuid(), id);
}

TEST(Random, nothing_is_given_out_twice_by_any_thread) {
  std::mutex mutex;
  std::set<std::string> seen;
  const auto draw = [&] {
    SystemRandom random;
    for (int i = 0; i < 500; ++i) {
      const std::string drawn = random.hex(i % 2 == 0 ? 8 : 64);  // From the pool, then beside it.
      const std::lock_guard lock(mutex);
      EXPECT_TRUE(seen.insert(drawn.substr(0, 16)).second) << drawn;
    }
  };
  std::thread other(draw);
  draw();
  other.join();
  EXPECT_EQ(seen.size(), 1000U);
}

TEST(Clock, a_time_is_written_as_iso_8601) {
  EXPECT_EQ(iso8601(WallTime(std::chrono::milliseconds(1'700'000'000'123))),
            "2023-11-14T22:13:20.123Z");
}

TEST(Metrics, counters_appear_in_the_exposition_and_collectors_run_before_it) {
  Metrics metrics;
  Gauge& gauge = metrics.gauge("gw_test", "A test.", {{"kind", "x"}});
  metrics.on_collect([&] { gauge.Set(7); });
  EXPECT_NE(metrics.expose().find("gw_test{kind=\"x\"} 7"), std::string::npos);
}

}  // namespace
}  // namespace gw
