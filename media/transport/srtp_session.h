#pragma once

#include <memory>

#include "media/transport/packet.h"
#include "media/wire/sdes.h"

namespace gw::media {

// The keys of one stream, both ways (SDES or DTLS-SRTP).
struct SrtpKeys {
  wire::SrtpSuite suite = wire::SrtpSuite::AeadAes128Gcm;
  wire::SrtpMaster send;     // Ours.
  wire::SrtpMaster receive;  // Theirs.
};

enum class SrtpVerdict { Ok, NotAuthentic, Replayed, Refused };

// SRTP and SRTCP of one stream (RFC 3711, 7714), in place. Owned by a transport; one thread. The
// seam behind which the arithmetic lives: the packet path never sees which library does it.
class SrtpSession {
 public:
  // A browser or phone uses one, a few after transfers; more is an attack or a loop.
  static constexpr size_t kMaxSsrcs = 32;
  static constexpr unsigned kReplayWindow = 1024;

  // Null when the keys do not fit the suite.
  static std::unique_ptr<SrtpSession> create(const SrtpKeys& keys);
  virtual ~SrtpSession() = default;

  virtual bool protect_rtp(Packet& packet) = 0;  // Packet path, all four.
  virtual bool protect_rtcp(Packet& packet) = 0;
  virtual SrtpVerdict unprotect_rtp(Packet& packet) = 0;
  virtual SrtpVerdict unprotect_rtcp(Packet& packet) = 0;
};

}  // namespace gw::media
