#pragma once

#include <memory>

#include "media/codec/codec.h"

namespace gw::media {

// Opus through libopus at an API rate of 8 or 16 kHz: no resampler between it and G.711 or G.722.
// The RTP clock stays 48 kHz (RFC 7587). The encoder is mono VOIP. FEC begins at this reported
// loss: below it, FEC costs quality and a quarter of the encoder.
constexpr unsigned kFecFromLoss = 5;  // Percent.
// What a peer that is to send narrow- or wideband is asked to send (RFC 7587 6.1,
// maxaveragebitrate). Unasked, browsers that are told maxplaybackrate send 12 or 20 kbit/s, too
// little for speech and its redundancy both.
constexpr int kWishedBitrate = 32000;

std::unique_ptr<AudioEncoder> make_opus_encoder(uint32_t rate, const OpusSettings& settings);
std::unique_ptr<AudioDecoder> make_opus_decoder(uint32_t rate);

// Samples at `rate` in a payload, 0 = not Opus. Packet path.
size_t opus_samples(std::span<const std::byte> payload, uint32_t rate);

// Whether it holds a coarse copy of the frame before it (LBRR). Packet path.
bool opus_has_fec(std::span<const std::byte> payload);

}  // namespace gw::media
