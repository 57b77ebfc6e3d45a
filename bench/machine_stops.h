#pragma once

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"

namespace gw::bench {

// When the machine took a core away: a thread on each looks at the clock every millisecond. For
// figures that such a stop spoils; it costs what waking up costs.
class MachineStops {
 public:
  static constexpr Duration kStop = 10ms;

  MachineStops();
  ~MachineStops();
  MachineStops(const MachineStops&) = delete;
  MachineStops& operator=(const MachineStops&) = delete;

  // Any thread. A stop is known a little after it ended.
  size_t between(TimePoint from, TimePoint to) const;

 private:
  struct Stop {
    TimePoint begin, end;
  };
  void look(int core);

  std::atomic<bool> over_{false};
  mutable std::mutex mutex_;
  std::vector<Stop> stops_;
  std::vector<std::thread> threads_;
};

}  // namespace gw::bench
