#pragma once

#include <array>
#include <memory>
#include <vector>

#include "media/transport/packet.h"
#include "media/transport/replay_window.h"
#include "media/transport/srtp_cipher.h"
#include "media/wire/sdes.h"

namespace gw::media {

// The keys of one stream, both ways (SDES or DTLS-SRTP).
struct SrtpKeys {
  wire::SrtpSuite suite = wire::SrtpSuite::AeadAes128Gcm;
  wire::SrtpMaster send;     // Ours.
  wire::SrtpMaster receive;  // Theirs.
};

enum class SrtpVerdict {
  Ok,
  Resynchronized,  // Ok too: the sender's rollover counter was found to be ahead of ours.
  NotAuthentic,
  Replayed,
  Refused,
};
constexpr bool passed(SrtpVerdict v) {
  return v == SrtpVerdict::Ok || v == SrtpVerdict::Resynchronized;
}

// SRTP and SRTCP of one stream (RFC 3711, 7714), in place: packet indices, rollover, replay; the
// arithmetic is an SrtpCipher's. On OpenSSL: Debian's libsrtp runs on NSS, which costs three to
// eight times as much and allocates four times a packet. Owned by a transport; one thread. No
// allocation after create(), but for a peer that changes its SSRC again and again.
class SrtpSession {
 public:
  // A browser or phone uses one, a few after transfers; more is an attack or a loop.
  static constexpr size_t kMaxSsrcs = 32;
  static constexpr size_t kReplayWindow = 256;  // Packets: 5 s of reordering.
  static constexpr size_t kRtcpReplayWindow = 64;
  // A sender goes on while its packets are lost, or are dropped on hold, and 11 minutes later the
  // nearest index is the wrong one (RFC 3711 3.3.1); so it is when the rollover counter outlives a
  // new key. A packet that does not fit is tried once more, this or that many turns ahead: one try
  // a packet, all turns within as many packets. 8 turns are 3 hours of 20 ms.
  static constexpr int64_t kMaxTurnsAhead = 8;

  ~SrtpSession();
  // Null when the keys do not fit the suite.
  static std::unique_ptr<SrtpSession> create(const SrtpKeys& keys);
  // New keys of a re-INVITE. A direction whose key is the same goes on as it is: its rollover
  // counter and window must not begin again (RFC 3711 3.2.3; with GCM an IV that comes twice gives
  // the key away). False, and nothing changed, when the keys do not fit.
  bool rekey(const SrtpKeys& keys);

  // Something of the peer's was authentic under the keys in force.
  bool heard() const { return !sources_.empty(); }

  // Packet path, all four. False: the packet is no RTP, has no room for the tag, or its number was
  // used before.
  bool protect_rtp(Packet& packet);
  bool protect_rtcp(Packet& packet);
  SrtpVerdict unprotect_rtp(Packet& packet);
  SrtpVerdict unprotect_rtcp(Packet& packet);

 private:
  struct Source {
    uint32_t ssrc = 0;
    ReplayWindow<kReplayWindow> rtp;
    ReplayWindow<kRtcpReplayWindow> rtcp;
  };

  SrtpSession() = default;
  Source* find(uint32_t ssrc);
  // Of an authentic packet: room was checked before.
  Source& remember(Source* known, uint32_t ssrc);

  SrtpKeys keys_;
  std::unique_ptr<SrtpCipher> rtp_out_, rtp_in_, rtcp_out_, rtcp_in_;
  std::vector<Source> sources_;  // Room for the usual few; grows once or twice for the others.
  int64_t turns_ahead_ = 1;      // To try next.

  // Ours: one SSRC for as long as the keys live.
  uint32_t out_ssrc_ = 0;
  ReplayWindow<kReplayWindow> out_;  // An IV must never come twice under one key.
  uint32_t out_rtcp_index_ = 0;
};

}  // namespace gw::media
