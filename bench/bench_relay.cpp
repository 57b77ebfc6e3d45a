#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/codec_load.h"
#include "bench/gateway_process.h"
#include "bench/load.h"

// What the daemon itself costs: it runs as a process of its own, carries calls between a trunk and
// users that are set up as in real life, and is charged for what the kernel says it used.
namespace {

using namespace gw;
using namespace gw::bench;

constexpr Duration kWarmUp = 1500ms;  // Encoders adapt, pages are touched.
// A call that was just answered has an INVITE transaction beside it for T4 (RFC 3261 17.2.1).
constexpr Duration kSettled = 6s;
constexpr size_t kWorthWeighing = 20;  // Fewer calls are lost in the pages of the rest.
constexpr Duration kMargin = 500ms;    // Before and after the window: late packets still count.
constexpr double kMargins = 4;         // All of them, in seconds, and to spare.
constexpr size_t kCodecFrames = 50;
constexpr const char* kComplexity = "gw_media_opus_complexity";

struct Options {
  size_t calls = 100;
  double seconds = 10;
  std::string phone = "pcmu", user = "opus", srtp = "gcm";
  std::string gateway;
  int complexity = 5;
  double require = 0;  // Less than this delivered is a failure.
  // So often, when it is and the machine stood still meanwhile, is measured again.
  unsigned again = 0;

  bool opus() const { return user == "opus"; }
  // A browser always encrypts: "off" leaves only the phone's side plain, as it is anyway.
  const char* profile() const {
    return srtp == "cm" ? "SRTP_AES128_CM_SHA1_80" : "SRTP_AEAD_AES_128_GCM";
  }
  bool valid() const {
    return phone == "pcmu" && (opus() || user == "pcmu") &&
           (srtp == "gcm" || srtp == "cm" || srtp == "off") && calls >= 1 && calls <= 5000 &&
           again <= 10 && seconds > 0 && seconds <= 3600 && complexity >= 0 && complexity <= 10;
  }
};

std::optional<Options> parse(int argc, char** argv) {
  Options options;
  const auto folder = std::filesystem::canonical("/proc/self/exe").parent_path();
  options.gateway = folder.parent_path() / "acs-gateway";
  const std::map<std::string_view, std::string*> texts{{"--phone", &options.phone},
                                                       {"--user", &options.user},
                                                       {"--srtp", &options.srtp},
                                                       {"--gateway", &options.gateway}};
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name = argv[i];
    if (i + 1 == argc) return std::nullopt;
    if (name == "--calls") {
      options.calls = std::strtoul(argv[i + 1], nullptr, 10);
    } else if (name == "--seconds") {
      options.seconds = std::strtod(argv[i + 1], nullptr);
    } else if (name == "--complexity") {
      options.complexity = std::atoi(argv[i + 1]);
    } else if (name == "--require") {
      options.require = std::strtod(argv[i + 1], nullptr);
    } else if (name == "--again") {
      options.again = static_cast<unsigned>(std::strtoul(argv[i + 1], nullptr, 10));
    } else if (const auto text = texts.find(name); text != texts.end()) {
      *text->second = argv[i + 1];
    } else {
      return std::nullopt;
    }
  }
  return options.valid() ? std::optional(options) : std::nullopt;
}

// A call takes three descriptors here and five there.
void allow_many_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

double rounded(double value, double scale) {
  return std::round(value * scale) / scale;
}

nlohmann::ordered_json spread_us(std::vector<int64_t> nanoseconds) {
  std::ranges::sort(nanoseconds);
  const auto at = [&](double quantile) {
    if (nanoseconds.empty()) return 0.0;
    const double last = static_cast<double>(nanoseconds.size() - 1);
    const auto place = static_cast<size_t>(quantile * last);
    return rounded(static_cast<double>(nanoseconds[place]) / 1000, 10);
  };
  return {{"p50", at(0.5)}, {"p99", at(0.99)}, {"max", at(1)}};
}

// On the daemon's core, while it has nothing to do: the same core, the same cache.
double codec_cost(CodecLoad& load) {
  run_on_core(kDaemonCore);
  load.run(kCodecFrames / 5);
  const double cost = load.run(kCodecFrames).sum();
  run_on_core(kOurCore);
  return cost;
}

struct Measured {
  uint64_t expected = 0, arrived = 0;
  double cpu_us = 0, rss_per_call_kb = 0;
  std::vector<int64_t> to_user, to_phone;       // Latencies, nanoseconds.
  std::map<std::string, double> before, after;  // The daemon's counters.

  double counted(const char* name) const {
    const auto b = before.find(name), a = after.find(name);
    return b == before.end() || a == after.end() ? 0 : a->second - b->second;
  }
  // What the governor left of the ceiling, before and after the window: the lower.
  int complexity() const {
    const auto b = before.find(kComplexity), a = after.find(kComplexity);
    if (b == before.end() || a == after.end()) return -1;
    return static_cast<int>(std::min(b->second, a->second));
  }
  double made_up() const {
    return counted("gw_media_concealed_total") + counted("gw_media_recovered_total");
  }
  // A frame that the daemon made up in place of a lost one is not delivered.
  double delivered() const {
    if (expected == 0) return 0;
    return std::max(0.0, static_cast<double>(arrived) - made_up()) / static_cast<double>(expected);
  }
};

// All calls up and talking, with the memory that each took.
Result<void> bring_up(Load& load, const GatewayProcess& gateway, size_t calls, Measured& out) {
  const size_t half = calls / 2;
  const Duration warm_up = calls < kWorthWeighing ? kWarmUp : kSettled;
  if (auto up = load.set_up(0, half); !up) return up;
  if (auto fine = load.talk(warm_up); !fine) return fine;
  const auto rss_half = static_cast<double>(gateway.rss_kb());
  if (auto up = load.set_up(half, calls); !up) return up;
  if (auto fine = load.talk(warm_up); !fine) return fine;
  const auto rss_all = static_cast<double>(gateway.rss_kb());
  out.rss_per_call_kb = (rss_all - rss_half) / static_cast<double>(calls - half);
  return {};
}

void collect(const Load& load, Measured& out) {
  out.expected = out.arrived = 0;
  out.to_user.clear();
  out.to_phone.clear();
  for (const auto& call : load.calls()) {
    for (const StreamMeter* meter : {&call->phone_to_user(), &call->user_to_phone()}) {
      out.expected += meter->expected();
      out.arrived += meter->arrived();
    }
    const auto add = [](std::vector<int64_t>& all, const StreamMeter& meter) {
      all.insert(all.end(), meter.latencies().begin(), meter.latencies().end());
    };
    add(out.to_user, call->phone_to_user());
    add(out.to_phone, call->user_to_phone());
  }
}

// The daemon's counters, while the calls talk on: a pause of ours would look like loss to it.
Result<std::map<std::string, double>> counters(Load& load, const GatewayProcess& gateway) {
  auto asked = std::async(std::launch::async, [&] { return gateway.metrics(); });
  while (asked.wait_for(0ms) != std::future_status::ready) {
    if (auto fine = load.talk(5ms); !fine) return tl::unexpected(fine.error());
  }
  auto values = asked.get();
  if (values.empty()) return fail(ErrorCode::Unavailable, "the gateway shows no counters");
  return values;
}

Result<void> measure(Load& load, const GatewayProcess& gateway, double seconds, Measured& out) {
  constexpr double kTickNs = 20e6;
  load.prepare(seconds + kMargins);
  if (auto fine = load.talk(kMargin); !fine) return fine;
  auto before = counters(load, gateway);
  if (!before) return tl::unexpected(before.error());
  if (auto fine = load.talk(kMargin); !fine) return fine;

  const SystemClock clock;
  load.open_window();
  const TimePoint begin = clock.now();
  const uint64_t cpu_begin = gateway.cpu_ns();
  const auto length = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  if (auto fine = load.talk(length); !fine) return fine;
  const auto cpu = static_cast<double>(gateway.cpu_ns() - cpu_begin);
  const auto lasted = static_cast<double>((clock.now() - begin).count());
  load.close_window();
  if (auto fine = load.talk(kMargin); !fine) return fine;
  auto after = counters(load, gateway);
  if (!after) return tl::unexpected(after.error());
  out.before = std::move(*before);
  out.after = std::move(*after);

  out.cpu_us = cpu / 1000 / (lasted / kTickNs) / static_cast<double>(load.calls().size());
  collect(load, out);
  return {};
}

// Somebody else had a core: then the daemon makes up for what came too late, as it should.
bool stood_still(const Measured& m, const Load& load) {
  const auto& late = load.lateness();
  const auto latest = std::ranges::max_element(late);
  return m.counted("gw_media_late_turns_total") > 0 ||
         (latest != late.end() && *latest > Duration(20ms).count());
}

void report(const Options& options, const Measured& m, double codec_us, const Load& load) {
  nlohmann::ordered_json out;
  out["calls"] = options.calls;
  out["delivered"] = rounded(m.delivered(), 1e6);
  out["cpu_us_per_call_20ms"] = rounded(m.cpu_us, 10);
  out["calls_per_core"] = static_cast<int64_t>(20000 / m.cpu_us);
  out["codec_us_per_call_20ms"] = rounded(codec_us, 10);
  out["efficiency"] = rounded(codec_us / m.cpu_us, 1000);
  std::vector<int64_t> both_ways = m.to_user;
  both_ways.insert(both_ways.end(), m.to_phone.begin(), m.to_phone.end());
  out["added_latency_us"] = spread_us(std::move(both_ways));
  out["rss_per_call_kb"] = rounded(m.rss_per_call_kb, 10);
  // Beyond what others rely on: what was measured, and how far to trust it.
  out["seconds"] = options.seconds;
  out["phone"] = options.phone;
  out["user"] = options.user;
  out["ceiling"] = options.complexity;
  out["complexity"] = m.complexity();
  out["srtp"] = options.profile();
  out["latency_to_user_us"] = spread_us(m.to_user);
  out["latency_to_phone_us"] = spread_us(m.to_phone);
  out["latencies_to_user"] = m.to_user.size();
  out["latencies_to_phone"] = m.to_phone.size();
  out["frames_expected"] = m.expected;
  out["frames_arrived"] = m.arrived;
  out["frames_made_up"] = static_cast<int64_t>(m.made_up());
  out["socket_overflow"] = static_cast<int64_t>(m.counted("gw_media_socket_overflow_total"));
  out["late_turns"] = static_cast<int64_t>(m.counted("gw_media_late_turns_total"));
  out["generator_late_us"] = spread_us(load.lateness());
  std::printf("%s\n", out.dump().c_str());
}

int complain(const Error& error, const GatewayProcess* gateway) {
  std::fprintf(stderr, "bench_relay: %s\n", error.detail.c_str());
  if (gateway != nullptr) std::fprintf(stderr, "%s\n", gateway->log_tail().c_str());
  return 1;
}

int run(const Options& options) {
  allow_many_descriptors();
  run_on_core(kOurCore);
  media::OpusSettings opus;  // The daemon's defaults; nobody reports loss, so no FEC.
  opus.complexity = options.complexity;
  const auto speakers = make_speakers(opus);
  auto load = Load::create({options.calls, options.opus(), options.profile()}, speakers);
  if (!load) return complain(load.error(), nullptr);
  auto gateway = GatewayProcess::start({options.gateway, options.calls, (*load)->carrier(),
                                        options.opus() ? "opus" : "g711", options.complexity});
  if (!gateway) return complain(gateway.error(), nullptr);
  if (auto fine = (*load)->connect_users(*gateway); !fine) return complain(fine.error(), &*gateway);

  std::optional<CodecLoad> codecs;
  if (options.opus()) codecs.emplace(CodecLoad::Setting{options.calls, opus, 0}, speakers);
  const double codec_before = codecs ? codec_cost(*codecs) : 0;
  std::fprintf(stderr, "%zu users registered; setting up calls\n", options.calls);
  Measured measured;
  if (auto up = bring_up(**load, *gateway, options.calls, measured); !up) {
    return complain(up.error(), &*gateway);
  }
  std::fprintf(stderr, "%zu calls talk; measuring for %g s\n", options.calls, options.seconds);
  for (unsigned again = 0; again <= options.again; ++again) {
    if (auto fine = measure(**load, *gateway, options.seconds, measured); !fine) {
      return complain(fine.error(), &*gateway);
    }
    if (measured.delivered() >= options.require || !stood_still(measured, **load)) break;
    std::fprintf(stderr, "the machine stood still: only %g delivered\n", measured.delivered());
  }
  (*load)->hang_up();
  // The machine's speed changes by the minute: the mean of before and after is the run's. When the
  // governor came in, what counts is the complexity that it chose.
  double codec_us = 0;
  if (codecs && measured.complexity() == opus.complexity) {
    codec_us = (codec_before + codec_cost(*codecs)) / 2;
  } else if (codecs) {
    opus.complexity = measured.complexity();
    codecs.emplace(CodecLoad::Setting{options.calls, opus, 0}, speakers);
    codec_us = codec_cost(*codecs);
  }
  report(options, measured, codec_us, **load);
  return measured.delivered() >= options.require ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = parse(argc, argv);
  if (!options) {
    std::fprintf(stderr,
                 "usage: bench_relay [--calls N] [--seconds S] [--phone pcmu] [--user opus|pcmu] "
                 "[--srtp gcm|cm|off] [--complexity 0..10] [--require DELIVERED] [--again N] "
                 "[--gateway BINARY]\n");
    return 2;
  }
  return run(*options);
}
