#include <cstdlib>
#include <vector>

#include "media/codec/opus.h"
#include "media/wire/demux.h"
#include "media/wire/rtp.h"

using namespace gw::media;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<std::byte> datagram(reinterpret_cast<const std::byte*>(data),
                                  reinterpret_cast<const std::byte*>(data) + size);
  wire::kind_of(datagram);
  const auto packet = wire::RtpPacket::parse(datagram);
  if (!packet) return 0;
  if (packet->payload_offset + packet->payload.size() > size) std::abort();

  // What arrives may be decoded, concealed and recovered from; decoders keep state from packet to
  // packet.
  static const auto decoder = make_decoder(Codec::Opus, kNarrowband);
  std::array<int16_t, kMaxFrameSamples> pcm;
  if (packet->header.marker)
    decoder->recover(packet->payload, std::span(pcm).first(160), packet->header.sequence % 400);
  if (decoder->decode(packet->payload, pcm) > pcm.size()) std::abort();

  const auto out = wire::replace_rtp_header(datagram, *packet, packet->header);
  const auto again = wire::RtpPacket::parse(out);
  if (!again || again->payload.size() != packet->payload.size()) std::abort();
  if (again->header.sequence != packet->header.sequence) std::abort();
  return 0;
}
