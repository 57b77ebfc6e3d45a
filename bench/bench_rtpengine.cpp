#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "bench/codec_load.h"
#include "bench/cores.h"
#include "bench/process_figures.h"
#include "bench/rtpengine_call.h"
#include "bench/rtpengine_process.h"

// What a call costs Debian's rtpengine: the other side of bench/compare_rtpengine.sh. The same
// streams as bench_relay's, the same spread over the 20 ms, the same way to count CPU.
namespace {

using namespace gw;
using namespace gw::bench;

constexpr Duration kTick = 20ms;
constexpr Duration kWarmUp = 2s;
constexpr Duration kMargin = 500ms;

struct Options {
  size_t calls = 20;
  double seconds = 8;
  bool opus = true;
  std::string binary = "rtpengine";
};

std::optional<Options> parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name = argv[i];
    if (i + 1 == argc) return std::nullopt;
    const std::string value = argv[i + 1];
    if (name == "--calls") {
      options.calls = std::strtoul(value.c_str(), nullptr, 10);
    } else if (name == "--seconds") {
      options.seconds = std::strtod(value.c_str(), nullptr);
    } else if (name == "--user" && (value == "opus" || value == "pcmu")) {
      options.opus = value == "opus";
    } else if (name == "--rtpengine") {
      options.binary = value;
    } else {
      return std::nullopt;
    }
  }
  if (options.calls < 1 || options.calls > 1000 || !(options.seconds > 0)) return std::nullopt;
  return options;
}

using Calls = std::vector<std::unique_ptr<RtpengineCall>>;

// All ends of all calls, each at a phase of its own.
class Talk {
 public:
  explicit Talk(Calls& calls) : calls_(calls), cycle_(clock_.now()) {}

  void run(Duration length) {
    const TimePoint end = clock_.now() + length;
    while (clock_.now() < end) {
      send_due();
      if (++turns_ % 4 == 0) {
        for (auto& call : calls_) call->read();
      }
      const Duration wake = due().time_since_epoch();
      const timespec until{wake / 1s, (wake % 1s).count()};
      ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
    }
    for (auto& call : calls_) call->read();
  }

 private:
  TimePoint due() const {
    return cycle_ + kTick * static_cast<int64_t>(slot_) / static_cast<int64_t>(2 * calls_.size());
  }
  void send_due() {
    while (due() <= clock_.now()) {
      // A call's two ends speak half a tick apart.
      const size_t n = calls_.size(), place = slot_ / 2;
      if (slot_ % 2 == 0) {
        calls_[place]->send_from_phone();
      } else {
        calls_[(place + n / 2) % n]->send_from_user();
      }
      if (++slot_ < 2 * n) continue;
      slot_ = 0;
      cycle_ += kTick;
    }
  }

  Calls& calls_;
  SystemClock clock_;
  TimePoint cycle_;
  size_t slot_ = 0;
  unsigned turns_ = 0;
};

int complain(const Error& error) {
  std::fprintf(stderr, "bench_rtpengine: %s\n", error.detail.c_str());
  return 1;
}

int run(const Options& options) {
  run_on_core(kOurCore);
  const auto speakers = make_speakers({});
  auto rtpengine = RtpengineProcess::start(options.binary, options.calls);
  if (!rtpengine) return complain(rtpengine.error());
  SystemRandom random;
  media::PacketPool pool(64);
  Calls calls;
  for (size_t i = 0; i < options.calls; ++i) {
    calls.push_back(std::make_unique<RtpengineCall>(
        RtpengineCall::Setting{i, options.opus, &speakers[i % speakers.size()], i * 37}, random,
        pool));
    if (auto up = calls.back()->set_up(*rtpengine); !up) return complain(up.error());
  }
  Talk talk(calls);
  talk.run(kWarmUp);
  for (auto& call : calls) {
    call->phone_to_user().prepare(options.seconds + 4);
    call->user_to_phone().prepare(options.seconds + 4);
  }
  talk.run(kMargin);

  const SystemClock clock;
  for (auto& call : calls) {
    call->phone_to_user().open_window();
    call->user_to_phone().open_window();
  }
  const TimePoint begin = clock.now();
  const uint64_t cpu_begin = cpu_ns(rtpengine->pid());
  talk.run(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(options.seconds)));
  const auto cpu = static_cast<double>(cpu_ns(rtpengine->pid()) - cpu_begin);
  const auto ticks =
      static_cast<double>((clock.now() - begin).count()) / static_cast<double>(kTick.count());
  for (auto& call : calls) {
    call->phone_to_user().close_window();
    call->user_to_phone().close_window();
  }
  talk.run(kMargin);

  uint64_t expected = 0, arrived = 0;
  for (auto& call : calls) {
    for (const StreamMeter* meter : {&call->phone_to_user(), &call->user_to_phone()}) {
      expected += meter->expected();
      arrived += meter->arrived();
    }
  }
  const double cost = cpu / 1000 / ticks / static_cast<double>(options.calls);
  nlohmann::ordered_json out;
  out["calls"] = options.calls;
  out["delivered"] =
      std::round(1e6 * static_cast<double>(arrived) / static_cast<double>(expected)) / 1e6;
  out["cpu_us_per_call_20ms"] = std::round(cost * 10) / 10;
  out["calls_per_core"] = static_cast<int64_t>(20000 / cost);
  out["rss_kb"] = rss_kb(rtpengine->pid());
  out["user"] = options.opus ? "opus" : "pcmu";
  std::printf("%s\n", out.dump().c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = parse(argc, argv);
  if (!options) {
    std::fprintf(stderr,
                 "usage: bench_rtpengine [--calls N] [--seconds S] [--user opus|pcmu] [--rtpengine "
                 "BINARY]\n");
    return 2;
  }
  return run(*options);
}
