#include "bench/machine_stops.h"

#include <algorithm>

#include "bench/cores.h"

namespace gw::bench {

MachineStops::MachineStops() {
  const auto cores = static_cast<int>(std::thread::hardware_concurrency());
  for (int core = 0; core < cores; ++core) threads_.emplace_back([this, core] { look(core); });
}

MachineStops::~MachineStops() {
  over_ = true;
  for (std::thread& thread : threads_) thread.join();
}

size_t MachineStops::between(TimePoint from, TimePoint to) const {
  const std::lock_guard lock(mutex_);
  const auto touches = [&](const Stop& stop) { return stop.end > from && stop.begin < to; };
  return static_cast<size_t>(std::ranges::count_if(stops_, touches));
}

void MachineStops::look(int core) {
  run_on_core(core);
  const SystemClock clock;
  for (TimePoint before = clock.now(); !over_;) {
    std::this_thread::sleep_for(1ms);
    const TimePoint now = clock.now();
    if (now - before > kStop) {
      const std::lock_guard lock(mutex_);
      stops_.push_back({before, now});
    }
    before = now;
  }
}

}  // namespace gw::bench
