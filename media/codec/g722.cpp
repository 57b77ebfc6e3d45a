#include "media/codec/g722.h"

#include <spandsp.h>

#include <algorithm>
#include <array>
#include <utility>

#include "media/codec/pitch_concealment.h"

namespace gw::media {
namespace {

constexpr int kBitRate = 64000;
constexpr size_t kMostBytes = kG722BytesPerMs * static_cast<size_t>(kMaxFrame / 1ms);

int options(uint32_t rate) {
  return rate == kNarrowband ? G722_SAMPLE_RATE_8000 : 0;
}
// A byte holds one sample of each band.
constexpr size_t samples_a_byte(uint32_t rate) {
  return rate / kNarrowband;
}

struct G722EncoderDeleter {
  void operator()(g722_encode_state_t* s) const { g722_encode_free(s); }
};
struct G722DecoderDeleter {
  void operator()(g722_decode_state_t* s) const { g722_decode_free(s); }
};

class G722Encoder final : public AudioEncoder {
 public:
  explicit G722Encoder(uint32_t rate)
      : rate_(rate), state_(g722_encode_init(nullptr, kBitRate, options(rate))) {}
  bool ready() const { return state_ != nullptr; }

  Codec codec() const override { return Codec::G722; }
  uint32_t rate() const override { return rate_; }

  size_t encode(std::span<const int16_t> pcm, std::span<std::byte> out) override {
    const size_t bytes = pcm.size() / samples_a_byte(rate_);
    if (pcm.size() % samples_a_byte(rate_) != 0 || bytes > out.size()) return 0;
    const int size = g722_encode(state_.get(), reinterpret_cast<uint8_t*>(out.data()), pcm.data(),
                                 static_cast<int>(pcm.size()));
    return size > 0 ? static_cast<size_t>(size) : 0;
  }
  void reset() override { g722_encode_init(state_.get(), kBitRate, options(rate_)); }

 private:
  const uint32_t rate_;
  const std::unique_ptr<g722_encode_state_t, G722EncoderDeleter> state_;
};

class G722Decoder final : public AudioDecoder {
 public:
  explicit G722Decoder(uint32_t rate)
      : rate_(rate),
        state_(g722_decode_init(nullptr, kBitRate, options(rate))),
        concealment_(rate) {}
  bool ready() const { return state_ != nullptr; }

  Codec codec() const override { return Codec::G722; }
  uint32_t rate() const override { return rate_; }

  size_t decode(std::span<const std::byte> payload, std::span<int16_t> out) override {
    const size_t samples = samples_in(payload);
    if (samples == 0 || samples > out.size()) return 0;
    if (std::exchange(ahead_of_, nullptr) == payload.data() && ahead_samples_ == samples) {
      std::copy_n(ahead_.begin(), samples, out.begin());
    } else {
      decode_adpcm(payload, out);
    }
    concealment_.hear(out.first(samples));
    return samples;
  }
  size_t conceal(std::span<int16_t> out) override {
    concealment_.fill(out);
    return out.size();
  }
  size_t recover(std::span<const std::byte> successor, std::span<int16_t> out,
                 size_t rest) override {
    const size_t samples = samples_in(successor);
    // Decoded once and in order: what is still to come before it would find another state.
    if (samples == 0 || rest > 0) return conceal(out);
    decode_adpcm(successor, ahead_);
    ahead_of_ = successor.data();
    ahead_samples_ = samples;
    concealment_.bridge(out, std::span(ahead_).first(samples));
    return out.size();
  }
  size_t samples_in(std::span<const std::byte> payload) const override {
    return payload.size() <= kMostBytes ? payload.size() * samples_a_byte(rate_) : 0;
  }
  void reset() override {
    g722_decode_init(state_.get(), kBitRate, options(rate_));
    concealment_.reset();
    ahead_of_ = nullptr;
  }

 private:
  void decode_adpcm(std::span<const std::byte> payload, std::span<int16_t> out) {
    g722_decode(state_.get(), out.data(), reinterpret_cast<const uint8_t*>(payload.data()),
                static_cast<int>(payload.size()));
  }

  const uint32_t rate_;
  const std::unique_ptr<g722_decode_state_t, G722DecoderDeleter> state_;
  PitchConcealment concealment_;
  // The successor of a lost packet: ADPCM is decoded once, and it is heard next.
  std::array<int16_t, kMaxFrameSamples> ahead_{};
  const std::byte* ahead_of_ = nullptr;
  size_t ahead_samples_ = 0;
};

// The smallest steps up and down in turn, nothing above: from whatever came before, a decoder is
// within a bit of zero after 60 ms. No single code is as quiet, nor is what an encoder says of
// zeros.
constexpr std::array<std::byte, 2> kSilence{std::byte{0xfb}, std::byte{0xfd}};

}  // namespace

size_t g722_silence(std::span<std::byte> payload) {
  for (size_t i = 0; i < payload.size(); ++i) payload[i] = kSilence[i % kSilence.size()];
  return payload.size();
}

std::unique_ptr<AudioEncoder> make_g722_encoder(uint32_t rate) {
  auto encoder = std::make_unique<G722Encoder>(rate);
  if (!encoder->ready()) return nullptr;
  return encoder;
}

std::unique_ptr<AudioDecoder> make_g722_decoder(uint32_t rate) {
  auto decoder = std::make_unique<G722Decoder>(rate);
  if (!decoder->ready()) return nullptr;
  return decoder;
}

}  // namespace gw::media
