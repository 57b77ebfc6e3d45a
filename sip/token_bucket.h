#pragma once

#include <algorithm>

#include "base/clock.h"

namespace gw::sip {

// So many a second on average, `burst` of them at once. A value; full at first.
class TokenBucket {
 public:
  bool take(double per_second, double burst, TimePoint now) {
    if (tokens_ < 0) {
      tokens_ = burst;
    } else {
      const double elapsed = std::chrono::duration<double>(now - filled_).count();
      tokens_ = std::min(burst, tokens_ + elapsed * per_second);
    }
    filled_ = now;
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  double tokens_ = -1;  // Below zero: never asked.
  TimePoint filled_{};
};

}  // namespace gw::sip
