#include "gateway/ops/process_limits.h"

#include <sys/resource.h>

namespace gw::ops {
namespace {

constexpr uint64_t kSocketsOfLeg = 2;  // RTP and RTCP of a phone or trunk; a browser has less.
constexpr uint64_t kLegsOfCall = 2;
constexpr uint64_t kHouse = 256;  // Listeners, stores, logs, loops, clients.
// A phone or browser beside each call keeps a connection while it waits for the next.
constexpr uint64_t kConnectionsOfCall = 2;

}  // namespace

Descriptors raise_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return {};
  Descriptors result{limit.rlim_cur, limit.rlim_cur};
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) == 0) result.now = limit.rlim_cur;
  return result;
}

std::vector<std::string> shortfalls(const config::Config& config, uint64_t descriptors) {
  std::vector<std::string> all;
  const uint64_t calls = config.limits.max_calls;
  const uint64_t needed = calls * (kLegsOfCall * kSocketsOfLeg + kConnectionsOfCall) + kHouse;
  if (descriptors < needed) {
    all.push_back("limits.max_calls = " + std::to_string(calls) + " may need " +
                  std::to_string(needed) + " file descriptors and this process may open " +
                  std::to_string(descriptors) +
                  ": raise LimitNOFILE= of the service (or ulimit -Hn), or lower limits.max_calls");
  }
  const media::MediaConfig& media = config.media.engine;
  const uint64_t pairs = (media.port_high - media.port_low + 1U) / 2;
  if (pairs < calls * kLegsOfCall) {
    all.push_back("media.ports = \"" + std::to_string(media.port_low) + "-" +
                  std::to_string(media.port_high) + "\" carries " + std::to_string(pairs / 2) +
                  " calls between phones and trunks and limits.max_calls is " +
                  std::to_string(calls) + ": the others are refused with 503");
  }
  return all;
}

}  // namespace gw::ops
