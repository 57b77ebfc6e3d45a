#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace gw::media {

// What the filters between sampling rates are made of. Pure.

// The Bessel function I0, by its series: of a Kaiser window (beta 5.65: 60 dB).
inline double bessel(double x) {
  double sum = 1, term = 1;
  for (int n = 1; n < 30; ++n) {
    term *= (x / (2 * n)) * (x / (2 * n));
    sum += term;
  }
  return sum;
}

template <class Real>
int16_t to_pcm(Real value) {
  // In parentheses: SpanDSP's headers make a macro of the name.
  return static_cast<int16_t>((std::lrint)(std::clamp(value, Real{-32768}, Real{32767})));
}

}  // namespace gw::media
