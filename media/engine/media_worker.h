#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/mailbox.h"
#include "base/random.h"
#include "media/engine/complexity_governor.h"
#include "media/engine/engine_port.h"
#include "media/engine/ice_tcp.h"
#include "media/engine/media_command.h"
#include "media/engine/media_session.h"
#include "media/engine/send_batch.h"
#include "media/engine/turn_pace.h"
#include "media/engine/udp_socket.h"
#include "media/engine/watch.h"
#include "media/engine/webrtc_routes.h"

namespace gw::media {

// One thread that carries the sound of some calls, all legs of each: sockets, timers, ports. It is
// told by commands and tells by events. Owned by the MediaEngine.
//
// A turn of the loop: all packets that have come; one DTLS step at most (a handshake
// costs 2 ms, and 50 packets pass in that time); commands; timers that are due.
class MediaWorker final : public TcpRouter, public PortObserver {
 public:
  struct Setup {
    unsigned index = 0;
    MediaConfig config;
    std::unique_ptr<UdpSocket> webrtc, webrtc6;  // The second for IPv6 peers, or null.
    std::unique_ptr<TcpListener> tcp, tcp6;      // On the same ports.
    const DtlsContext& dtls;
    const Clock& clock;
    Random& random;
    Log log;
    EventSink events;
    std::shared_ptr<MediaCounters> counters;
  };

  explicit MediaWorker(Setup setup);
  ~MediaWorker() override;  // Stops and joins.

  // Every worker of the engine, this one included, by index: calls go from one to another. Before
  // start().
  void meet(std::vector<MediaWorker*> all) { workers_ = std::move(all); }
  void start();
  void stop();  // And joins. The others may still post.
  bool post(MediaCommand command) { return mailbox_.post(std::move(command)); }
  bool post_quietly(MediaCommand command) { return mailbox_.post_quietly(std::move(command)); }
  void wake() { mailbox_.wake(); }

  const SocketAddress& webrtc_address() const { return setup_.webrtc->address(); }
  const UdpSocket& webrtc() const { return *setup_.webrtc; }
  const UdpSocket* webrtc6() const { return setup_.webrtc6.get(); }

 private:
  // In the pool. A worker holds a few tens at a time, and what waits in the jitter buffers of its
  // legs: 300 of them at half a second each. What is never taken is never touched.
  static constexpr size_t kPackets = 8192;
  static constexpr size_t kMaxDtlsQueue = 512;
  // An idle loop turns too, so that who looks once a second sees it move.
  static constexpr Duration kLongestWait = 500ms;

  struct PendingDtls {
    DtlsReceiver* receiver = nullptr;
    PacketPtr packet;
    DatagramSink* via = nullptr;
  };
  struct Watched {
    std::unique_ptr<EnginePort> port;
    Watch rtp, rtcp;
  };

  void run();
  void turn();
  void gather();
  void read_all(int wait_ms);
  int wait_ms(TimePoint now) const;
  void read(const Watch& watch);
  void read_webrtc(UdpSocket& socket);
  void read_ring(Abroad& abroad);
  void read_phone(const Watch& watch);
  void dispatch(PacketPtr& packet, UdpSocket& via, TimePoint now);
  void queue_dtls(DtlsReceiver& receiver, PacketPtr& packet, DatagramSink& via);
  void one_dtls_step();
  void run_timers(TimePoint now);
  void publish(TimePoint now);
  void publish(EnginePort& port);
  void look_at_load(TimePoint now);

  void take(MediaCommand command);
  void on_command(AddPhonePort& command, TimePoint now);
  void on_command(AddBrowserPort& command, TimePoint now);
  void on_command(AddEchoPort& command, TimePoint now);
  void on_command(AddStreamPort& command, TimePoint now);
  void on_command(AddClipPort& command, TimePoint now);
  void on_command(PlayClip& command, TimePoint now);
  void on_command(RemovePort& command, TimePoint now);
  void on_command(ApplyNegotiation& command, TimePoint now);
  void on_command(RestartIce& command, TimePoint now);
  void on_command(ConnectPorts& command, TimePoint now);
  void on_command(JoinPort& command, TimePoint now);
  void on_command(DisconnectPort& command, TimePoint now);
  void on_command(MergeSessions& command, TimePoint now);
  void on_command(ExpectPorts& command, TimePoint now);
  void on_command(MoveSession& command, TimePoint now);
  void on_command(AdoptPorts& command, TimePoint now);
  void on_command(AdoptConnection& command, TimePoint now);
  void on_command(RouteBrowser& command, TimePoint now);
  void on_command(WatchRing& command, TimePoint now);
  void on_command(SetHeld& command, TimePoint now);
  void on_command(SetMuted& command, TimePoint now);
  void on_command(PlayRingback& command, TimePoint now);
  void on_command(SendDigits& command, TimePoint now);
  void on_command(ReceiveDigit& command, TimePoint now);
  void on_command(StopWorker& command, TimePoint now);

  EnginePort* find(PortId id);
  void keep(std::unique_ptr<EnginePort> port);
  std::unique_ptr<EnginePort> give_up(EnginePort& port, Departure& departure, size_t to);
  void adopt(std::unique_ptr<EnginePort> port);
  std::shared_ptr<DatagramRing> ring_to(size_t worker);
  Abroad& abroad(size_t home);
  bool awaited(const MediaCommand& command) const;
  void remove(PortId id, TimePoint now);
  MediaSession* session_of(const EnginePort& port);
  MediaSession& session(SessionId id);
  void look_at(SessionId id);
  MediaPort::Settings settings(PortId id, uint32_t ssrc, std::string cname, bool phone) const;
  MediaPort::Surroundings surroundings();

  const WebRtcRoutes::Route* named_by(const Packet& packet);
  WebRtcTransport* addressed_by(const Packet& packet) override;
  bool carried_abroad(const Packet& check) override;
  void send_abroad(std::unique_ptr<TcpPeer> peer, const Packet& check) override;
  void deliver(WebRtcTransport& transport, PacketPtr& packet, DatagramSink& via,
               TimePoint now) override;
  void on_gone(WebRtcTransport& transport, DatagramSink& via) override;
  void on_port_event(MediaEvent event) override;

  Setup setup_;
  MediaCounters& counters_;
  ComplexityGovernor governor_;
  TurnPace pace_;
  Mailbox<MediaCommand> mailbox_;
  const int epoll_;
  std::thread thread_;

  PacketPool pool_{kPackets};
  ReceiveBatch batch_{pool_};
  SendBatch sends_;
  std::deque<PendingDtls> dtls_queue_;
  IceTcp tcp_{epoll_, pool_, counters_, *this};

  Watch mailbox_watch_, webrtc_watch_, webrtc6_watch_;
  WebRtcRoutes routes_;
  std::unordered_map<PortId, std::unique_ptr<Watched>> ports_;
  std::vector<EnginePort*> schedule_;
  // Of calls with ports here.
  std::unordered_map<SessionId, std::unique_ptr<MediaSession>> sessions_;
  std::vector<MediaSession*> mixing_;  // Those with a tick.

  // Calls that come from other workers or went there.
  std::vector<MediaWorker*> workers_;
  std::map<size_t, std::shared_ptr<Abroad>> abroad_;       // By home: browsers' sockets there.
  std::map<size_t, std::shared_ptr<DatagramRing>> rings_;  // To whom our browsers went.
  std::unordered_set<PortId> awaited_ports_;
  std::unordered_set<SessionId> awaited_sessions_;
  std::vector<MediaCommand> parked_;  // About what is awaited.

  TimePoint earliest_ = kNever;
  TimePoint next_publish_{};
  TimePoint turned_{};
  uint64_t late_turns_ = 0;  // At the last look.
  bool more_ = false;        // A socket held more than one batch.
  bool running_ = true;
};

}  // namespace gw::media
