#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/net.h"
#include "base/random.h"
#include "base/result.h"
#include "media/media_types.h"
#include "media/wire/sdes.h"
#include "media/wire/sdp.h"

namespace gw::media::wire {

// One codec of the stream with both payload numbers: theirs (in the packets we send) and ours (in
// what we receive).
struct NegotiatedCodec {
  Codec codec = Codec::Pcmu;
  uint8_t send_payload_type = 0;
  uint8_t receive_payload_type = 0;
  // Opus only: what the peer's a=fmtp asks of our encoder.
  uint32_t max_playback_rate = 48000;
  bool fec = false;
};

struct NegotiatedEvents {  // telephone-event
  uint32_t clock_rate = 8000;
  uint8_t send_payload_type = 101;
  uint8_t receive_payload_type = 101;
};

enum class DtlsSetup { Passive, Active };  // Ours.

struct RemoteDtls {
  std::vector<SdpFingerprint> fingerprints;
  DtlsSetup our_setup = DtlsSetup::Passive;
};

struct IceCredentials {
  std::string ufrag, pwd;
  bool operator==(const IceCredentials&) const = default;
};

// What a finished negotiation means for the packets: all that a media port needs to know, and
// nothing of SDP.
struct StreamParameters {
  SocketAddress remote_rtp,
      remote_rtcp;                      // Empty for a browser whose c= is a placeholder: ICE tells.
  std::vector<NegotiatedCodec> codecs;  // The first is the one we send; any may arrive.
  std::vector<NegotiatedEvents>
      events;             // The first fits the clock of the codec we send, if there is such a one.
  Duration ptime = 20ms;  // What we send: the peer's a=ptime, within its a=maxptime.
  Direction direction = Direction::SendRecv;  // Ours.
  bool remote_held = false;                   // a=sendonly, a=inactive or c=0.0.0.0 from the peer.
  bool rtcp_mux = false;
  std::optional<SdesPair> sdes;
  std::optional<RemoteDtls> dtls;
  std::optional<IceCredentials> remote_ice;
  bool ice_restart = false;            // The peer's ICE credentials changed with this negotiation.
  std::vector<uint32_t> remote_ssrcs;  // What the peer announced, if it did.
};

// What both sides could do, if we mirror the offer.
struct OfferSummary {
  std::vector<Codec> codecs;                  // Usable by both, in the peer's order.
  Direction direction = Direction::SendRecv;  // Ours.
  bool held = false;
  bool ice_restart = false;  // Give new credentials by set_local_ice() before make_answer().
};

enum class PeerKind {
  Phone,    // RTP/AVP or RTP/SAVP with SDES.
  Browser,  // UDP/TLS/RTP/SAVPF, ICE (we are lite), DTLS-SRTP, BUNDLE, rtcp-mux.
};

// What our side is. The addresses are those that SDP shows.
struct LocalStream {
  PeerKind kind = PeerKind::Phone;
  std::vector<Codec> codecs;          // In our order of preference.
  SocketAddress rtp;                  // For a browser: the worker's WebRTC port.
  uint16_t rtcp_port = 0;             // 0 = RTP's + 1.
  SrtpPolicy srtp = SrtpPolicy::Off;  // Phones.
  bool offer_crypto = false;          // Phones signalled over TLS.
  uint32_t ptime_ms = 20;
  std::vector<SocketAddress> candidates;  // Browsers: beside `rtp`, e.g. the IPv6 address.
  IceCredentials ice;
  SdpFingerprint fingerprint;  // Of our certificate.
  uint32_t ssrc = 0;           // Of what we send; for a=ssrc.
  std::string cname;
};

// The offer/answer state of one audio stream of one leg (RFC 3264, 8829, 6337). Pure: text in,
// values out. Owned by the engine's side of a MediaPort; signalling thread. A refused step changes
// nothing.
class OfferAnswer {
 public:
  enum class State { Idle, OfferSent, OfferReceived };

  OfferAnswer(LocalStream local, Random& random);

  // `codecs_first` go ahead of our order. Also for re-INVITE.
  Result<std::string> make_offer(Direction direction, const std::vector<Codec>& codecs_first = {});
  Result<StreamParameters> accept_answer(std::string_view sdp);

  Result<OfferSummary> accept_offer(std::string_view sdp);
  // The peer's order of codecs decides, after `codecs_first`; the direction is cut to what the
  // offer allows.
  Result<std::string> make_answer(Direction direction, const std::vector<Codec>& codecs_first = {});

  // Takes back an offer of either side that was refused. The last negotiated state stays in force.
  void rollback();

  State state() const { return state_; }
  // In force; null before the first negotiation.
  const StreamParameters* negotiated() const { return negotiated_ ? &*negotiated_ : nullptr; }

  // While an offer of ours is out (a phone may send before its answer arrives): what it said of our
  // payload numbers and keys.
  void set_local_ice(IceCredentials ice) { local_.ice = std::move(ice); }
  void set_local_address(const SocketAddress& rtp) {
    local_.rtp = rtp;
  }  // Before the next offer or answer.
  // Browsers: the other leg is G.711, so ask for narrowband Opus (the decoder's cost falls by two
  // thirds).
  void set_narrowband(bool narrowband) { narrowband_ = narrowband; }
  const LocalStream& local() const { return local_; }

 private:
  LocalStream local_;
  Random& random_;
  State state_ = State::Idle;
  bool narrowband_ = true;
  std::optional<StreamParameters> negotiated_;
};

}  // namespace gw::media::wire
