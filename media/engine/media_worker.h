#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/mailbox.h"
#include "base/random.h"
#include "media/engine/complexity_governor.h"
#include "media/engine/engine_port.h"
#include "media/engine/ice_tcp.h"
#include "media/engine/media_command.h"
#include "media/engine/turn_pace.h"
#include "media/engine/udp_socket.h"
#include "media/engine/watch.h"

namespace gw::media {

// One thread that carries the sound of some calls, all legs of each: sockets, timers, ports. It is
// told by commands and tells by events. Owned by the MediaEngine.
//
// A turn of the loop: all packets that have come; one DTLS step at most (a handshake
// costs 2 ms, and 50 packets pass in that time); commands; timers that are due.
class MediaWorker final : public WebRtcDirectory, public TcpRouter, public PortObserver {
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

  void start();
  bool post(MediaCommand command) { return mailbox_.post(std::move(command)); }

  const SocketAddress& webrtc_address() const { return setup_.webrtc->address(); }
  const UdpSocket* webrtc6() const { return setup_.webrtc6.get(); }

 private:
  static constexpr size_t kPackets = 2048;  // In the pool; a worker holds a few tens at a time.
  static constexpr size_t kMaxDtlsQueue = 512;
  // An idle loop turns too, so that who looks once a second sees it move.
  static constexpr Duration kLongestWait = 500ms;

  struct PendingDtls {
    WebRtcTransport* transport = nullptr;
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
  void read_phone(const Watch& watch);
  void dispatch(PacketPtr& packet, UdpSocket& via, TimePoint now);
  void one_dtls_step();
  void run_timers(TimePoint now);
  void publish(TimePoint now);
  void look_at_load(TimePoint now);

  void take(MediaCommand command);
  void on_command(AddPhonePort& command, TimePoint now);
  void on_command(AddBrowserPort& command, TimePoint now);
  void on_command(AddEchoPort& command, TimePoint now);
  void on_command(RemovePort& command, TimePoint now);
  void on_command(ApplyNegotiation& command, TimePoint now);
  void on_command(RestartIce& command, TimePoint now);
  void on_command(ConnectPorts& command, TimePoint now);
  void on_command(DisconnectPort& command, TimePoint now);
  void on_command(SetHeld& command, TimePoint now);
  void on_command(SetMuted& command, TimePoint now);
  void on_command(PlayRingback& command, TimePoint now);
  void on_command(SendDigits& command, TimePoint now);
  void on_command(ReceiveDigit& command, TimePoint now);
  void on_command(StopWorker& command, TimePoint now);

  EnginePort* find(PortId id);
  void keep(PortId id, std::unique_ptr<Watched> watched);
  void remove(PortId id, TimePoint now);
  void unwire(EnginePort& port, TimePoint now);
  MediaPort::Settings settings(PortId id, uint32_t ssrc, std::string cname, bool phone) const;
  MediaPort::Surroundings surroundings();

  WebRtcTransport* addressed_by(const Packet& packet) override;
  void deliver(WebRtcTransport& transport, PacketPtr& packet, DatagramSink& via,
               TimePoint now) override;
  void on_gone(WebRtcTransport& transport, DatagramSink& via) override;
  void add_address(const SocketAddress& from, WebRtcTransport& transport) override;
  void remove_address(const SocketAddress& from, WebRtcTransport& transport) override;
  void add_ufrag(const std::string& ufrag, WebRtcTransport& transport) override;
  void remove_ufrag(const std::string& ufrag) override;
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
  std::deque<PendingDtls> dtls_queue_;
  IceTcp tcp_{epoll_, pool_, counters_, *this};

  Watch mailbox_watch_, webrtc_watch_, webrtc6_watch_;
  std::unordered_map<SocketAddress, WebRtcTransport*> by_address_;
  std::map<std::string, WebRtcTransport*, std::less<>> by_ufrag_;
  std::unordered_map<PortId, std::unique_ptr<Watched>> ports_;
  std::vector<EnginePort*> schedule_;

  TimePoint earliest_ = kNever;
  TimePoint next_publish_{};
  TimePoint turned_{};
  uint64_t late_turns_ = 0;  // At the last look.
  bool more_ = false;  // A socket held more than one batch.
  bool running_ = true;
};

}  // namespace gw::media
