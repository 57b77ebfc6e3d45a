#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/net.h"
#include "base/random.h"
#include "base/result.h"
#include "media/media_types.h"
#include "media/wire/local_audio.h"
#include "media/wire/remote_audio.h"
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
  bool dtx = false;
};

struct NegotiatedNoise {  // CN beside G.711 and G.722 (RFC 3389)
  uint8_t send_payload_type = 13;
  uint8_t receive_payload_type = 13;
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

// What a finished negotiation means for the packets: all that a media port needs to know, and
// nothing of SDP.
struct StreamParameters {
  // Empty for a browser (ICE tells) and for a peer held by c=0.0.0.0.
  SocketAddress remote_rtp, remote_rtcp;
  std::vector<NegotiatedCodec> codecs;   // The first is the one we send; any may arrive.
  std::vector<NegotiatedEvents> events;  // First the one on the clock of the codec we send.
  std::optional<NegotiatedNoise> noise;
  Duration ptime = 20ms;  // What we send: the peer's a=ptime, within its a=maxptime.
  Direction direction = Direction::SendRecv;  // Ours.
  bool remote_held = false;                   // a=sendonly, a=inactive or c=0.0.0.0 from the peer.
  bool rtcp_mux = false;
  bool voip_metrics = false;  // RTCP XR is wanted (RFC 3611 5).
  std::optional<SdesPair> sdes;
  std::optional<RemoteDtls> dtls;  // Browsers; phones that offer UDP/TLS/RTP/SAVP(F).
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

// The offer/answer state of one audio stream of one leg (RFC 3264, 6337, 8829). Pure: text in,
// values out. Owned by the engine's side of a MediaPort; signalling thread. A refused step changes
// nothing.
class OfferAnswer {
 public:
  enum class State { Idle, OfferSent, OfferReceived };

  OfferAnswer(LocalStream local, Random& random);

  // To phones. `codecs_first` go ahead of our order; in a re-INVITE without them, the codec in use
  // does.
  Result<std::string> make_offer(Direction direction, const std::vector<Codec>& codecs_first = {});
  // Again for the same offer too, as long as nothing newer was negotiated: a 200 after a 183,
  // another fork's answer.
  Result<StreamParameters> accept_answer(std::string_view sdp);

  Result<OfferSummary> accept_offer(std::string_view sdp);
  // One codec is answered: of `codecs_first`, else the one in use, else in our order. The direction
  // is cut to what the offer allows.
  Result<std::string> make_answer(Direction direction, const std::vector<Codec>& codecs_first = {});

  // Takes back an offer of either side that was refused. The last negotiated state stays in force.
  void rollback();

  State state() const { return state_; }
  // In force; null before the first negotiation.
  const StreamParameters* negotiated() const { return negotiated_ ? &*negotiated_ : nullptr; }

  // These hold from the next offer or answer on.
  void set_local_ice(IceCredentials ice) { local_.ice = std::move(ice); }
  void set_local_address(const SocketAddress& rtp) { local_.rtp = rtp; }
  // What the other leg can hear, in Hz: what we ask of the peer's Opus, and say of ours (RFC 7587
  // 6.1). 48000 asks nothing. At first 8000: decoding costs a third of what fullband does.
  void set_opus_rate(uint32_t rate) { local_.opus_rate = rate; }
  const LocalStream& local() const { return local_; }

 private:
  // Where the audio stands among the m-lines. RFC 3264 8: they keep their number and order for
  // good.
  struct Slot {  // As last seen.
    std::string type = "audio", protocol, mid;
    std::vector<std::string> formats;
  };
  struct Layout {
    std::vector<Slot> slots;
    size_t audio = 0;
    std::string mid;
    bool bundled = false;
  };
  struct SentOffer {
    LocalAudio audio;
    Layout layout;
  };
  struct ReceivedOffer {
    RemoteAudio audio;
    Layout layout;
    OfferSummary summary;
    PayloadNumbers numbers;
  };

  Result<std::pair<size_t, RemoteAudio>> choose_audio(const Sdp& sdp) const;
  std::vector<Codec> ordered(const std::vector<Codec>& first) const;
  LocalAudio audio_to_offer(Direction direction, const std::vector<Codec>& codecs_first);
  std::optional<LocalCrypto> answer_crypto(const RemoteAudio& remote);
  const SrtpMaster& local_master(SrtpSuite suite);
  Layout layout_of(const Sdp& sdp, size_t audio) const;
  static SdpMedia rejected(const Slot& slot);
  std::string describe(const Layout& layout, const LocalAudio& audio);
  StreamParameters parameters(const RemoteAudio& remote, const LocalAudio& local) const;

  LocalStream local_;
  Random& random_;

  State state_ = State::Idle;
  std::optional<StreamParameters> negotiated_;
  std::unique_ptr<SentOffer> sent_;          // Until something newer is negotiated.
  std::unique_ptr<ReceivedOffer> received_;  // While State::OfferReceived.
  Layout layout_;                            // In force.
  PayloadNumbers numbers_;  // RFC 3264 8.3.2: a number keeps its codec for the session.
  std::array<std::optional<SrtpMaster>, kSrtpSuites.size()>
      masters_;  // Ours; one a suite for the session.

  bool offered_mux_ = false;  // By our first offer.
  const uint64_t session_id_;
  uint64_t version_ = 0;
  std::optional<size_t> last_description_;  // A hash of it, without its version.
};

}  // namespace gw::media::wire
