#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "bench/gateway_process.h"
#include "bench/sipp_process.h"

// What a call's signalling costs the daemon: sipp calls sipp through it at a constant rate, from
// one trunk to another, and everything that the kernel charges to the daemon until the last
// transaction is forgotten counts.
//   --soak N: N calls instead of a time; what is allocated after all of them is held against what
//   was after 20,000.
namespace {

using namespace gw;
using namespace gw::bench;

constexpr Duration kForgotten = 35s;  // Timers of finished transactions take 32 s (RFC 3261 17).
constexpr Duration kSoakForgotten = 40s;
constexpr uint64_t kSoakWarm = 20'000;
constexpr double kSoakHeapKb = 1024;  // The most that may be left of the other calls,
constexpr double kSoakRss = 0.05;     // and the part by which the process may grow.
constexpr Duration kSlow = 60s;       // What sipp may take beyond its calls.

struct Options {
  unsigned cps = 250;
  double seconds = 10;
  unsigned hold_ms = 0;  // As in sipp's own caller; a longer call costs its media too, which is
                         // bench_relay's matter.
  uint64_t soak = 0;
  double require_cpu_us = 0, require_p99_ms = 0;  // More is a failure; 0 = whatever it is.
  std::string gateway;

  uint64_t calls() const {
    return soak > 0 ? soak : static_cast<uint64_t>(std::lround(cps * seconds));
  }
  bool valid() const {
    return cps >= 1 && cps <= 5000 && seconds > 0 && seconds <= 3600 && hold_ms <= 60'000 &&
           calls() >= 1 && (soak == 0 || (soak > kSoakWarm && soak <= 1'000'000));
  }
};

std::optional<Options> parse(int argc, char** argv) {
  Options options;
  const auto folder = std::filesystem::canonical("/proc/self/exe").parent_path();
  options.gateway = folder.parent_path() / "acs-gateway";
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name = argv[i];
    if (i + 1 == argc) return std::nullopt;
    const char* value = argv[i + 1];
    if (name == "--cps") {
      options.cps = static_cast<unsigned>(std::strtoul(value, nullptr, 10));
    } else if (name == "--seconds") {
      options.seconds = std::strtod(value, nullptr);
    } else if (name == "--hold-ms") {
      options.hold_ms = static_cast<unsigned>(std::strtoul(value, nullptr, 10));
    } else if (name == "--soak") {
      options.soak = std::strtoull(value, nullptr, 10);
    } else if (name == "--require-cpu-us") {
      options.require_cpu_us = std::strtod(value, nullptr);
    } else if (name == "--require-p99-ms") {
      options.require_p99_ms = std::strtod(value, nullptr);
    } else if (name == "--gateway") {
      options.gateway = value;
    } else {
      return std::nullopt;
    }
  }
  return options.valid() ? std::optional(options) : std::nullopt;
}

double rounded(double value, double scale) {
  return std::round(value * scale) / scale;
}

double quantile(std::vector<double>& sorted, double part) {
  if (sorted.empty()) return 0;
  return sorted[static_cast<size_t>(part * static_cast<double>(sorted.size() - 1))];
}

double heap_kb(const GatewayProcess& gateway) {
  const auto values = gateway.metrics();
  const auto heap = values.find("gw_heap_bytes");
  return heap == values.end() ? 0 : heap->second / 1024;
}

struct Run {
  uint64_t calls = 0, successful = 0, failed = 0, retransmitted = 0;
  double lasted_s = 0;  // From the first call's start to the last one's.
  std::vector<double> setup_ms;
};

// `calls` of them from one sipp to another; returns when the last was hung up.
Result<Run> place(const Options& options, const GatewayProcess& gateway, const SocketAddress& near,
                  const SocketAddress& far, uint64_t calls) {
  SippProcess::Options answer{.scenario = "answer", .to = {}, .calls = calls};
  auto answers = SippProcess::start(far, answer);
  if (!answers) return tl::unexpected(answers.error());
  std::this_thread::sleep_for(500ms);  // sipp tells nobody when it listens; INVITEs are repeated.
  SippProcess::Options call{.scenario = "call",
                            .to = gateway.sip(),
                            .calls = calls,
                            .per_second = options.cps,
                            .hold_ms = options.hold_ms};
  const auto begin = std::chrono::steady_clock::now();
  auto caller = SippProcess::start(near, call);
  if (!caller) return tl::unexpected(caller.error());
  const auto planned = std::chrono::duration<double>(static_cast<double>(calls) / options.cps);
  const auto limit = begin + std::chrono::duration_cast<Duration>(2 * planned) + kSlow;
  while (!caller->ended()) {
    if (std::chrono::steady_clock::now() > limit) {
      return fail(ErrorCode::Timeout, "sipp did not come to its end: " + caller->errors());
    }
    std::this_thread::sleep_for(20ms);
  }
  const std::chrono::duration<double> lasted = std::chrono::steady_clock::now() - begin;
  auto outcome = caller->outcome();
  if (outcome.successful + outcome.failed == 0) {
    return fail(ErrorCode::Unavailable, "sipp placed no call: " + caller->errors());
  }
  Run run{calls,
          outcome.successful,
          calls - outcome.successful,
          outcome.retransmitted,
          lasted.count() - options.hold_ms / 1000.0,
          std::move(outcome.setup_ms)};
  std::ranges::sort(run.setup_ms);
  return run;
}

nlohmann::ordered_json spread(std::vector<double>& ms) {
  return {{"p50", rounded(quantile(ms, 0.5), 100)},
          {"p99", rounded(quantile(ms, 0.99), 100)},
          {"max", rounded(quantile(ms, 1), 100)}};
}

int complain(const Error& error, const GatewayProcess* gateway) {
  std::fprintf(stderr, "bench_signalling: %s\n", error.detail.c_str());
  if (gateway != nullptr) std::fprintf(stderr, "%s\n", gateway->log_tail().c_str());
  return 1;
}

int measure(const Options& options, const GatewayProcess& gateway, const SocketAddress& near,
            const SocketAddress& far) {
  // What is made once, for the first calls, is not charged to the others.
  if (auto warm = place(options, gateway, near, far, options.cps); !warm) {
    return complain(warm.error(), &gateway);
  }
  std::this_thread::sleep_for(kForgotten);
  const double heap_before = heap_kb(gateway);
  const uint64_t cpu_before = gateway.cpu_ns();
  auto run = place(options, gateway, near, far, options.calls());
  if (!run) return complain(run.error(), &gateway);
  const double heap_after = heap_kb(gateway);
  std::this_thread::sleep_for(kForgotten);
  const double cpu_us =
      static_cast<double>(gateway.cpu_ns() - cpu_before) / 1000 / static_cast<double>(run->calls);
  const double heap_left = heap_kb(gateway);
  const double remembered = std::min(static_cast<double>(run->calls), 32.0 * options.cps);

  nlohmann::ordered_json out;
  out["cps_sustained"] = rounded(static_cast<double>(run->successful) / run->lasted_s, 10);
  out["failed"] = run->failed;
  out["cpu_us_per_call"] = rounded(cpu_us, 10);
  const double p99 = quantile(run->setup_ms, 0.99);
  out["setup_ms"] = spread(run->setup_ms);
  out["heap_per_call_kb"] = rounded((heap_after - heap_before) / remembered, 10);
  // Beyond what others rely on.
  out["calls"] = run->calls;
  out["cps"] = options.cps;
  out["hold_ms"] = options.hold_ms;
  out["retransmitted"] = run->retransmitted;
  out["one_core_cps"] = static_cast<int64_t>(1e6 / cpu_us);
  out["heap_left_kb"] = rounded(heap_left - heap_before, 10);
  std::printf("%s\n", out.dump().c_str());
  if (run->failed > 0) return 1;
  if (options.require_cpu_us > 0 && cpu_us > options.require_cpu_us) return 1;
  return options.require_p99_ms > 0 && p99 > options.require_p99_ms ? 1 : 0;
}

int soak(const Options& options, const GatewayProcess& gateway, const SocketAddress& near,
         const SocketAddress& far) {
  struct Point {
    double heap_kb, rss_kb;
  };
  std::vector<Point> points;
  uint64_t failed = 0;
  for (const uint64_t calls : {kSoakWarm, options.soak - kSoakWarm}) {
    auto run = place(options, gateway, near, far, calls);
    if (!run) return complain(run.error(), &gateway);
    failed += run->failed;
    std::this_thread::sleep_for(kSoakForgotten);
    points.push_back({heap_kb(gateway), static_cast<double>(gateway.rss_kb())});
    std::fprintf(stderr, "after %llu more calls: heap %.0f kB, resident %.0f kB\n",
                 static_cast<unsigned long long>(calls), points.back().heap_kb,
                 points.back().rss_kb);
  }
  const double heap_growth = points[1].heap_kb - points[0].heap_kb;
  const double rss_growth = points[1].rss_kb / points[0].rss_kb - 1;
  nlohmann::ordered_json out;
  out["calls"] = options.soak;
  out["failed"] = failed;
  out["cps"] = options.cps;
  out["heap_kb"] = {{"first", rounded(points[0].heap_kb, 1)},
                    {"last", rounded(points[1].heap_kb, 1)}};
  out["rss_kb"] = {{"first", points[0].rss_kb}, {"last", points[1].rss_kb}};
  out["heap_growth_kb"] = rounded(heap_growth, 1);
  out["rss_growth"] = rounded(rss_growth, 1e4);
  std::printf("%s\n", out.dump().c_str());
  return failed == 0 && heap_growth <= kSoakHeapKb && rss_growth <= kSoakRss ? 0 : 1;
}

int run(const Options& options) {
  const SocketAddress near = free_port(), far = free_port();
  GatewayProcess::Options daemon;
  daemon.binary = options.gateway;
  daemon.trunk = near;
  daemon.far_trunk = far;
  daemon.route_media = "auto";
  daemon.calls = std::max<size_t>(500, static_cast<size_t>(options.cps) * 4);
  auto gateway = GatewayProcess::start(daemon);
  if (!gateway) return complain(gateway.error(), nullptr);
  return options.soak > 0 ? soak(options, *gateway, near, far)
                          : measure(options, *gateway, near, far);
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = parse(argc, argv);
  if (!options) {
    std::fprintf(stderr,
                 "usage: bench_signalling [--cps C] [--seconds S] [--hold-ms MS] [--soak CALLS] "
                 "[--require-cpu-us US] [--require-p99-ms MS] [--gateway BINARY]\n");
    return 2;
  }
  return run(*options);
}
