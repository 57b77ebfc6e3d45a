#include "media/codec/codec.h"

#include "base/assert.h"
#include "media/codec/doubled_rate.h"
#include "media/codec/g711.h"
#include "media/codec/g722.h"
#include "media/codec/opus.h"

namespace gw::media {
namespace {

// G.711 is narrowband by nature.
std::unique_ptr<AudioEncoder> g711_encoder(Law law, uint32_t rate) {
  auto narrow = make_g711_encoder(law);
  return rate == kNarrowband ? std::move(narrow) : at_doubled_rate(std::move(narrow));
}

std::unique_ptr<AudioDecoder> g711_decoder(Law law, uint32_t rate) {
  auto narrow = make_g711_decoder(law);
  return rate == kNarrowband ? std::move(narrow) : at_doubled_rate(std::move(narrow));
}

}  // namespace

const CodecDescriptor& descriptor(Codec codec) {
  static constexpr CodecDescriptor kPcmu{Codec::Pcmu, "PCMU", 8000, 1, 0, 0};
  static constexpr CodecDescriptor kPcma{Codec::Pcma, "PCMA", 8000, 1, 8, 8};
  static constexpr CodecDescriptor kG722{Codec::G722, "G722", 8000, 1, 9, 9};
  static constexpr CodecDescriptor kOpus{Codec::Opus, "opus", 48000, 2, std::nullopt, 111};
  switch (codec) {
    case Codec::Pcmu: return kPcmu;
    case Codec::Pcma: return kPcma;
    case Codec::G722: return kG722;
    case Codec::Opus: return kOpus;
  }
  GW_ASSERT(false);
}

std::unique_ptr<AudioEncoder> make_encoder(Codec codec, uint32_t rate, const OpusSettings& opus) {
  GW_ASSERT(rate == kNarrowband || rate == kWideband);
  switch (codec) {
    case Codec::Pcmu: return g711_encoder(Law::Mu, rate);
    case Codec::Pcma: return g711_encoder(Law::A, rate);
    case Codec::G722: return make_g722_encoder(rate);
    case Codec::Opus: return make_opus_encoder(rate, opus);
  }
  GW_ASSERT(false);
}

std::unique_ptr<AudioDecoder> make_decoder(Codec codec, uint32_t rate) {
  GW_ASSERT(rate == kNarrowband || rate == kWideband);
  switch (codec) {
    case Codec::Pcmu: return g711_decoder(Law::Mu, rate);
    case Codec::Pcma: return g711_decoder(Law::A, rate);
    case Codec::G722: return make_g722_decoder(rate);
    case Codec::Opus: return make_opus_decoder(rate);
  }
  GW_ASSERT(false);
}

}  // namespace gw::media
