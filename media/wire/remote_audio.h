#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/net.h"
#include "base/result.h"
#include "media/wire/sdes.h"
#include "media/wire/sdp.h"

namespace gw::media::wire {

enum class PeerKind {
  Phone,    // RTP/AVP, RTP/SAVP with SDES, or UDP/TLS/RTP/SAVP(F) with DTLS-SRTP, without ICE.
  Browser,  // UDP/TLS/RTP/SAVPF, ICE (we are lite), DTLS-SRTP, BUNDLE, rtcp-mux.
};

struct IceCredentials {
  std::string ufrag, pwd;
  bool operator==(const IceCredentials&) const = default;
};

// What a peer's description says of one audio stream, understood and checked: shared by offers and
// answers.
struct RemoteAudio {
  struct Format {
    Codec codec = Codec::Pcmu;
    uint8_t payload_type = 0;
    uint32_t max_playback_rate = 48000;  // Opus (RFC 7587 6.1)
    bool fec = false;                    // Opus
    bool dtx = false;                    // Opus: the peer would rather have gaps than silence.
  };
  struct Events {
    uint32_t clock_rate = 8000;
    uint8_t payload_type = 101;
  };

  bool secure = false;         // The profile is a SAVP.
  bool dtls = false;           // Its keys come by DTLS (RFC 5763).
  std::vector<Format> codecs;  // Those we know, once each, in the peer's order.
  std::vector<Events> events;
  std::optional<uint8_t> noise;  // The number of comfort noise beside 8 kHz clocks (RFC 3389).
  SocketAddress rtp, rtcp;       // Empty for browsers, and for a peer on hold by c=0.0.0.0.
  Direction direction = Direction::SendRecv;  // The peer's; c=0.0.0.0 takes its receiving away.
  bool rtcp_mux = false;
  bool voip_metrics = false;  // It wants RTCP XR of what it sends (RFC 3611).
  std::optional<uint32_t> ptime, maxptime;
  std::vector<UsableCrypto> cryptos;  // In our order of preference.
  std::vector<SdpFingerprint> fingerprints;
  std::string setup;
  std::optional<IceCredentials> ice;
  std::vector<uint32_t> ssrcs;

  // It can be encrypted.
  bool keyed() const { return dtls || !cryptos.empty(); }
  // The peer neither hears us nor wants to: a=sendonly, a=inactive, c=0.0.0.0.
  bool held() const { return !receives(direction); }
};

// NotAcceptable for what we cannot speak (transport, names in place of addresses), Protocol for
// what is broken.
Result<RemoteAudio> understand(const Sdp& sdp, const SdpMedia& m, PeerKind kind);

// The packet time to send: the peer's wish within its limit, in steps that every codec of ours can
// make.
uint32_t ptime_to_send(const RemoteAudio& remote, Codec codec, uint32_t preferred_ms);

}  // namespace gw::media::wire
