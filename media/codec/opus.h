#pragma once

#include <memory>

#include "media/codec/codec.h"

namespace gw::media {

// Opus through libopus at an 8 kHz API rate: no resampler between it and G.711. The RTP clock stays
// 48 kHz (RFC 7587). The encoder is mono VOIP. FEC begins at this reported loss: below it, FEC
// costs quality and a quarter of the encoder.
constexpr unsigned kFecFromLoss = 5;  // Percent.

std::unique_ptr<AudioEncoder> make_opus_encoder(const OpusSettings& settings);
std::unique_ptr<AudioDecoder> make_opus_decoder();

// Samples at 8 kHz in a payload, 0 = not Opus. Packet path.
size_t opus_samples(std::span<const std::byte> payload);

}  // namespace gw::media
