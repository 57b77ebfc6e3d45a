#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace gw::sound {

// Who speaks and who listens at the ends of a call: a PCMU phone and an Opus browser. PCM at kRate,
// packets of 20 ms.
using Payload = std::vector<std::byte>;

std::vector<Payload> said_by_phone(std::span<const int16_t> pcm);
// libopus for speech, at the bit rate that we ask for, with FEC sized by the loss (0..1) that it
// was told.
std::vector<Payload> said_by_browser(std::span<const int16_t> pcm, double loss);

// A packet as it reached who hears it; `at` in samples on the stream's timeline.
struct Piece {
  size_t at = 0;
  Payload payload;
};

// In the order of their timeline. A phone without concealment: silence for what is missing.
std::vector<int16_t> heard_by_phone(const std::vector<Piece>& pieces);
// libopus fills what is missing, the last of it from the FEC of the successor.
std::vector<int16_t> heard_by_browser(const std::vector<Piece>& pieces);

}  // namespace gw::sound
