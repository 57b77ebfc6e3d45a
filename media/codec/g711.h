#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "media/codec/codec.h"

namespace gw::media {

// G.711 by tables. Free functions for the taps, a class pair for the Transcoder.
enum class Law { Mu, A };

constexpr bool is_g711(Codec codec) {
  return codec == Codec::Pcmu || codec == Codec::Pcma;
}
constexpr Law law_of(Codec codec) {
  return codec == Codec::Pcmu ? Law::Mu : Law::A;
}

int16_t g711_decode(Law law, uint8_t code);
uint8_t g711_encode(Law law, int16_t sample);
uint8_t g711_silence(Law law);  // The code of a zero sample.

// Sizes must match: one byte a sample. Packet path.
void g711_decode(Law law, std::span<const std::byte> codes, std::span<int16_t> pcm);
void g711_encode(Law law, std::span<const int16_t> pcm, std::span<std::byte> codes);

// PCMU <-> PCMA without PCM in between, in place. Packet path.
void g711_transcode(Law from, Law to, std::span<std::byte> codes);

// At 8 kHz.
std::unique_ptr<AudioEncoder> make_g711_encoder(Law law);
std::unique_ptr<AudioDecoder> make_g711_decoder(Law law);  // Conceals by pitch repetition.

}  // namespace gw::media
