#pragma once

#include <algorithm>

#include "base/clock.h"

namespace gw {

// So many a second on average, `burst` of them at once. A value; full at first. The limits come
// with each question, since they change with the configuration.
class TokenBucket {
 public:
  // One, if there is one.
  bool take(double per_second, double burst, TimePoint now) {
    if (refill(per_second, burst, now) < 1) return false;
    level_ -= 1;
    return true;
  }

  // Goes into debt, ten bursts at most, so that the caller can tell a slip from an attack: what is
  // left after `cost`, below zero when that was more than there was.
  double charge(double cost, double per_second, double burst, TimePoint now) {
    return level_ = std::max(refill(per_second, burst, now) - cost, -10 * burst);
  }

 private:
  double refill(double per_second, double burst, TimePoint now) {
    const double elapsed = std::max(0.0, std::chrono::duration<double>(now - filled_).count());
    level_ = asked_ ? std::min(burst, level_ + elapsed * per_second) : burst;
    asked_ = true;
    filled_ = now;
    return level_;
  }

  double level_ = 0;
  bool asked_ = false;
  TimePoint filled_{};
};

}  // namespace gw
