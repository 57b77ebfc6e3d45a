#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "acs/streaming/pcm_base64.h"
#include "acs/streaming/stream_frame.h"

using namespace gw::acs::streaming;

// What one side of a media stream may send to the other; what is understood is written and read
// again.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto frame = parse_frame(text);
  if (frame) {
    if (const auto* audio = std::get_if<AudioData>(&*frame)) {
      const auto again = parse_frame(write_client_audio(audio->pcm, audio->silent));
      if (!again) std::abort();
      const auto* same = std::get_if<AudioData>(&*again);
      if (!same || same->pcm != audio->pcm || same->silent != audio->silent) std::abort();
      const auto service = parse_frame(
          write_service_audio({audio->pcm, audio->participant, audio->timestamp, audio->silent}));
      if (!service || !std::get_if<AudioData>(&*service)) std::abort();
    }
    if (const auto* key = std::get_if<DtmfData>(&*frame)) {
      const auto again = parse_frame(write_dtmf(key->key, key->participant, ""));
      if (!again || std::get<DtmfData>(*again).key != key->key) std::abort();
    }
    if (const auto* metadata = std::get_if<AudioMetadata>(&*frame)) {
      if (!parse_frame(write_metadata(*metadata))) std::abort();
    }
  }
  if (const auto pcm = decode_pcm(text)) {
    std::string out;
    append_pcm(out, *pcm);
    if (decode_pcm(out) != pcm) std::abort();
  }
  return 0;
}
