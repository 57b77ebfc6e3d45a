#include <sys/resource.h>

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

// Is anything left behind? The daemon as a process of its own; a carrier and users talk with sound,
// hang up, and begin again: what it holds is told after each round, and when finished transactions
// (RFC 3261: 32 s) have gone too.
namespace {

using namespace gw;
using namespace gw::bench;

constexpr Duration kBreath = 500ms;  // Before and after what is listened to; and after a hang-up.
constexpr double kMargins = 4;       // Of what is listened to, in seconds.
constexpr const char* kGauges[] = {"gw_calls",       "gw_legs",
                                   "gw_sip_dialogs", "gw_media_sessions",
                                   "gw_media_ports", "gw_media_rtp_ports_in_use"};

struct Options {
  size_t calls = 50, rounds = 4;
  double talk = 1;                       // Seconds, a round.
  double first_linger = 0, linger = 34;  // After the first round, and after the last.
  std::string gateway;
};

std::optional<Options> parse(int argc, char** argv) {
  Options options;
  const auto folder = std::filesystem::canonical("/proc/self/exe").parent_path();
  options.gateway = folder.parent_path() / "acs-gateway";
  const std::map<std::string_view, double*> seconds{{"--talk", &options.talk},
                                                    {"--first-linger", &options.first_linger},
                                                    {"--linger", &options.linger}};
  const std::map<std::string_view, size_t*> counts{{"--calls", &options.calls},
                                                   {"--rounds", &options.rounds}};
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name = argv[i];
    if (i + 1 == argc) return std::nullopt;
    if (const auto count = counts.find(name); count != counts.end()) {
      *count->second = std::strtoul(argv[i + 1], nullptr, 10);
    } else if (const auto time = seconds.find(name); time != seconds.end()) {
      *time->second = std::strtod(argv[i + 1], nullptr);
    } else if (name == "--gateway") {
      options.gateway = argv[i + 1];
    } else {
      return std::nullopt;
    }
  }
  const bool valid = options.calls >= 1 && options.calls <= 1000 && options.rounds >= 1 &&
                     options.rounds <= 1000 && options.talk > 0 && options.talk <= 60;
  return valid ? std::optional(options) : std::nullopt;
}

Duration seconds(double count) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(count));
}

struct Held {
  std::vector<uint64_t> rss_kb;  // Before the first call, after each round, at the end.
  std::vector<size_t> descriptors;
  uint64_t expected = 0, arrived = 0;

  void look(const GatewayProcess& gateway) {
    rss_kb.push_back(gateway.rss_kb());
    descriptors.push_back(gateway.descriptors());
  }
};

Result<void> one_round(Load& load, const Options& options, Held& held) {
  if (auto up = load.set_up(0, options.calls); !up) return up;
  load.prepare(options.talk + kMargins);
  if (auto fine = load.talk(kBreath); !fine) return fine;
  load.open_window();
  if (auto fine = load.talk(seconds(options.talk)); !fine) return fine;
  load.close_window();
  if (auto fine = load.talk(kBreath); !fine) return fine;
  for (const auto& call : load.calls()) {
    for (const StreamMeter* meter : {&call->phone_to_user(), &call->user_to_phone()}) {
      held.expected += meter->expected();
      held.arrived += meter->arrived();
    }
  }
  load.hang_up();
  return load.talk(kBreath);  // Users hear of it.
}

// The users' connections live on meanwhile.
Result<std::map<std::string, double>> counters(Load& load, const GatewayProcess& gateway) {
  auto asked = std::async(std::launch::async, [&] { return gateway.metrics(); });
  while (asked.wait_for(0ms) != std::future_status::ready) {
    if (auto fine = load.talk(5ms); !fine) return tl::unexpected(fine.error());
  }
  return asked.get();
}

Result<void> run_rounds(Load& load, const GatewayProcess& gateway, const Options& options,
                        Held& held) {
  held.look(gateway);
  for (size_t round = 0; round < options.rounds; ++round) {
    if (round > 0) load.renew();
    if (auto fine = one_round(load, options, held); !fine) return fine;
    if (round == 0) {
      if (auto fine = load.talk(seconds(options.first_linger)); !fine) return fine;
    }
    held.look(gateway);
    std::fprintf(stderr, "round %zu: %llu kB, %zu descriptors\n", round + 1,
                 static_cast<unsigned long long>(held.rss_kb.back()), held.descriptors.back());
  }
  if (auto fine = load.talk(seconds(options.linger)); !fine) return fine;
  held.look(gateway);
  return {};
}

int complain(const Error& error, const GatewayProcess* gateway) {
  std::fprintf(stderr, "bench_rounds: %s\n", error.detail.c_str());
  if (gateway != nullptr) std::fprintf(stderr, "%s\n", gateway->log_tail().c_str());
  return 1;
}

int run(const Options& options) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  const auto speakers = make_speakers(media::OpusSettings{});
  auto load = Load::create({options.calls, true, "SRTP_AEAD_AES_128_GCM"}, speakers);
  if (!load) return complain(load.error(), nullptr);
  auto gateway = GatewayProcess::start({.binary = options.gateway,
                                        .users = options.calls,
                                        .trunk = (*load)->carrier(),
                                        .route_media = "opus"});
  if (!gateway) return complain(gateway.error(), nullptr);
  if (auto fine = (*load)->connect_users(*gateway); !fine) return complain(fine.error(), &*gateway);
  Held held;
  if (auto fine = run_rounds(**load, *gateway, options, held); !fine) {
    return complain(fine.error(), &*gateway);
  }
  const auto values = counters(**load, *gateway);
  if (!values) return complain(values.error(), &*gateway);
  nlohmann::ordered_json out;
  out["calls"] = options.calls;
  out["rounds"] = options.rounds;
  out["delivered"] = static_cast<double>(held.arrived) / static_cast<double>(held.expected);
  out["rss_kb"] = held.rss_kb;
  out["descriptors"] = held.descriptors;
  for (const char* gauge : kGauges) {
    const auto value = values->find(gauge);
    out["left"][gauge] = value == values->end() ? -1 : value->second;
  }
  std::printf("%s\n", out.dump().c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = parse(argc, argv);
  if (options) return run(*options);
  std::fprintf(stderr,
               "usage: bench_rounds [--calls N] [--rounds N] [--talk S] [--first-linger S] "
               "[--linger S] [--gateway BINARY]\n");
  return 2;
}
