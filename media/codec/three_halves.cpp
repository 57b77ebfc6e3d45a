#include "media/codec/three_halves.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/assert.h"
#include "media/codec/filter_design.h"

namespace gw::media {
namespace {

constexpr size_t kTaps = 90;  // At 48 kHz; a multiple of both factors.
constexpr size_t kMostNarrow = 320, kMostWide = 480;

using Taps = std::array<float, kTaps>;

// Half the gain at 8 kHz, a sixth of the rate. Sums to 1.
Taps design_three_halves() {
  constexpr double kBeta = 5.65;
  constexpr double kCut = 1.0 / 6;
  constexpr double kMiddle = (kTaps - 1) / 2.0;
  std::array<double, kTaps> taps;
  double sum = 0;
  for (size_t i = 0; i < kTaps; ++i) {
    const double t = static_cast<double>(i) - kMiddle;  // Never 0: the number is even.
    const double at = t / (kMiddle + 0.5);
    const double sinc = std::sin(2 * std::numbers::pi * kCut * t) / (std::numbers::pi * t);
    taps[i] = sinc * bessel(kBeta * std::sqrt(1 - at * at)) / bessel(kBeta);
    sum += taps[i];
  }
  Taps out;
  for (size_t i = 0; i < kTaps; ++i) out[i] = static_cast<float>(taps[i] / sum);
  return out;
}

const Taps& taps() {
  static const Taps kDesigned = design_three_halves();
  return kDesigned;
}

// `in` at every kUp-th place of 48 kHz, zeros between; of what the low-pass makes of that, every
// kDown-th sample.
template <size_t kUp, size_t kDown, size_t kPast, size_t kMost>
void convert(std::span<const int16_t> in, std::span<int16_t> out,
             std::array<int16_t, kPast>& past) {
  static_assert(kPast == kTaps / kUp - 1);
  GW_ASSERT(in.size() * kUp == out.size() * kDown && in.size() <= kMost);
  const Taps& c = taps();
  std::array<int16_t, kPast + kMost> line;
  std::ranges::copy(past, line.begin());
  std::ranges::copy(in, line.begin() + kPast);
  for (size_t n = 0; n < out.size(); ++n) {
    const size_t at = n * kDown;
    const size_t newest = kPast + at / kUp;
    float sum = 0;
    size_t tap = at % kUp;
    for (size_t i = newest; tap < kTaps; --i, tap += kUp) sum += c[tap] * line[i];
    out[n] = to_pcm(static_cast<float>(kUp) * sum);
  }
  std::copy_n(line.begin() + static_cast<ptrdiff_t>(in.size()), kPast, past.begin());
}

}  // namespace

void ThreeHalvesUp::process(std::span<const int16_t> in, std::span<int16_t> out) {
  convert<3, 2, kPast, kMostNarrow>(in, out, past_);
}

void ThreeHalvesDown::process(std::span<const int16_t> in, std::span<int16_t> out) {
  convert<2, 3, kPast, kMostWide>(in, out, past_);
}

}  // namespace gw::media
