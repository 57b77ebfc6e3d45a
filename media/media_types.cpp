#include "media/media_types.h"

#include <strings.h>

#include "base/assert.h"
#include "base/text.h"

namespace gw::media {

std::string_view to_string(Codec codec) {
  switch (codec) {
    case Codec::Pcmu: return "PCMU";
    case Codec::Pcma: return "PCMA";
    case Codec::G722: return "G722";
    case Codec::Opus: return "opus";
  }
  GW_ASSERT(false);
}

std::optional<Codec> codec_named(std::string_view name) {
  for (const Codec codec : {Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Opus}) {
    const std::string_view known = to_string(codec);
    if (same_letters(name, known)) {
      return codec;
    }
  }
  return std::nullopt;
}

std::string_view to_string(SrtpPolicy policy) {
  switch (policy) {
    case SrtpPolicy::Off: return "off";
    case SrtpPolicy::Offered: return "offered";
    case SrtpPolicy::Required: return "required";
  }
  GW_ASSERT(false);
}

std::string_view to_string(DtmfMode mode) {
  switch (mode) {
    case DtmfMode::Auto: return "auto";
    case DtmfMode::Rfc4733: return "rfc4733";
    case DtmfMode::Info: return "info";
    case DtmfMode::Inband: return "inband";
  }
  GW_ASSERT(false);
}

std::string_view to_string(Direction direction) {
  switch (direction) {
    case Direction::SendRecv: return "sendrecv";
    case Direction::SendOnly: return "sendonly";
    case Direction::RecvOnly: return "recvonly";
    case Direction::Inactive: return "inactive";
  }
  GW_ASSERT(false);
}

}  // namespace gw::media
