#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace gw::media {

// Between 8 and 16 kHz by a half-band low-pass: every second coefficient is zero, so a sample costs
// 24 multiplications. Flat within 0.1 dB to 3.4 kHz, 60 dB down from 4.6 kHz, 1.4 ms of delay.
// Keeps its past from call to call. Packet path.
class HalfBandFilter {
 public:
  static constexpr size_t kSide = 12;             // Coefficients on each side of the middle.
  static constexpr size_t kPast = 2 * kSide;      // Samples of one phase that a result needs.
  using Coefficients = std::array<float, kSide>;  // From the middle outwards; the middle is 0.5.
  static const Coefficients& coefficients();
};

class Upsampler {
 public:
  // `out` is twice as long as `in`, at most 120 ms of it. They may not overlap.
  void process(std::span<const int16_t> in, std::span<int16_t> out);
  void reset() { past_ = {}; }

 private:
  std::array<int16_t, HalfBandFilter::kPast> past_{};
};

class Downsampler {
 public:
  // `in` is twice as long as `out`, at most 120 ms of it. They may not overlap.
  void process(std::span<const int16_t> in, std::span<int16_t> out);
  void reset() { *this = Downsampler(); }

 private:
  std::array<int16_t, HalfBandFilter::kPast> even_{};
  std::array<int16_t, HalfBandFilter::kPast> odd_{};
};

}  // namespace gw::media
