#pragma once

#include <cstddef>
#include <span>

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

}  // namespace gw::media::wire
