#pragma once

#include <cstdint>
#include <span>

namespace gw::media {

// Brings a sum of voices back into 16 bits: unity gain while it fits; else the gain comes down
// before the peak and returns slowly, so that nothing is clipped and nothing wraps. Owned by a
// Mixer or a MixSeat; its worker's thread. No allocation.
class MixLimiter {
 public:
  // 20 ms: `sum` and `out` are equally long, a multiple of eight. Packet path.
  void process(std::span<const int32_t> sum, std::span<int16_t> out);
  float gain() const { return gain_; }

 private:
  float gain_ = 1;  // At the end of the last frame.
};

}  // namespace gw::media
