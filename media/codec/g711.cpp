#include "media/codec/g711.h"

#include <algorithm>
#include <array>
#include <bit>

#include "base/assert.h"
#include "media/codec/pitch_concealment.h"

namespace gw::media {
namespace {

constexpr int kMuBias = 0x84;
constexpr uint8_t kAlternate = 0x55;  // A-law inverts every other bit on the line.

constexpr int16_t decode_mu(uint8_t code) {
  const int inverted = ~code & 0xff;
  const int magnitude =
      ((((inverted & 0x0f) << 3) + kMuBias) << ((inverted & 0x70) >> 4)) - kMuBias;
  return static_cast<int16_t>((inverted & 0x80) != 0 ? -magnitude : magnitude);
}

constexpr int16_t decode_a(uint8_t code) {
  const int plain = code ^ kAlternate;
  const int segment = (plain & 0x70) >> 4;
  const int step = (plain & 0x0f) << 4;
  const int magnitude = segment == 0 ? step + 8 : (step + 0x108) << (segment - 1);
  return static_cast<int16_t>((plain & 0x80) != 0 ? magnitude : -magnitude);
}

// The segment is the place of the highest bit above the eight lowest.
constexpr int segment_of(int magnitude) {
  return std::bit_width(static_cast<unsigned>(magnitude) | 0xffu) - 8;
}

uint8_t encode_mu(int sample) {
  const int magnitude = (sample < 0 ? -sample : sample) + kMuBias;
  const int mask = sample < 0 ? 0x7f : 0xff;
  const int segment = segment_of(magnitude);
  if (segment > 7) return static_cast<uint8_t>(0x7f ^ mask);
  return static_cast<uint8_t>((segment << 4 | ((magnitude >> (segment + 3)) & 0x0f)) ^ mask);
}

uint8_t encode_a(int sample) {
  const int magnitude = sample < 0 ? -sample - 1 : sample;
  const int mask = kAlternate | (sample < 0 ? 0x00 : 0x80);
  const int segment = segment_of(magnitude);
  const int step = (magnitude >> (segment == 0 ? 4 : segment + 3)) & 0x0f;
  return static_cast<uint8_t>((segment << 4 | step) ^ mask);
}

using DecodeTable = std::array<int16_t, 256>;
using EncodeTable = std::array<uint8_t, 65536>;  // By the sample's bits as an unsigned number.
using TranscodeTable = std::array<uint8_t, 256>;

struct Tables {
  Tables() {
    for (unsigned code = 0; code < 256; ++code) {
      decode[0][code] = decode_mu(static_cast<uint8_t>(code));
      decode[1][code] = decode_a(static_cast<uint8_t>(code));
    }
    for (unsigned bits = 0; bits < 65536; ++bits) {
      const int sample = static_cast<int16_t>(bits);
      encode[0][bits] = encode_mu(sample);
      encode[1][bits] = encode_a(sample);
    }
    for (unsigned code = 0; code < 256; ++code) {
      to_other[0][code] = encode[1][static_cast<uint16_t>(decode[0][code])];
      to_other[1][code] = encode[0][static_cast<uint16_t>(decode[1][code])];
    }
  }

  std::array<DecodeTable, 2> decode;
  std::array<EncodeTable, 2> encode;
  std::array<TranscodeTable, 2> to_other;
};

const Tables kTables;

constexpr size_t index(Law law) {
  return law == Law::Mu ? 0 : 1;
}
constexpr Codec codec_of(Law law) {
  return law == Law::Mu ? Codec::Pcmu : Codec::Pcma;
}

class G711Encoder final : public AudioEncoder {
 public:
  explicit G711Encoder(Law law) : law_(law) {}
  Codec codec() const override { return codec_of(law_); }
  uint32_t rate() const override { return kNarrowband; }
  size_t encode(std::span<const int16_t> pcm, std::span<std::byte> out) override {
    if (out.size() < pcm.size()) return 0;
    g711_encode(law_, pcm, out.first(pcm.size()));
    return pcm.size();
  }
  bool interchangeable(const AudioEncoder& other) const override {
    return other.codec() == codec() && other.rate() == rate();
  }

 private:
  const Law law_;
};

class G711Decoder final : public AudioDecoder {
 public:
  explicit G711Decoder(Law law) : law_(law) {}
  Codec codec() const override { return codec_of(law_); }
  uint32_t rate() const override { return kNarrowband; }

  size_t decode(std::span<const std::byte> payload, std::span<int16_t> out) override {
    if (samples_in(payload) == 0 || out.size() < payload.size()) return 0;
    const auto pcm = out.first(payload.size());
    g711_decode(law_, payload, pcm);
    concealment_.hear(pcm);
    return pcm.size();
  }
  size_t conceal(std::span<int16_t> out) override {
    concealment_.fill(out);
    return out.size();
  }
  size_t recover(std::span<const std::byte> successor, std::span<int16_t> out,
                 size_t rest) override {
    std::array<int16_t, PitchConcealment::kMostAfter> after;
    successor = successor.first(std::min(successor.size(), after.size()));
    const auto pcm = std::span(after).first(successor.size());
    g711_decode(law_, successor, pcm);
    concealment_.bridge(out, pcm, rest);
    return out.size();
  }
  size_t samples_in(std::span<const std::byte> payload) const override {
    return payload.size() <= samples_for(kMaxFrame, kNarrowband) ? payload.size() : 0;
  }
  void reset() override { concealment_.reset(); }

 private:
  const Law law_;
  PitchConcealment concealment_{kNarrowband};
};

}  // namespace

int16_t g711_decode(Law law, uint8_t code) {
  return kTables.decode[index(law)][code];
}
uint8_t g711_encode(Law law, int16_t sample) {
  return kTables.encode[index(law)][static_cast<uint16_t>(sample)];
}
uint8_t g711_silence(Law law) {
  return g711_encode(law, 0);
}

void g711_decode(Law law, std::span<const std::byte> codes, std::span<int16_t> pcm) {
  GW_ASSERT(codes.size() == pcm.size());
  const DecodeTable& table = kTables.decode[index(law)];
  for (size_t i = 0; i < codes.size(); ++i) pcm[i] = table[std::to_integer<size_t>(codes[i])];
}

void g711_encode(Law law, std::span<const int16_t> pcm, std::span<std::byte> codes) {
  GW_ASSERT(codes.size() == pcm.size());
  const EncodeTable& table = kTables.encode[index(law)];
  for (size_t i = 0; i < pcm.size(); ++i) {
    codes[i] = std::byte{table[static_cast<uint16_t>(pcm[i])]};
  }
}

void g711_transcode(Law from, Law to, std::span<std::byte> codes) {
  if (from == to) return;
  const TranscodeTable& table = kTables.to_other[index(from)];
  for (std::byte& code : codes) code = std::byte{table[std::to_integer<size_t>(code)]};
}

std::unique_ptr<AudioEncoder> make_g711_encoder(Law law) {
  return std::make_unique<G711Encoder>(law);
}

std::unique_ptr<AudioDecoder> make_g711_decoder(Law law) {
  return std::make_unique<G711Decoder>(law);
}

}  // namespace gw::media
