#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace gw::media {

// A recording that can be played to calls: mono, at both rates that a wiring may have, so that
// nothing is computed while it plays. Immutable; shared by those who play it.
struct Clip {
  std::vector<int16_t> narrow;  // 8 kHz
  std::vector<int16_t> wide;    // 16 kHz

  std::span<const int16_t> at(uint32_t rate) const;
  Duration length() const;
};
using ClipPtr = std::shared_ptr<const Clip>;

constexpr Duration kLongestClip = 10min;  // 29 MB at both rates.

// Reads a WAV file (RIFF): PCM of 8, 16 or 24 bits, or G.711, mono or stereo, 8 to 48 kHz. Takes
// some 10 ms a minute of sound: not for a loop's thread. InvalidArgument says what is wrong with
// it.
Result<ClipPtr> read_clip(std::span<const std::byte> wav);

// The same sound at another rate: a windowed sinc, 60 dB down where it would alias.
std::vector<int16_t> resampled(std::span<const int16_t> pcm, uint32_t from, uint32_t to);

}  // namespace gw::media
