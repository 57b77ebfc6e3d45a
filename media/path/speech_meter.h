#pragma once

#include <cstdint>
#include <span>

namespace gw::media {

// Whether somebody speaks, by energy with hysteresis: from -50 dBFS on at once, until half a second
// under -55. Owned by a MixSeat; its worker's thread. No allocation.
class SpeechMeter {
 public:
  static constexpr int kHangover = 25;  // Ticks of 20 ms.

  void measure(std::span<const int16_t> pcm);  // 20 ms. Packet path.
  void measure_silence() { take(0); }

  bool active() const { return active_; }
  double level() const { return level_; }  // Mean square, over about 200 ms.

 private:
  void take(double energy);

  bool active_ = false;
  int quiet_ = 0;
  double level_ = 0;
};

}  // namespace gw::media
