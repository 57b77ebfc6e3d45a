#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/clock.h"

namespace gw::media {

// How busy one worker's loop is, and how long it may let packets come together before it turns
// again. Packets that come one by one would each cost a wake-up and find the caches cold, which
// costs more than their handling: with few calls more than half of the CPU. So an idle worker waits
// for a frame's worth of them, 5 ms at most, a quarter of a frame; the busier it is, the more of
// them it finds by itself, and it waits less and less, for nobody shall be late because of it.
// Pure; owned by the MediaWorker, its thread.
class TurnPace {
 public:
  static constexpr Duration kPeriod = 250ms;  // Between two looks.
  static constexpr double kPackets = 20;      // To wait for when there is nothing else to do.
  static constexpr Duration kLongest = 5ms;

  // The loop had nothing to do for so long.
  void waited(Duration time) { waited_ += time; }

  bool due(TimePoint now) const { return now >= next_; }
  // `packets`: all that ever came.
  void look(TimePoint now, uint64_t packets) {
    const Duration passed = now - last_;
    const auto came = static_cast<double>(packets - packets_);
    last_ = now;
    packets_ = packets;
    next_ = now + kPeriod;
    const Duration waited = std::exchange(waited_, Duration{0});
    if (passed <= Duration{0} ||
        passed > 2 * kPeriod) {  // The first look, or nobody turned the loop.
      busy_ = 0;
      gather_ = Duration{0};
      return;
    }
    const auto span = static_cast<double>(passed.count());
    busy_ = std::clamp(1 - static_cast<double>(waited.count()) / span, 0.0, 1.0);
    const double rest = (1 - busy_) * (1 - busy_);
    const double gather = came == 0 ? 0 : span / came * kPackets * rest * rest;
    gather_ = std::min(kLongest, Duration(static_cast<int64_t>(gather)));
  }

  double busy() const { return busy_; }        // Share of the time, 0..1.
  Duration gather() const { return gather_; }  // From one turn to the next, at least.
  TimePoint next_look() const { return next_; }

 private:
  Duration waited_{0};
  TimePoint last_{}, next_{};
  uint64_t packets_ = 0;
  double busy_ = 0;
  Duration gather_{0};
};

}  // namespace gw::media
