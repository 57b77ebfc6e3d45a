#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "media/wire/bytes.h"

namespace gw::media::wire {

enum class PacketKind { Stun, Dtls, Rtp, Rtcp, Unknown };

// RFC 7983: the first byte tells the protocol; RFC 5761 4: the second byte tells RTCP (192..223)
// from RTP. Packet path.
inline PacketKind kind_of(std::span<const std::byte> datagram) {
  if (datagram.size() < 2) return PacketKind::Unknown;
  const auto first = std::to_integer<unsigned>(datagram[0]);
  if (first <= 3) return PacketKind::Stun;
  if (first >= 20 && first <= 63) return PacketKind::Dtls;
  if (first < 128 || first > 191) return PacketKind::Unknown;
  const auto second = std::to_integer<unsigned>(datagram[1]);
  return second >= 192 && second <= 223 ? PacketKind::Rtcp : PacketKind::Rtp;
}

// Whose a packet of media is, RTP or RTCP, encrypted or not (RFC 3550 5.1, 6.4.1). Packet path.
inline std::optional<uint32_t> media_source(std::span<const std::byte> datagram) {
  const PacketKind kind = kind_of(datagram);
  if (kind != PacketKind::Rtp && kind != PacketKind::Rtcp) return std::nullopt;
  const size_t at = kind == PacketKind::Rtp ? 8 : 4;
  if (datagram.size() < at + 4) return std::nullopt;
  return get32(&datagram[at]);
}

}  // namespace gw::media::wire
