#pragma once

#include <cstdint>

#include "base/clock.h"

namespace gw::media {

// What we make ourselves by time, we make every 20 ms: mixes, prompts, ringback. What begins in one
// burst (a conference call's parties, calls that moved here together) would work in the same
// millisecond for good, so each owner has a place in the 20 ms by its number. Multiples of the
// golden ratio fill the interval evenly, however many there are. (What follows a source's packets
// has the source's phase.)
constexpr Duration phase_of(uint64_t number) {
  constexpr uint64_t kGolden = 0x9e3779b97f4a7c15;  // 2^64 / 1.618
  constexpr int64_t kTick = Duration(20ms).count();
  return Duration(static_cast<int64_t>((number * kGolden >> 32) * kTick >> 32));
}

// The first time from `now` on at which its owner ticks.
inline TimePoint next_tick_of(uint64_t number, TimePoint now) {
  const Duration into = (now.time_since_epoch() - phase_of(number)) % 20ms;
  return into == Duration{0} ? now : now + (20ms - (into + 20ms) % 20ms);
}

}  // namespace gw::media
