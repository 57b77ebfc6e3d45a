#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/stall_watch.h"
#include "media/engine/media_engine.h"
#include "media/engine/media_worker.h"
#include "media/engine/port_board.h"
#include "media/engine/port_pool.h"
#include "media/transport/dtls.h"
#include "media/wire/offer_answer.h"

namespace gw::media {

// The signalling side of the engine: what each port negotiated, which ports and credentials it
// holds, on which worker it lives. Everything that touches packets goes there as a MediaCommand.
class MediaEngineImpl final : public MediaEngine {
 public:
  MediaEngineImpl(MediaConfig config, const Clock& clock, Random& random, Log log);
  ~MediaEngineImpl() override;

  Result<void> start_workers(Metrics& metrics, const EventSink& events);

  SessionId open_session() override;
  void close_session(SessionId session) override;
  Result<PortId> add_phone_port(SessionId session, const PhonePortSpec& spec) override;
  Result<PortId> add_browser_port(SessionId session, const BrowserPortSpec& spec) override;
  Result<PortId> add_echo_port(SessionId session, const EchoPortSpec& spec) override;
  Result<PortId> add_stream_port(SessionId session, const StreamPortSpec& spec,
                                 std::shared_ptr<PcmStream> stream) override;
  Result<PortId> add_clip_port(SessionId session, const ClipPortSpec& spec) override;
  void remove_port(PortId port) override;
  Result<std::string> make_offer(PortId port, Direction direction,
                                 std::vector<Codec> codecs_first) override;
  Result<Negotiated> accept_answer(PortId port, std::string_view sdp) override;
  Result<RemoteOffer> accept_offer(PortId port, std::string_view sdp) override;
  Result<std::string> make_answer(PortId port, Direction direction,
                                  std::vector<Codec> codecs_first) override;
  void rollback(PortId port) override;
  void expect_other_leg(PortId port, Codec codec) override;
  std::optional<Negotiated> negotiated(PortId port) const override;
  void connect(PortId a, PortId b) override;
  void join(PortId port) override;
  void disconnect(PortId port) override;
  void merge(SessionId into, SessionId from) override;
  void set_held(PortId port, bool held) override;
  void set_muted(PortId port, bool muted) override;
  void play_ringback(PortId port, bool on) override;
  void play_clip(PortId port, ClipOrder order) override;
  void send_digits(PortId port, std::string_view digits, Duration length, Duration gap) override;
  void receive_digit(PortId port, char digit, Duration length) override;
  std::optional<PortStats> stats(PortId port) const override;
  size_t open_sessions() const override { return sessions_.size(); }
  size_t stalled_workers() override;
  unsigned workers() const override { return static_cast<unsigned>(workers_.size()); }
  unsigned worker_of(SessionId session) const override;
  void move(SessionId session, unsigned worker) override;
  void wake_workers() override;

 private:
  struct Session {
    size_t worker = 0;
    std::vector<PortId> ports;
  };
  struct Port {
    SessionId session;
    size_t worker = 0;
    std::unique_ptr<wire::OfferAnswer> negotiation;  // None: the echo user, a stream.
    std::shared_ptr<PortBoard> board;
    uint16_t rtp_port = 0;     // Phones: to give back,
    PortPool* pool = nullptr;  // there.
    bool ice_restart = false;  // The offer that is being answered restarts ICE.
  };

  Session* find(SessionId id);
  Port* find(PortId id);
  Result<Port*> negotiating(PortId id);
  MediaWorker& worker(const Port& port) { return *workers_[port.worker]; }
  void tell(MediaWorker& worker, MediaCommand command);
  PortId add(SessionId id, Session& session, Port port);
  template <class Command>
  Result<PortId> add_local_port(SessionId id, Command command);
  // Where a leg's sockets are bound, and what SDP says of them.
  struct Place {
    SocketAddress address;
    std::string advertise;
    PortPool* pool = nullptr;
    std::unique_ptr<PortPool> own;  // Of a network with ports of its own.
  };
  const Place* place(const std::string& network) const;
  static SocketAddress advertised(const SocketAddress& bound, const std::string& advertise);
  wire::IceCredentials new_ice();
  Negotiated describe(const Port& port, const wire::StreamParameters& parameters) const;
  void apply(PortId id, Port& port);
  // One port number, for UDP and for TCP.
  struct WebRtcSockets {
    std::unique_ptr<UdpSocket> udp;
    std::unique_ptr<TcpListener> tcp;
  };
  Result<WebRtcSockets> bind_webrtc(const SocketAddress& address, unsigned index);
  Result<WebRtcSockets> bind_both(SocketAddress address);
  void register_metrics(Metrics& metrics);

  const MediaConfig config_;
  const Clock& clock_;
  Random& random_;
  const Log log_;

  std::unique_ptr<DtlsContext> dtls_;
  std::vector<std::shared_ptr<MediaCounters>> counters_;
  std::vector<std::unique_ptr<MediaWorker>> workers_;
  std::vector<size_t> load_;  // Sessions a worker.
  std::vector<StallWatch> pulses_;
  PortPool ports_pool_;
  Place main_;
  std::unordered_map<std::string, Place> networks_;

  std::unordered_map<SessionId, Session> sessions_;
  std::unordered_map<PortId, Port> ports_;
  uint64_t next_session_ = 1, next_port_ = 1;
  bool wakes_later_ = false, to_wake_ = false;
  // Read by /metrics from another thread.
  struct Gauges {
    Tally sessions, ports, ports_in_use, stalled, stalls;
  };
  std::shared_ptr<Gauges> gauges_ = std::make_shared<Gauges>();
  void update_gauges();
};

}  // namespace gw::media
