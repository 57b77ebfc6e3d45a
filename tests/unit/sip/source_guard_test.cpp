#include "sip/source_guard.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/support/manual_clock.h"

namespace gw::sip {
namespace {

SocketAddress from(const std::string& text) {
  return *SocketAddress::parse(text);
}

class SourceGuardTest : public testing::Test {
 protected:
  // Rate, failures, ban.
  static SourceLimits limits(double per_second, unsigned failed = 10, Duration ban = 5min) {
    return {.requests_per_second = per_second, .failed_digests = failed, .ban = ban};
  }
  SourceGuard guard(const SourceLimits& l, size_t max_sources = SourceGuard::kMaxSources) {
    return SourceGuard(l, clock, metrics, max_sources);
  }
  // How many of `count` requests at one moment pass.
  int passing(SourceGuard& g, const SocketAddress& source, int count) {
    int passed = 0;
    for (int i = 0; i < count; ++i) passed += g.admit(source, "phone") == Admission::Pass;
    return passed;
  }

  test::ManualClock clock;
  Metrics metrics;
  const SocketAddress phone = from("192.0.2.10:5060");
};

TEST_F(SourceGuardTest, a_burst_of_twice_the_rate_passes_then_the_rate_itself) {
  auto g = guard(limits(10));
  EXPECT_EQ(passing(g, phone, 100), 20);
  clock.advance(1s);
  EXPECT_EQ(passing(g, phone, 100), 10);
  clock.advance(1h);
  EXPECT_EQ(passing(g, phone, 100), 20);
}

TEST_F(SourceGuardTest, over_the_rate_one_refusal_a_second_then_silence) {
  auto g = guard(limits(1));
  EXPECT_EQ(passing(g, phone, 2), 2);
  EXPECT_EQ(g.admit(phone, ""), Admission::Refuse);
  EXPECT_EQ(g.admit(phone, ""), Admission::Silence);
  clock.advance(500ms);
  EXPECT_EQ(g.admit(phone, ""), Admission::Silence);
}

TEST_F(SourceGuardTest, another_port_is_the_same_source_another_address_is_not) {
  auto g = guard(limits(1));
  EXPECT_EQ(passing(g, phone, 2), 2);
  EXPECT_NE(g.admit(from("192.0.2.10:6000"), ""), Admission::Pass);
  EXPECT_EQ(g.admit(from("192.0.2.11:5060"), ""), Admission::Pass);
}

TEST_F(SourceGuardTest, loopback_is_limited_like_anyone) {
  auto g = guard(limits(5));
  EXPECT_EQ(passing(g, from("127.0.0.1:5060"), 50), 10);
}

TEST_F(SourceGuardTest, rate_zero_is_no_limit_and_a_rate_below_one_still_lets_one_through) {
  auto unlimited = guard(limits(0));
  EXPECT_EQ(passing(unlimited, phone, 10'000), 10'000);
  auto slow = guard(limits(0.1));
  EXPECT_EQ(passing(slow, phone, 5), 0);
  clock.advance(10s);
  EXPECT_EQ(passing(slow, phone, 5), 1);
}

TEST_F(SourceGuardTest, failed_digests_within_a_minute_ban_for_the_configured_time) {
  auto g = guard(limits(0, 3, 5min));
  g.digest_failed(phone);
  g.digest_failed(phone);
  EXPECT_FALSE(g.banned(phone));
  g.digest_failed(phone);
  EXPECT_TRUE(g.banned(phone));
  EXPECT_EQ(g.admit(phone, ""), Admission::Silence);
  EXPECT_EQ(g.admit(from("192.0.2.11"), ""), Admission::Pass);
  clock.advance(5min);
  EXPECT_EQ(g.admit(phone, ""), Admission::Pass);
}

TEST_F(SourceGuardTest, failures_spread_over_minutes_do_not_ban) {
  auto g = guard(limits(0, 3));
  for (int i = 0; i < 20; ++i) {
    g.digest_failed(phone);
    clock.advance(31s);
  }
  EXPECT_FALSE(g.banned(phone));
}

TEST_F(SourceGuardTest, each_ban_lasts_twice_as_long_up_to_a_day_and_a_quiet_day_forgets) {
  auto g = guard(limits(0, 1, 5min));
  Duration expected = 5min;
  for (int i = 0; i < 12; ++i) {
    g.digest_failed(phone);
    clock.advance(expected - 1ms);
    EXPECT_TRUE(g.banned(phone)) << i;
    clock.advance(1ms);
    EXPECT_FALSE(g.banned(phone)) << i;
    expected = std::min<Duration>(24h, 2 * expected);
  }
  clock.advance(25h);
  g.digest_failed(phone);
  clock.advance(5min);
  EXPECT_FALSE(g.banned(phone));
}

TEST_F(SourceGuardTest, a_source_with_a_good_phone_is_forgiven_more) {
  auto g = guard(limits(0, 3));
  g.digest_passed(phone);
  for (int i = 0; i < 11; ++i) g.digest_failed(phone);
  EXPECT_FALSE(g.banned(phone));
  g.digest_failed(phone);
  EXPECT_TRUE(g.banned(phone));
}

TEST_F(SourceGuardTest, failed_digests_zero_never_bans) {
  auto g = guard(limits(0, 0));
  for (int i = 0; i < 1'000; ++i) g.digest_failed(phone);
  EXPECT_FALSE(g.banned(phone));
}

TEST_F(SourceGuardTest, the_table_is_bounded_and_the_longest_unseen_source_makes_room) {
  auto g = guard(limits(1, 1), 3);
  const auto first = from("198.51.100.1"), second = from("198.51.100.2");
  g.digest_failed(first);
  g.admit(second, "");
  g.admit(from("198.51.100.3"), "");
  g.admit(first, "");  // Seen again: now `second` is the oldest.
  g.admit(from("198.51.100.4"), "");
  EXPECT_EQ(g.sources(), 3u);
  EXPECT_TRUE(g.banned(first));
  EXPECT_EQ(passing(g, second, 5), 2);
}

TEST_F(SourceGuardTest, scanners_get_silence_and_cost_no_entry) {
  auto g = guard(SourceLimits{});
  EXPECT_EQ(g.admit(phone, "friendly-scanner"), Admission::Silence);
  EXPECT_EQ(g.admit(phone, "SIPVicious 0.3"), Admission::Silence);
  EXPECT_EQ(g.admit(phone, "sipcli/v1.8"), Admission::Silence);
  EXPECT_EQ(g.sources(), 0u);
  EXPECT_EQ(g.admit(phone, "Yealink SIP-T54W 96.86.0.70"), Admission::Pass);
  EXPECT_EQ(g.admit(phone, ""), Admission::Pass);
}

TEST_F(SourceGuardTest, refusals_are_counted_by_reason) {
  auto g = guard(limits(0, 1));
  g.admit(phone, "sipvicious");
  g.digest_failed(phone);
  g.admit(phone, "");
  const std::string text = metrics.expose();
  EXPECT_NE(text.find("gw_sip_source_refused_total{reason=\"scanner\"} 1"), std::string::npos);
  EXPECT_NE(text.find("gw_sip_source_refused_total{reason=\"banned\"} 1"), std::string::npos);
  EXPECT_NE(text.find("gw_sip_bans_total 1"), std::string::npos);
}

}  // namespace
}  // namespace gw::sip
