#pragma once

#include <memory>

#include "media/codec/codec.h"

namespace gw::media {

// ITU-T G.722 at 64 kbit/s by SpanDSP: wideband in two bands of ADPCM. At 8 kHz only the lower band
// is coded, which is cheaper and understood by every G.722 phone. Losses are concealed in the PCM
// by pitch repetition: an ADPCM decoder that is fed a repeated packet moves its predictor and step
// size further away from the encoder's than one that waits.
constexpr size_t kG722BytesPerMs = 8;  // Whatever the rate of the PCM.

// Fills all of it with silence, without an encoder, and returns its size. Packet path.
size_t g722_silence(std::span<std::byte> payload);

// Null when SpanDSP refuses (out of memory).
std::unique_ptr<AudioEncoder> make_g722_encoder(uint32_t rate);
std::unique_ptr<AudioDecoder> make_g722_decoder(uint32_t rate);

}  // namespace gw::media
