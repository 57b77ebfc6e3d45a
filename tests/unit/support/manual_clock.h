#pragma once

#include "base/clock.h"

namespace gw::test {

// Time that moves only when a test says so.
class ManualClock final : public Clock {
 public:
  TimePoint now() const override { return now_; }
  WallTime wall() const override { return wall_; }
  void advance(Duration by) {
    now_ += by;
    wall_ += by;
  }
  void advance_to(TimePoint t) {  // Never back.
    if (t > now_) advance(t - now_);
  }

 private:
  TimePoint now_{std::chrono::hours(1)};
  WallTime wall_{std::chrono::seconds(1'790'000'000)};
};

}  // namespace gw::test
