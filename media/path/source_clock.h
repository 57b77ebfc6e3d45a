#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.h"

namespace gw::media {

// Where a source's timeline lies on our clock: when a position arrives if the network does not
// delay it. It follows the source's clock, which is never as fast as ours (300 ppm are a second an
// hour), by forgetting: the quickest packet of the last few seconds decides. So what is played by
// this clock keeps the source's pace; nothing has to be cut out or put in to make up for drift, and
// timestamps stay a function of the source's (rule 3). Owned by a JitterBuffer. No allocation.
class SourceClock {
 public:
  // Half of what is remembered. At 300 ppm the clock is at most 3 ms behind the source's.
  static constexpr Duration kSpan = 5s;
  // A packet that is later than this did not meet a slow network: the source's clock stood still.
  static constexpr Duration kStoodStill = 500ms;

  void reset() { *this = SourceClock(); }
  // A packet arrived. How much later than the quickest that is remembered: 0 or more. Packet path.
  Duration observe(int64_t position, uint32_t rate, TimePoint now);
  bool started() const { return started_; }
  // When a packet of this position arrives at the earliest; only once started.
  TimePoint earliest(int64_t position, uint32_t rate) const;

 private:
  TimePoint quickest() const { return std::min(current_, before_); }

  // Each the moment at which position 0 would have arrived.
  TimePoint current_ = TimePoint::max(), before_ = TimePoint::max();
  TimePoint turn_at_{};
  bool started_ = false;
};

}  // namespace gw::media
