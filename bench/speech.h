#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

namespace gw::bench {

// Sound that costs an encoder what talk costs: syllables of a gliding pitch through moving
// formants, hissing consonants, pauses with a little room noise. 8 kHz, about -20 dBFS while it
// speaks. Each seed is another speaker.
inline std::vector<int16_t> speech(double seconds, uint32_t seed) {
  struct Noise {
    uint32_t state;
    double next() {
      state = state * 1664525u + 1013904223u;
      return static_cast<double>(state >> 8) / (1 << 23) - 1;
    }
  } noise{seed * 2654435761u + 1};
  struct Formant {
    double a = 0, b = 0;
    double pass(double x, double hertz, double width) {
      const double r = std::exp(-std::numbers::pi * width / 8000);
      const double y =
          (1 - r) * x + 2 * r * std::cos(2 * std::numbers::pi * hertz / 8000) * a - r * r * b;
      b = a;
      a = y;
      return y;
    }
  } first, second, third;

  std::vector<int16_t> out(static_cast<size_t>(seconds * 8000));
  const double voice = 95 + 13 * (seed % 12);
  double phase = 0, until = 0, begun = 0, f1 = 500, f2 = 1500;
  enum { Vowel, Hiss, Pause } kind = Pause;
  for (size_t i = 0; i < out.size(); ++i) {
    const double t = static_cast<double>(i) / 8000;
    if (t >= until) {
      const double dice = (noise.next() + 1) / 2;
      kind = kind == Vowel ? (dice < 0.6 ? Hiss : Pause) : Vowel;
      begun = t;
      until = t + (kind == Vowel ? 0.12 + 0.1 * dice : kind == Hiss ? 0.06 : 0.05 + 0.3 * dice);
      f1 = 300 + 500 * (noise.next() + 1) / 2;
      f2 = 900 + 1400 * (noise.next() + 1) / 2;
    }
    const double edge = std::clamp(std::min(t - begun, until - t) / 0.015, 0.0, 1.0);
    phase += voice * (1 + 0.12 * std::sin(3.7 * t) + 0.05 * std::sin(11 * t)) / 8000;
    double source = 0.002 * noise.next();
    if (phase >= 1) {
      phase -= 1;
      if (kind == Vowel) source += 30 * edge;
    }
    if (kind == Vowel) source += 0.15 * edge * noise.next();
    const double vowel = first.pass(source, f1, 90) + 0.6 * second.pass(source, f2, 130) +
                         0.3 * third.pass(source, 2700, 200);
    const double hiss = kind == Hiss ? 0.08 * edge * noise.next() : 0;
    const double sample = 4500 * vowel + 9000 * hiss + 15 * noise.next();
    out[i] = static_cast<int16_t>(std::clamp(sample, -30000.0, 30000.0));
  }
  return out;
}

}  // namespace gw::bench
