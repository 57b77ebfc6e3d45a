#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/clock.h"

namespace gw::media {

// A pure tone at 8 kHz. Levels are in dBm0 (0 dBm0 = a sine 3.14 dB under full scale).
class Sine {
 public:
  Sine() = default;
  Sine(double hertz, double dbm0);
  double next();  // Packet path.

 private:
  double step_ = 0, phase_ = 0, amplitude_ = 0;
};

// Two tones with a cadence: ringback, busy, a DTMF key. All methods: packet path.
class ToneGenerator {
 public:
  struct Spec {
    double first_hz = 0, second_hz = 0;  // second 0 = one tone.
    double dbm0 = -16;                   // Of each tone.
    Duration on{0}, off{0};              // on 0 = without end, without pause.
  };
  static constexpr Spec kRingback{440, 480, -19, 2s, 4s};  // North America; understood everywhere.

  explicit ToneGenerator(const Spec& spec);
  void generate(std::span<int16_t> out);  // Fills all of it; silence in the pause.
  void restart() { position_ = 0; }

 private:
  double gain() const;

  Sine first_, second_;
  size_t on_samples_ = 0, period_samples_ = 0, position_ = 0;
};

}  // namespace gw::media
