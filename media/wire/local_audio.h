#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/net.h"
#include "media/media_types.h"
#include "media/wire/remote_audio.h"
#include "media/wire/sdes.h"
#include "media/wire/sdp.h"

namespace gw::media::wire {

// What our side is. The addresses are those that SDP shows.
struct LocalStream {
  PeerKind kind = PeerKind::Phone;
  std::vector<Codec> codecs;          // In our order of preference.
  SocketAddress rtp;                  // For a browser: the worker's WebRTC port.
  uint16_t rtcp_port = 0;             // 0 = RTP's + 1.
  SrtpPolicy srtp = SrtpPolicy::Off;  // Phones.
  bool offer_crypto = false;          // Phones signalled over TLS.
  bool events = true;                 // telephone-event (RFC 4733) is negotiated.
  uint32_t ptime_ms = 20;
  std::vector<SocketAddress> candidates;      // Browsers: beside `rtp`, e.g. the IPv6 address.
  std::vector<SocketAddress> tcp_candidates;  // Browsers: where we listen for those without UDP.
  IceCredentials ice;
  SdpFingerprint fingerprint;  // Of our certificate.
  uint32_t ssrc = 0;           // Of what we send; for a=ssrc.
  std::string cname;
  uint32_t opus_rate = 8000;  // See OfferAnswer::set_opus_rate.
};

// The payload numbers of one session. RFC 3264 8.3.2: a number keeps its meaning as long as the
// session lasts.
class PayloadNumbers {
 public:
  uint8_t of(Codec codec) { return of(static_cast<size_t>(codec)); }
  uint8_t of_events(uint32_t clock_rate) { return of(events_at(clock_rate)); }
  // The peer offers: its numbers become ours.
  void adopt(const RemoteAudio& offer);

 private:
  static constexpr size_t events_at(uint32_t clock_rate) {
    return clock_rate == 8000 ? kCodecs : kCodecs + 1;
  }
  uint8_t of(size_t format);
  bool taken(uint8_t number) const;
  void set(size_t format, uint8_t number);

  std::array<std::optional<uint8_t>, kCodecs + 2>
      numbers_;  // By codec, then events at 8 and 48 kHz.
};

struct LocalCrypto {
  uint32_t tag = 1;
  SrtpSuite suite = SrtpSuite::AesCm128HmacSha1_80;
  SrtpMaster master;
};

// What our side says of the audio in one offer or answer.
struct LocalAudio {
  struct Format {
    Codec codec = Codec::Pcmu;
    uint8_t payload_type = 0;
  };

  std::string protocol = "RTP/AVP";
  std::vector<Format> codecs;
  std::vector<RemoteAudio::Events> events;
  std::optional<uint8_t> noise;  // Comfort noise, when the peer offered it.
  Direction direction = Direction::SendRecv;
  uint32_t ptime_ms = 20;
  bool rtcp_mux = false;
  bool voip_metrics = false;
  std::vector<LocalCrypto> cryptos;
  std::string setup;  // RFC 4145, with our fingerprint beside it: phones with DTLS. Empty = none.
  std::string mid;
};

SdpMedia section(const LocalStream& local, const LocalAudio& audio);
SdpConnection connection_to(const SocketAddress& address);

}  // namespace gw::media::wire
