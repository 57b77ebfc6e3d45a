#include "media/codec/half_band.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/assert.h"
#include "media/codec/codec.h"
#include "media/codec/filter_design.h"

namespace gw::media {
namespace {

constexpr size_t kSide = HalfBandFilter::kSide;
constexpr size_t kPast = HalfBandFilter::kPast;
constexpr size_t kMost = samples_for(kMaxFrame, kNarrowband);

using Line = std::array<float, kPast + kMost>;  // The past, then what is new.

HalfBandFilter::Coefficients design_half_band() {
  constexpr double kBeta = 5.65;
  constexpr double kHalfLength = 2.0 * kSide;
  std::array<double, kSide> taps;
  double sum = 0;
  for (size_t k = 0; k < kSide; ++k) {
    const double offset = 2.0 * static_cast<double>(k) + 1;
    const double sinc = (k % 2 == 0 ? 1 : -1) / (std::numbers::pi * offset);
    const double at = offset / kHalfLength;
    taps[k] = sinc * bessel(kBeta * std::sqrt(1 - at * at)) / bessel(kBeta);
    sum += taps[k];
  }
  HalfBandFilter::Coefficients out;
  // Both sides together are the other half of the gain at 0 Hz.
  for (size_t k = 0; k < kSide; ++k) out[k] = static_cast<float>(taps[k] * 0.25 / sum);
  return out;
}

// What surrounds the place between line[at - 1] and line[at].
float around(const Line& line, size_t at) {
  const HalfBandFilter::Coefficients& c = HalfBandFilter::coefficients();
  float sum = 0;
  for (size_t k = 0; k < kSide; ++k) sum += c[k] * (line[at - 1 - k] + line[at + k]);
  return sum;
}

void remember(const Line& line, size_t added, std::array<int16_t, kPast>& past) {
  for (size_t i = 0; i < kPast; ++i) past[i] = static_cast<int16_t>(line[added + i]);
}

}  // namespace

const HalfBandFilter::Coefficients& HalfBandFilter::coefficients() {
  static const Coefficients kCoefficients = design_half_band();
  return kCoefficients;
}

void Upsampler::process(std::span<const int16_t> in, std::span<int16_t> out) {
  GW_ASSERT(out.size() == 2 * in.size() && in.size() <= kMost);
  Line line;
  std::copy(past_.begin(), past_.end(), line.begin());
  std::copy(in.begin(), in.end(), line.begin() + kPast);
  for (size_t i = 0; i < in.size(); ++i) {
    const size_t middle = i + kPast - kSide;
    out[2 * i] = to_pcm(line[middle]);
    out[2 * i + 1] = to_pcm(2 * around(line, middle + 1));
  }
  remember(line, in.size(), past_);
}

void Downsampler::process(std::span<const int16_t> in, std::span<int16_t> out) {
  GW_ASSERT(in.size() == 2 * out.size() && out.size() <= kMost);
  Line even, odd;
  std::copy(even_.begin(), even_.end(), even.begin());
  std::copy(odd_.begin(), odd_.end(), odd.begin());
  for (size_t i = 0; i < out.size(); ++i) {
    even[kPast + i] = in[2 * i];
    odd[kPast + i] = in[2 * i + 1];
  }
  for (size_t i = 0; i < out.size(); ++i) {
    const size_t middle = i + kPast - kSide + 1;
    out[i] = to_pcm(0.5F * even[middle] + around(odd, middle));
  }
  remember(even, out.size(), even_);
  remember(odd, out.size(), odd_);
}

}  // namespace gw::media
