#include "tests/sound/ends.h"

#include <opus.h>

#include <algorithm>
#include <array>
#include <memory>

#include "media/codec/g711.h"
#include "media/codec/opus.h"
#include "tests/sound/score.h"

namespace gw::sound {
namespace {

constexpr size_t kFrame = kRate / 50;

struct OpusDelete {
  void operator()(OpusEncoder* e) const { opus_encoder_destroy(e); }
  void operator()(OpusDecoder* d) const { opus_decoder_destroy(d); }
};

}  // namespace

std::vector<Payload> said_by_browser(std::span<const int16_t> pcm, double loss) {
  const std::unique_ptr<OpusEncoder, OpusDelete> encoder(
      opus_encoder_create(kRate, 1, OPUS_APPLICATION_VOIP, nullptr));
  opus_encoder_ctl(encoder.get(), OPUS_SET_BITRATE(media::kWishedBitrate));
  opus_encoder_ctl(encoder.get(), OPUS_SET_INBAND_FEC(1));
  opus_encoder_ctl(encoder.get(), OPUS_SET_PACKET_LOSS_PERC(static_cast<int>(loss * 100)));
  std::vector<Payload> packets;
  for (size_t at = 0; at + kFrame <= pcm.size(); at += kFrame) {
    Payload payload(1276);
    const int size = opus_encode(encoder.get(), &pcm[at], kFrame,
                                 reinterpret_cast<unsigned char*>(payload.data()),
                                 static_cast<opus_int32>(payload.size()));
    payload.resize(static_cast<size_t>(std::max(size, 0)));
    packets.push_back(std::move(payload));
  }
  return packets;
}

std::vector<Payload> said_by_phone(std::span<const int16_t> pcm) {
  std::vector<Payload> packets;
  for (size_t at = 0; at + kFrame <= pcm.size(); at += kFrame) {
    Payload payload(kFrame);
    media::g711_encode(media::Law::Mu, pcm.subspan(at, kFrame), payload);
    packets.push_back(std::move(payload));
  }
  return packets;
}

std::vector<int16_t> heard_by_phone(const std::vector<Piece>& pieces) {
  std::vector<int16_t> pcm;
  for (const Piece& piece : pieces) {
    pcm.resize(std::max(pcm.size(), piece.at + piece.payload.size()));
    media::g711_decode(media::Law::Mu, piece.payload,
                       std::span(pcm).subspan(piece.at, piece.payload.size()));
  }
  return pcm;
}

std::vector<int16_t> heard_by_browser(const std::vector<Piece>& pieces) {
  const std::unique_ptr<OpusDecoder, OpusDelete> decoder(opus_decoder_create(kRate, 1, nullptr));
  std::vector<int16_t> pcm;
  std::array<int16_t, kRate * 120 / 1000> frame;
  const auto decode = [&](const Payload* payload, size_t samples, bool fec) {
    const int n = opus_decode(
        decoder.get(), payload ? reinterpret_cast<const unsigned char*>(payload->data()) : nullptr,
        payload ? static_cast<opus_int32>(payload->size()) : 0, frame.data(),
        static_cast<int>(samples), fec ? 1 : 0);
    pcm.insert(pcm.end(), frame.begin(), frame.begin() + std::max(n, 0));
  };
  for (const Piece& piece : pieces) {
    while (piece.at >= pcm.size() + 2 * kFrame) decode(nullptr, kFrame, false);
    if (piece.at >= pcm.size() + kFrame) decode(&piece.payload, kFrame, true);
    decode(&piece.payload, frame.size(), false);
  }
  return pcm;
}

}  // namespace gw::sound
