#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace gw {

using namespace std::chrono_literals;

using Duration = std::chrono::nanoseconds;
// Monotonic: every interval.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;
// What people and tokens read.
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;

// Time comes in from outside, so that tests tick it by hand. Any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const = 0;
  virtual WallTime wall() const = 0;
};

// For what cannot be handed a Clock: callbacks of a C library.
inline TimePoint monotonic_now() {
  return std::chrono::steady_clock::now();
}

class SystemClock final : public Clock {
 public:
  TimePoint now() const override { return monotonic_now(); }
  WallTime wall() const override { return std::chrono::system_clock::now(); }
};

inline int64_t to_ms(Duration d) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
}
inline int64_t unix_ms(WallTime t) {
  return to_ms(t.time_since_epoch());
}

// "2026-11-21T07:32:48.123Z"
std::string iso8601(WallTime t);

}  // namespace gw
