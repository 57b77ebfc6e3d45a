#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"

namespace gw::media::wire {

// The sound of a WAV file, stereo mixed to mono.
struct Wav {
  uint32_t rate = 0;
  std::vector<int16_t> samples;
};

// RIFF/WAVE with PCM of 8, 16 or 24 bits, A-law or mu-law; one or two channels; 8 to 48 kHz, at
// most `most` samples. A data chunk that was cut short, or that streaming writers left at its
// largest size, ends where the file ends. InvalidArgument says what is wrong.
Result<Wav> parse_wav(std::span<const std::byte> file, size_t most);

}  // namespace gw::media::wire
