#pragma once

#include <algorithm>

#include "base/clock.h"

namespace gw::acs::edge {

// So much a second, with a burst. Goes into debt, so that the caller can tell a slip from an
// attack.
class TokenBucket {
 public:
  TokenBucket(double per_second, double burst, TimePoint now)
      : per_second_(per_second), burst_(burst), level_(burst), filled_(now) {}

  // What is left after taking `cost`; below zero the limit is passed.
  double take(double cost, TimePoint now) {
    const double seconds = std::chrono::duration<double>(now - filled_).count();
    level_ = std::min(burst_, level_ + std::max(0.0, seconds) * per_second_);
    filled_ = now;
    level_ = std::max(level_ - cost, -10 * burst_);
    return level_;
  }

 private:
  double per_second_, burst_, level_;
  TimePoint filled_;
};

}  // namespace gw::acs::edge
