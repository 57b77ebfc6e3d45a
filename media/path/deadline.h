#pragma once

#include <algorithm>

#include "base/clock.h"
#include "media/transport/transport.h"

namespace gw::media {

// When one port wants its timer called. It tells its worker by lowering the worker's earliest time;
// putting a deadline off costs nothing: the call comes, and finds that it is not yet time.
class Deadline {
 public:
  explicit Deadline(TimePoint& earliest) : earliest_(&earliest) {}

  // Packet path.
  void at_latest(TimePoint t) {
    due_ = std::min(due_, t);
    *earliest_ = std::min(*earliest_, t);
  }
  void set(TimePoint t) { due_ = t; }
  void move_to(TimePoint& earliest) { earliest_ = &earliest; }  // Another worker's.
  TimePoint due() const { return due_; }

 private:
  TimePoint* earliest_;  // The worker's.
  TimePoint due_ = kNever;
};

}  // namespace gw::media
