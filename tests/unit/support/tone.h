#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <span>
#include <vector>

namespace gw::test {

// A sine, at 8 kHz unless told. Peaks, not RMS, in units of a sample.
inline std::vector<int16_t> tone(double hertz, double peak, size_t samples, size_t from = 0,
                                 double rate = 8000) {
  std::vector<int16_t> out(samples);
  for (size_t i = 0; i < samples; ++i) {
    const double t = static_cast<double>(from + i) / rate;
    out[i] = static_cast<int16_t>(std::lrint(peak * std::sin(2 * std::numbers::pi * hertz * t)));
  }
  return out;
}

inline double rms(std::span<const int16_t> pcm) {
  double sum = 0;
  for (const int16_t s : pcm) sum += static_cast<double>(s) * s;
  return pcm.empty() ? 0 : std::sqrt(sum / static_cast<double>(pcm.size()));
}

// The peak of one frequency in the sound (Goertzel).
inline double peak_at(std::span<const int16_t> pcm, double hertz, double rate = 8000) {
  const double w = 2 * std::numbers::pi * hertz / rate;
  double re = 0, im = 0;
  for (size_t i = 0; i < pcm.size(); ++i) {
    re += pcm[i] * std::cos(w * static_cast<double>(i));
    im += pcm[i] * std::sin(w * static_cast<double>(i));
  }
  return pcm.empty() ? 0 : 2 * std::hypot(re, im) / static_cast<double>(pcm.size());
}

}  // namespace gw::test
