#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace gw::media {

// Between 16 and 24 kHz by one low-pass of 90 coefficients at 48 kHz, of which a sample needs a
// third (up) or a half (down). Flat within 0.1 dB to 6.8 kHz, 60 dB down from 9.2 kHz, 0.93 ms of
// delay. Whole multiples of 2 or 3 samples a call, 20 ms at most; keeps its past from call to call.
// Packet path.
class ThreeHalvesUp {
 public:
  // `out` is one and a half times as long as `in`.
  void process(std::span<const int16_t> in, std::span<int16_t> out);

 private:
  static constexpr size_t kPast = 29;  // A third of the coefficients less the one that is new.
  std::array<int16_t, kPast> past_{};
};

class ThreeHalvesDown {
 public:
  // `in` is one and a half times as long as `out`.
  void process(std::span<const int16_t> in, std::span<int16_t> out);

 private:
  static constexpr size_t kPast = 44;
  std::array<int16_t, kPast> past_{};
};

}  // namespace gw::media
