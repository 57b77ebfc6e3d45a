#include "media/codec/codec.h"

#include "base/assert.h"
#include "media/codec/g711.h"
#include "media/codec/opus.h"

namespace gw::media {

const CodecDescriptor& descriptor(Codec codec) {
  static constexpr CodecDescriptor kPcmu{Codec::Pcmu, "PCMU", 8000, 1, 0, 0};
  static constexpr CodecDescriptor kPcma{Codec::Pcma, "PCMA", 8000, 1, 8, 8};
  static constexpr CodecDescriptor kOpus{Codec::Opus, "opus", 48000, 2, std::nullopt, 111};
  switch (codec) {
    case Codec::Pcmu: return kPcmu;
    case Codec::Pcma: return kPcma;
    case Codec::Opus: return kOpus;
  }
  GW_ASSERT(false);
}

std::unique_ptr<AudioEncoder> make_encoder(Codec codec, const OpusSettings& opus) {
  switch (codec) {
    case Codec::Pcmu: return make_g711_encoder(Law::Mu);
    case Codec::Pcma: return make_g711_encoder(Law::A);
    case Codec::Opus: return make_opus_encoder(opus);
  }
  GW_ASSERT(false);
}

std::unique_ptr<AudioDecoder> make_decoder(Codec codec) {
  switch (codec) {
    case Codec::Pcmu: return make_g711_decoder(Law::Mu);
    case Codec::Pcma: return make_g711_decoder(Law::A);
    case Codec::Opus: return make_opus_decoder();
  }
  GW_ASSERT(false);
}

}  // namespace gw::media
