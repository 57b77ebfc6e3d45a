#include "media/codec/opus.h"

#include <opus.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace gw::media {
namespace {

constexpr unsigned kFecOffBelow = 3;  // Percent: not on and off with every report.
constexpr unsigned kMaxExpectedLoss = 30;

struct OpusEncoderDeleter {
  void operator()(OpusEncoder* e) const { opus_encoder_destroy(e); }
};
struct OpusDecoderDeleter {
  void operator()(OpusDecoder* d) const { opus_decoder_destroy(d); }
};

const unsigned char* bytes(std::span<const std::byte> payload) {
  return reinterpret_cast<const unsigned char*>(payload.data());
}

// RFC 6716 2.1.4: 2.5, 5, 10, 20, 40 and 60 ms.
bool is_frame(size_t samples, uint32_t rate) {
  const size_t shortest = rate / 400;
  if (samples % shortest != 0) return false;
  const size_t units = samples / shortest;
  return units == 24 || (units <= 16 && std::has_single_bit(units));
}

class OpusAudioEncoder final : public AudioEncoder {
 public:
  OpusAudioEncoder(uint32_t rate, const OpusSettings& settings)
      : rate_(rate),
        encoder_(
            opus_encoder_create(static_cast<opus_int32>(rate), 1, OPUS_APPLICATION_VOIP, nullptr)),
        settings_(settings) {
    if (!encoder_) return;
    opus_encoder_ctl(encoder_.get(), OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
    opus_encoder_ctl(encoder_.get(), OPUS_SET_DTX(settings.dtx ? 1 : 0));
    set_complexity(settings.complexity);
    set_fec(settings.fec, kFecFromLoss);
  }
  bool ready() const { return encoder_ != nullptr; }

  Codec codec() const override { return Codec::Opus; }
  uint32_t rate() const override { return rate_; }

  size_t encode(std::span<const int16_t> pcm, std::span<std::byte> out) override {
    if (!is_frame(pcm.size(), rate_)) return 0;
    const auto room = static_cast<opus_int32>(std::min(out.size(), kMaxEncodedFrame));
    const int size = opus_encode(encoder_.get(), pcm.data(), static_cast<int>(pcm.size()),
                                 reinterpret_cast<unsigned char*>(out.data()), room);
    return size > 0 ? static_cast<size_t>(size) : 0;
  }

  void set_expected_loss(unsigned percent) override {
    const bool wanted = settings_.fec || percent >= (fec_ ? kFecOffBelow : kFecFromLoss);
    set_fec(wanted, std::max(percent, settings_.fec ? kFecFromLoss : 0));
  }
  void set_complexity(int complexity) override {
    settings_.complexity = complexity;
    opus_encoder_ctl(encoder_.get(), OPUS_SET_COMPLEXITY(std::clamp(complexity, 0, 10)));
  }
  void reset() override { opus_encoder_ctl(encoder_.get(), OPUS_RESET_STATE); }

  bool interchangeable(const AudioEncoder& other) const override {
    const auto* opus = dynamic_cast<const OpusAudioEncoder*>(&other);
    return opus != nullptr && opus->rate_ == rate_ && opus->settings_ == settings_ &&
           opus->fec_ == fec_ && opus->told_loss_ == told_loss_;
  }
  // opus.h: "The encoder state is always continuous in memory and only a shallow copy is sufficient
  // to copy it (e.g. memcpy())".
  void continue_from(const AudioEncoder& other) override {
    const auto& opus = dynamic_cast<const OpusAudioEncoder&>(other);
    std::memcpy(encoder_.get(), opus.encoder_.get(), static_cast<size_t>(opus_encoder_get_size(1)));
  }

 private:
  // The size of the redundant copy follows the loss that the encoder is told, and it has a third
  // more bits for it: taken from the speech's own, they would cost more sound than it saves at 5 %.
  void set_fec(bool on, unsigned loss) {
    fec_ = on;
    told_loss_ = on ? static_cast<int>(std::min(loss, kMaxExpectedLoss)) : 0;
    const int bitrate = std::clamp(settings_.bitrate, 6000, 128000);
    opus_encoder_ctl(encoder_.get(), OPUS_SET_BITRATE(on ? bitrate + bitrate / 3 : bitrate));
    opus_encoder_ctl(encoder_.get(), OPUS_SET_INBAND_FEC(on ? 1 : 0));
    opus_encoder_ctl(encoder_.get(), OPUS_SET_PACKET_LOSS_PERC(told_loss_));
  }

  const uint32_t rate_;
  const std::unique_ptr<OpusEncoder, OpusEncoderDeleter> encoder_;
  OpusSettings settings_;
  bool fec_ = false;
  int told_loss_ = 0;
};

class OpusAudioDecoder final : public AudioDecoder {
 public:
  explicit OpusAudioDecoder(uint32_t rate)
      : rate_(rate), decoder_(opus_decoder_create(static_cast<opus_int32>(rate), 1, nullptr)) {}
  bool ready() const { return decoder_ != nullptr; }

  Codec codec() const override { return Codec::Opus; }
  uint32_t rate() const override { return rate_; }

  size_t decode(std::span<const std::byte> payload, std::span<int16_t> out) override {
    // An empty payload would mean "conceal" to libopus.
    if (const size_t samples = samples_in(payload); samples == 0 || samples > out.size()) return 0;
    const int n =
        opus_decode(decoder_.get(), bytes(payload), static_cast<opus_int32>(payload.size()),
                    out.data(), static_cast<int>(out.size()), 0);
    return n > 0 ? static_cast<size_t>(n) : 0;
  }

  size_t conceal(std::span<int16_t> out) override {
    const size_t whole = whole_units(out);
    const int n = whole == 0 ? 0
                             : opus_decode(decoder_.get(), nullptr, 0, out.data(),
                                           static_cast<int>(whole), 0);
    std::fill(out.begin() + std::max(n, 0), out.end(), int16_t{0});
    return out.size();
  }

  size_t recover(std::span<const std::byte> successor, std::span<int16_t> out,
                 size_t rest) override {
    const size_t whole = whole_units(out);
    if (rest > 0 || !opus_has_fec(successor) || whole == 0) return conceal(out);
    const int n =
        opus_decode(decoder_.get(), bytes(successor), static_cast<opus_int32>(successor.size()),
                    out.data(), static_cast<int>(whole), 1);
    if (n <= 0) return conceal(out);
    std::fill(out.begin() + n, out.end(), int16_t{0});
    return out.size();
  }

  size_t samples_in(std::span<const std::byte> payload) const override {
    return opus_samples(payload, rate_);
  }
  bool restores(std::span<const std::byte> payload) const override { return opus_has_fec(payload); }
  void reset() override { opus_decoder_ctl(decoder_.get(), OPUS_RESET_STATE); }

 private:
  // libopus conceals in steps of 2.5 ms, at most 120 ms at once.
  size_t whole_units(std::span<int16_t> out) const {
    const size_t unit = rate_ / 400;
    return std::min(out.size(), samples_for(kMaxFrame, rate_)) / unit * unit;
  }

  const uint32_t rate_;
  const std::unique_ptr<OpusDecoder, OpusDecoderDeleter> decoder_;
};

}  // namespace

std::unique_ptr<AudioEncoder> make_opus_encoder(uint32_t rate, const OpusSettings& settings) {
  auto encoder = std::make_unique<OpusAudioEncoder>(rate, settings);
  if (!encoder->ready()) return nullptr;
  return encoder;
}

std::unique_ptr<AudioDecoder> make_opus_decoder(uint32_t rate) {
  auto decoder = std::make_unique<OpusAudioDecoder>(rate);
  if (!decoder->ready()) return nullptr;
  return decoder;
}

size_t opus_samples(std::span<const std::byte> payload, uint32_t rate) {
  if (payload.empty()) return 0;
  const int n = opus_packet_get_nb_samples(bytes(payload), static_cast<opus_int32>(payload.size()),
                                           static_cast<opus_int32>(rate));
  return n > 0 && static_cast<size_t>(n) <= samples_for(kMaxFrame, rate) ? static_cast<size_t>(n)
                                                                         : 0;
}

// RFC 6716 4.2.3: a SILK frame begins with a voice flag for each of its parts, then says whether
// redundancy follows; with two channels both do so.
bool opus_has_fec(std::span<const std::byte> payload) {
  if (opus_samples(payload, 8000) == 0) return false;
  const auto* const packet = bytes(payload);
  const bool celt_only = (packet[0] & 0x80) != 0;
  if (celt_only) return false;
  std::array<const unsigned char*, 48> frames{};
  std::array<opus_int16, 48> sizes{};
  const int count = opus_packet_parse(packet, static_cast<opus_int32>(payload.size()), nullptr,
                                      frames.data(), sizes.data(), nullptr);
  if (count <= 0 || sizes[0] == 0) return false;
  const int parts = std::max(1, opus_packet_get_samples_per_frame(packet, 8000) / 160);
  const unsigned char flags = frames[0][0];
  if ((flags >> (7 - parts) & 1) != 0) return true;
  return opus_packet_get_nb_channels(packet) == 2 && (flags >> (6 - 2 * parts) & 1) != 0;
}

}  // namespace gw::media
