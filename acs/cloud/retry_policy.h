#pragma once

#include <optional>

#include "base/clock.h"
#include "base/random.h"

namespace gw::acs::cloud {

// Whether and when a request is sent again. A service in trouble is not helped by everybody asking
// twice: retries of all requests together have a budget, a tenth of what is asked, with ten in hand
// for quiet times. Owned by the ApiClient; its thread.
class RetryPolicy {
 public:
  explicit RetryPolicy(Random& random) : random_(random) {}

  void asked();  // A new request: pays into the budget.

  // How long to wait before the next attempt; nullopt: give up. `attempts`: how many were made.
  // `told`: the service's own Retry-After, which is kept to. `left`: until the request is of no use
  // any more.
  std::optional<Duration> next(unsigned attempts, std::optional<Duration> told, Duration left);

 private:
  Random& random_;
  double budget_ = kFull;

  static constexpr double kFull = 10;
};

}  // namespace gw::acs::cloud
