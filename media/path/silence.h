#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

namespace gw::media {

// Digital silence that has lasted: not worth an encoder, once its first frames have let the sound
// fade out. Owned by what sends. Packet path.
class Silence {
 public:
  bool settled(std::span<const int16_t> pcm) {
    constexpr int kZero = 8;  // What zero is in A-law.
    const bool silent =
        std::ranges::all_of(pcm, [](int16_t s) { return s >= -kZero && s <= kZero; });
    frames_ = silent ? std::min(frames_ + 1, kFrames + 1) : 0;
    return frames_ > kFrames;
  }

 private:
  static constexpr unsigned kFrames = 10;
  unsigned frames_ = 0;  // In a row.
};

}  // namespace gw::media
