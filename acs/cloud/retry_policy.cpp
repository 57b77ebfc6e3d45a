#include "acs/cloud/retry_policy.h"

#include <algorithm>

namespace gw::acs::cloud {
namespace {

constexpr double kEarned = 0.1;  // Of a retry, by each request.
constexpr unsigned kMaxAttempts = 5;
constexpr Duration kFirstWait = 250ms;  // Then twice that, and so on,
constexpr Duration kLongestWait = 4s;   // up to this.
constexpr Duration kWorthIt = 100ms;    // An attempt needs some time to be answered.

}  // namespace

void RetryPolicy::asked() {
  budget_ = std::min(kFull, budget_ + kEarned);
}

std::optional<Duration> RetryPolicy::next(unsigned attempts, std::optional<Duration> told,
                                          Duration left) {
  if (attempts >= kMaxAttempts || budget_ < 1) return std::nullopt;
  Duration wait = kFirstWait;
  for (unsigned i = 1; i < attempts && wait < kLongestWait; ++i) wait *= 2;
  wait = std::min(wait, kLongestWait);
  // Half of it by chance, so that those who failed together do not come back together.
  wait = wait / 2 + (wait / 2) * (random_.u32() % 1024) / 1024;
  if (told) wait = std::max(wait, *told);
  if (wait + kWorthIt > left) return std::nullopt;
  budget_ -= 1;
  return wait;
}

}  // namespace gw::acs::cloud
