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

// The keys of a phone as in-band tones: the counterpart of TelephoneEventSender for peers without
// RFC 4733.
class DtmfGenerator {
 public:
  static constexpr size_t kMaxQueued = 64;

  bool queue(char digit, Duration length, Duration gap);  // False: no key, or the queue is full.
  // As TelephoneEventSender's: a key that is down until release().
  bool hold(char digit, Duration gap);
  void release(Duration length);
  // Fills all of `out`, silence between and after keys. False when there was nothing left to play.
  bool generate(std::span<int16_t> out);
  bool idle() const { return count_ == 0 && left_ == 0 && gap_left_ == 0; }
  void clear();

 private:
  struct Key {
    char digit = 0;
    uint32_t samples = 0, gap_samples = 0;
    bool held = false;  // `samples` is not known yet.
  };

  bool add(char digit, const Key& key);

  void start_next();

  std::array<Key, kMaxQueued> keys_{};
  size_t first_ = 0, count_ = 0;
  Sine low_, high_;
  uint32_t left_ = 0, gap_left_ = 0;
  uint32_t played_ = 0;  // Of the key.
  bool held_ = false;    // Until release().
};

}  // namespace gw::media
