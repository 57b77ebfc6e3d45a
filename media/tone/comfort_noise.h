#pragma once

#include <cstdint>
#include <span>

namespace gw::media {

// Comfort noise (RFC 3389): a level in dB under overload, 0..127, says all that a peer need know of
// a silence. 127 is digital silence.
using NoiseLevel = uint8_t;
constexpr NoiseLevel kNoNoise = 127;

NoiseLevel noise_level_of(std::span<const int16_t> pcm);  // Packet path.

// White noise of a level. Owned by an AudioSink. No allocation; packet path.
class NoiseGenerator {
 public:
  void generate(NoiseLevel level, std::span<int16_t> out);

 private:
  uint32_t state_ = 0x9e3779b9;  // Any but 0: nothing depends on it.
};

// Noise of a level in Opus frames of 20 ms that were encoded once, when the first was asked for.
// Eight a level, to be sent in turn, so that no pattern is heard. The engine asks at its start.
std::span<const std::byte> opus_noise(NoiseLevel level, unsigned turn);  // Packet path.

}  // namespace gw::media
