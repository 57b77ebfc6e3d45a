#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tests/sound/network.h"
#include "tests/sound/score.h"

namespace gw::sound {

// Toward a trunk the jitter buffer is adaptive, toward phones there is none: as they are by
// default.
enum class Way { PhoneToBrowser, BrowserToPhone, BrowserToTrunk };
const char* to_string(Way way);

// Where the network stands: before the gateway, or behind it.
enum class Hop { ToGateway, FromGateway };

struct Heard {
  std::vector<int16_t> pcm;  // At kRate, on the timeline of what arrived.
  Duration duration{0};      // By timestamps: of the line that left the gateway.
  size_t packets = 0;        // That left the gateway.
  size_t most_together = 0;  // Packets that left within 5 ms.
  Duration longest_way{0};   // Through the gateway.
  uint64_t made_up = 0;      // Frames that the gateway put in place of lost ones.
};

// Speech through a relayed call: real ports, real packet path, time by hand. A PCMU phone and an
// Opus browser; who hears is a phone that plays silence for what is missing, or a browser's libopus
// with its own FEC and concealment. Not `repaired`: the same path and the same losses with what the
// gateway does about them switched off. Before the gateway, silence takes the place of what is
// missing at the same times; behind it, the gateway is not told and adds no redundancy.
Heard call(Way way, std::span<const int16_t> said, const Network& network, Hop hop, uint32_t seed,
           bool repaired = true);

}  // namespace gw::sound
