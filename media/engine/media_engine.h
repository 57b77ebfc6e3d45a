#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/net.h"
#include "base/random.h"
#include "base/result.h"
#include "media/media_types.h"
#include "media/tone/clip.h"

namespace gw::media {

// An address of its own for some legs: a carrier's private side, the public edge. Ports 0 =
// MediaConfig's.
struct MediaNetwork {
  std::string name;
  SocketAddress address;
  std::string advertise;
  uint16_t port_low = 0, port_high = 0;
};

struct MediaConfig {
  SocketAddress address;  // Bound and, without `advertise`, advertised; its port is ignored.
  std::string advertise;  // 1:1 NAT: what SDP says instead.
  std::optional<SocketAddress> address6;  // A second address for IPv6 peers.
  std::vector<MediaNetwork> networks;
  std::string webrtc_network;                    // Browsers come to this one; empty = to `address`.
  uint16_t port_low = 16384, port_high = 32767;  // Phone side: random even ports.
  uint16_t webrtc_low = 40000,
           webrtc_high = 40063;  // One fixed port a worker, UDP and TCP; 0 = any free one.
  unsigned workers = 0;          // 0 = one per core.
  int dscp = 46;                 // EF.
  int opus_complexity = 5;
  int opus_bitrate = 24000;
  Duration media_timeout = 30s;  // No packet from a leg that should send.
  bool conceals = true;  // Off only to measure what concealment is worth: silence for what is lost.
};

// Who talk with each other; more is a broadcast, and wants another machine.
constexpr size_t kMaxParties = 64;

// A phone or trunk: RTP/AVP (SDES is accepted when offered and `srtp` allows).
struct PhonePortSpec {
  std::vector<Codec> codecs;  // In our order of preference.
  SrtpPolicy srtp = SrtpPolicy::Off;
  bool offer_crypto = false;       // Only on legs signalled over TLS.
  bool prefer_v6 = false;          // The peer signals over IPv6.
  std::string network;             // By whose address it is reached; empty = MediaConfig's.
  DtmfMode dtmf = DtmfMode::Auto;  // How keys come and go.
  Playout playout;  // The jitter buffer before what is sent to it, when that is transcoded.
};

// A browser: ICE-lite, DTLS-SRTP, BUNDLE, rtcp-mux. It offers, we answer.
struct BrowserPortSpec {
  std::vector<Codec> codecs;
};

// The echo user: a prompt of at most two seconds, then what it hears, within 200 ms, at unity gain.
struct EchoPortSpec {};

// A media stream: PCM frames that another thread takes and brings (PcmStream). It negotiates
// nothing; keys toward it are DigitToSend, keys of its peer come by receive_digit.
struct StreamPortSpec {
  bool says = true;      // What the call says goes to the stream ...
  bool plays = true;     // ... and what the stream says to the call.
  bool unmixed = false;  // Everyone who sounds by itself (four at most), instead of all together.
};
class PcmStream;
// An application's place in a call: plays clips, hears nothing.
struct ClipPortSpec {};
struct ClipOrder {
  ClipPtr clip;  // Null: nothing.
  bool loop = false;
  uint64_t serial = 0;       // Names it in ClipEnded.
  std::vector<PortId> to{};  // Who hears it, and nobody else; empty = everybody.
};

// What a negotiation ended in.
struct Negotiated {
  Codec codec = Codec::Pcmu;
  Direction direction = Direction::SendRecv;  // Ours.
  bool remote_held = false;                   // The peer's a=sendonly, a=inactive or c=0.0.0.0.
  bool telephone_event = false;               // RFC 4733 was agreed.
  std::string
      srtp;  // "", "AES_CM_128_HMAC_SHA1_80", "AEAD_AES_128_GCM" (DTLS: known once connected)
  Duration ptime = 20ms;  // What we send.
};

struct RemoteOffer {
  std::vector<Codec> codecs;                  // What both sides could use, in the peer's order.
  Direction direction = Direction::SendRecv;  // Ours, if we mirror the offer.
  bool held = false;                          // The peer puts us on hold.
};

struct PortStats {
  std::string codec, srtp;
  uint64_t packets_in = 0, packets_out = 0, packets_lost = 0, octets_in = 0, octets_out = 0,
           discarded = 0;
  double jitter_ms = 0, round_trip_ms = 0;
  // Of what came (RFC 3611 4.7.2): the part that was lost or too late, 0..1; where losses crowd
  // ("bursts") and between.
  double loss = 0, burst_loss = 0, gap_loss = 0;
  double burst_ms = 0, gap_ms = 0;  // Mean lengths; 0 = none.
  double concealed_ms = 0;          // Sound made in place of what did not come.
  double remote_loss = 0;           // Of what we sent, 0..1, as the peer reported last.
  double remote_mos = 0;            // The same by its RTCP XR; 0 = it says nothing.
  double mos = 0;                   // Estimated (ITU-T G.107); 0 = unknown.
  bool speaks = false;              // In a conference of more than two.
};

// ---- What the engine tells its owner. Values that were copied on the worker; delivered through
// `EventSink`. ----
struct TransportConnected {
  PortId port;
  std::string srtp;
};  // First valid media or, for a browser, DTLS up.
struct TransportFailed {
  PortId port;
  std::string why;
};  // DTLS or ICE will not come up.
struct MediaTimedOut {
  PortId port;
};
struct DigitReceived {
  PortId port;
  char digit;
  Duration duration;
  bool in_band;
};  // Once per key, when it ended.
struct DigitsSent {
  PortId port;
};  // The queue of send_digits ran dry.
struct DigitToSend {
  PortId port;
  char digit;
  Duration duration;
};  // For the peer of a port with DtmfMode::Info: by signalling.
struct SpeakingChanged {
  PortId port;
  bool speaks;
};  // In a conference of more than two: it began, or ended half a second ago.
struct ClipEnded {
  PortId port;
  uint64_t serial;
};  // Heard to its end; not when it was stopped.
struct PortClosed {
  PortId port;
  PortStats stats;
};  // After remove_port or close; the last of a port.
using MediaEvent = std::variant<TransportConnected, TransportFailed, MediaTimedOut, DigitReceived,
                                DigitsSent, DigitToSend, SpeakingChanged, ClipEnded, PortClosed>;
// Called on worker threads: posts to the owner's loop.
using EventSink = std::function<void(MediaEvent)>;

// Every call's sound: N workers, of which one carries all the legs of a call. Owned by App. All
// methods belong to one thread (signalling), return at once and never throw; negotiation is
// answered here and now, what follows from it goes to the worker as a value. Ports are bound here,
// their packets are the worker's. (RFC 3264, 3550, 4733, 5763, 5764, 8445.)
class MediaEngine {
 public:
  static Result<std::unique_ptr<MediaEngine>> start(MediaConfig config, const Clock& clock,
                                                    Random& random, Metrics& metrics, Log log,
                                                    EventSink events);
  virtual ~MediaEngine() = default;  // Stops and joins the workers.

  // A call's sound, on the least loaded worker.
  virtual SessionId open_session() = 0;
  virtual void close_session(
      SessionId session) = 0;  // Removes its ports; PortClosed follows for each.

  virtual Result<PortId> add_phone_port(SessionId session, const PhonePortSpec& spec) = 0;
  virtual Result<PortId> add_browser_port(SessionId session, const BrowserPortSpec& spec) = 0;
  virtual Result<PortId> add_echo_port(SessionId session, const EchoPortSpec& spec) = 0;
  virtual Result<PortId> add_stream_port(SessionId session, const StreamPortSpec& spec,
                                         std::shared_ptr<PcmStream> stream) = 0;
  virtual Result<PortId> add_clip_port(SessionId session, const ClipPortSpec& spec) = 0;
  virtual void remove_port(PortId port) = 0;

  // Offer/answer of one port (RFC 3264). `codecs_first` puts some codecs ahead of the spec's order,
  // so that the other leg's codec is met and can be passed through. make_offer also serves
  // re-INVITE; rollback takes back an offer that was refused (the last negotiated state stays in
  // force).
  virtual Result<std::string> make_offer(PortId port, Direction direction,
                                         std::vector<Codec> codecs_first = {}) = 0;
  virtual Result<Negotiated> accept_answer(PortId port, std::string_view sdp) = 0;
  virtual Result<RemoteOffer> accept_offer(PortId port, std::string_view sdp) = 0;
  virtual Result<std::string> make_answer(PortId port, Direction direction,
                                          std::vector<Codec> codecs_first = {}) = 0;
  virtual void rollback(PortId port) = 0;
  // What the other leg speaks, as far as it is known: Opus toward this port's peer asks for no more
  // than that leg hears (RFC 7587: maxplaybackrate), and for everything when Opus will be passed
  // through. G.711 until told; holds for the next offer or answer.
  virtual void expect_other_leg(PortId port, Codec codec) = 0;
  virtual std::optional<Negotiated> negotiated(PortId port) const = 0;

  // Who of a session's ports talk with each other; the others are open, and silent. A port may take
  // part before it is negotiated. Two are relayed, more are mixed (each hears all others and not
  // itself); nothing is heard of the change.
  virtual void connect(PortId a, PortId b) = 0;  // These two, and nobody else.
  virtual void join(PortId port) = 0;            // This one too; kMaxParties at most.
  virtual void disconnect(PortId port) = 0;      // Without this one; the others go on.

  // All ports of `from` become ports of `into`, with a worker in common, and those who talked in
  // either talk together. `from` is gone: its id names nothing any more, its ports are closed with
  // `into`.
  virtual void merge(SessionId into, SessionId from) = 0;

  // Hold and mute are enforced here, whatever the browser does: a held port neither sends nor is
  // heard; a muted one is not heard (silence goes to the other side).
  virtual void set_held(PortId port, bool held) = 0;
  virtual void set_muted(PortId port, bool muted) = 0;

  // Ringback toward a port until stopped or real audio is wired and arrives.
  virtual void play_ringback(PortId port, bool on) = 0;

  // A clip port plays a clip from its beginning, in place of what it plays.
  virtual void play_clip(PortId port, ClipOrder order) = 0;

  // Queues digits (0-9 * # A-D) toward this port's peer, as its DtmfMode says.
  virtual void send_digits(PortId port, std::string_view digits, Duration length, Duration gap) = 0;
  // A key of this port's peer that came by SIP INFO. It goes the way of all keys: DigitReceived,
  // and to the other side; dropped when the peer's sound or events say the same key.
  virtual void receive_digit(PortId port, char digit, Duration length) = 0;

  virtual std::optional<PortStats> stats(PortId port) const = 0;  // At most a second old.
  virtual size_t open_sessions() const = 0;

  // Which worker carries a call, and that another is to: nothing is heard of it, and nobody needs
  // to know. A phone's ports go along; what a browser sends still comes by the old worker's socket
  // and is handed over by a ring.
  virtual unsigned workers() const = 0;
  virtual unsigned worker_of(SessionId session) const = 0;
  virtual void move(SessionId session, unsigned worker) = 0;

  // From its first call on, what workers are told waits for the next: one wake-up for all that one
  // turn of the owner's loop says. Until then each is told at once.
  virtual void wake_workers() = 0;

  // Once a second: how many workers stand still. What is new is logged and counted.
  virtual size_t stalled_workers() = 0;
};

}  // namespace gw::media
