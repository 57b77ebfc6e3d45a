// How a call goes from one MediaWorker to another. A phone's port takes its sockets along. A
// browser's port leaves its socket, which it shares, at home: home's worker forwards what comes for
// it by a ring, and the new one sends by the same descriptor.
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "media/engine/media_worker.h"

namespace gw::media {

struct Departure {
  SessionId session;
  MediaSession::Members talking;
  std::vector<std::unique_ptr<EnginePort>> ports;
  std::vector<std::unique_ptr<TcpPeer>> connections;
};

struct TcpArrival {
  std::unique_ptr<TcpPeer> peer;
  std::vector<std::byte> check;
};

// Another worker's socket to send by: its descriptor, our counts.
class BorrowedSocket final : public DatagramSink {
 public:
  BorrowedSocket(const UdpSocket& socket, SendBatch& batch, MediaCounters& counters)
      : fd_(socket.fd()), batch_(batch), counters_(counters) {}

  void send(std::span<const std::byte> datagram, const SocketAddress& to) override {
    batch_.add(fd_, datagram, to, &counters_);
  }

 private:
  const int fd_;  // Its worker outlives every call.
  SendBatch& batch_;
  MediaCounters& counters_;
};

namespace {

// Tells home of the addresses of a browser's port that is away.
class AwayDirectory final : public WebRtcDirectory {
 public:
  AwayDirectory(MediaWorker& home, PortId port) : home_(home), port_(port) {}

  void add_address(const SocketAddress& from, WebRtcTransport&) override {
    tell(RouteBrowser::What::AddAddress, from, {});
  }
  void remove_address(const SocketAddress& from, WebRtcTransport&) override {
    tell(RouteBrowser::What::RemoveAddress, from, {});
  }
  void add_ufrag(const std::string& ufrag, WebRtcTransport&) override {
    tell(RouteBrowser::What::AddUfrag, {}, ufrag);
  }
  void remove_ufrag(const std::string& ufrag) override {
    tell(RouteBrowser::What::RemoveUfrag, {}, ufrag);
  }
  void add_ssrc(uint32_t ssrc, WebRtcTransport&) override {
    tell(RouteBrowser::What::AddSsrc, {}, {}, ssrc);
  }
  void remove_ssrc(uint32_t ssrc, WebRtcTransport&) override {
    tell(RouteBrowser::What::RemoveSsrc, {}, {}, ssrc);
  }

 private:
  void tell(RouteBrowser::What what, const SocketAddress& address, const std::string& ufrag,
            uint32_t ssrc = 0) {
    home_.post(RouteBrowser{port_, what, address, ufrag, 0, ssrc});
  }

  MediaWorker& home_;
  const PortId port_;
};

}  // namespace

// Another worker's browser sockets, as ports that came from there use them.
struct Abroad {
  Abroad(const MediaWorker& home, SendBatch& batch, MediaCounters& counters)
      : v4(home.webrtc(), batch, counters) {
    if (home.webrtc6() != nullptr) v6.emplace(*home.webrtc6(), batch, counters);
  }
  DatagramSink& socket_to(const SocketAddress& address) {
    if (address.v6() && v6) return *v6;
    return v4;
  }
  BorrowedSocket v4;
  std::optional<BorrowedSocket> v6;
  std::shared_ptr<DatagramRing> ring;
  Watch watch;
};

Abroad& MediaWorker::abroad(size_t home) {
  auto& slot = abroad_[home];
  if (!slot) slot = std::make_shared<Abroad>(*workers_[home], sends_, counters_);
  return *slot;
}

std::shared_ptr<DatagramRing> MediaWorker::ring_to(size_t worker) {
  auto& ring = rings_[worker];
  if (!ring) {
    ring = std::make_shared<DatagramRing>();
    workers_[worker]->post(WatchRing{setup_.index, ring});
  }
  return ring;
}

bool MediaWorker::awaited(const MediaCommand& command) const {
  if (awaited_sessions_.empty()) return false;
  const auto waits = [this](const auto& c) {
    using C = std::decay_t<decltype(c)>;
    if constexpr (std::is_same_v<C, MoveSession>) {
      return awaited_sessions_.contains(c.session);
    } else if constexpr (std::is_same_v<C, MergeSessions>) {
      return awaited_sessions_.contains(c.into) || awaited_sessions_.contains(c.from);
    } else if constexpr (std::is_same_v<C, ConnectPorts>) {
      return awaited_ports_.contains(c.a) || awaited_ports_.contains(c.b);
    } else if constexpr (std::is_same_v<C, AddPhonePort> || std::is_same_v<C, AddBrowserPort> ||
                         std::is_same_v<C, AddEchoPort> || std::is_same_v<C, AddStreamPort> ||
                         std::is_same_v<C, RouteBrowser>) {
      return false;  // A new port is here; a route is home's affair.
    } else if constexpr (requires { c.port; }) {
      return awaited_ports_.contains(c.port);
    } else {
      return false;
    }
  };
  return std::visit(waits, command);
}

void MediaWorker::on_command(ExpectPorts& command, TimePoint) {
  awaited_sessions_.insert(command.session);
  awaited_ports_.insert(command.ports.begin(), command.ports.end());
}

void MediaWorker::on_command(MoveSession& command, TimePoint) {
  auto departure = std::make_shared<Departure>();
  departure->session = command.session;
  if (const auto found = sessions_.find(command.session); found != sessions_.end()) {
    std::erase(mixing_, found->second.get());
    departure->talking = found->second->release();
    sessions_.erase(found);
  }
  std::vector<EnginePort*> leaving;
  std::ranges::copy_if(schedule_, std::back_inserter(leaving),
                       [&](const EnginePort* port) { return port->session() == command.session; });
  for (EnginePort* port : leaving) {
    departure->ports.push_back(give_up(*port, *departure, command.worker));
  }
  workers_[command.worker]->post(AdoptPorts{std::move(departure)});
}

std::unique_ptr<EnginePort> MediaWorker::give_up(EnginePort& port, Departure& departure,
                                                 size_t to) {
  sends_.flush();
  std::erase(schedule_, &port);
  auto node = ports_.extract(port.id());
  // What waits of a handshake is sent again by the peer.
  std::erase_if(dtls_queue_,
                [&](const PendingDtls& pending) { return pending.receiver == port.dtls(); });
  if (auto* phone = dynamic_cast<PhonePort*>(&port)) {
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, phone->rtp().fd(), nullptr);
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, phone->rtcp().fd(), nullptr);
    phone->rtp().leave_by(nullptr);
    phone->rtcp().leave_by(nullptr);
  }
  if (auto* browser = dynamic_cast<BrowserPort*>(&port)) {
    std::ranges::move(tcp_.give_up(browser->transport()),
                      std::back_inserter(departure.connections));
    browser->transport().leave_directory();
    if (browser->home() == setup_.index) {
      routes_.send_abroad(browser->transport(), port.id(), to, ring_to(to));
    } else if (browser->home() != to) {
      workers_[browser->home()]->post(
          RouteBrowser{port.id(), RouteBrowser::What::SendOn, {}, {}, to, 0});
    }
  }
  port.leave_worker(counters_);
  return std::move(node.mapped()->port);
}

void MediaWorker::on_command(AdoptPorts& command, TimePoint now) {
  Departure& departure = *command.departure;
  awaited_sessions_.erase(departure.session);
  for (auto& port : departure.ports) adopt(std::move(port));
  for (auto& connection : departure.connections) tcp_.adopt(std::move(connection));
  session(departure.session).resume(std::move(departure.talking), now);
  look_at(departure.session);
  // Ports that were removed on the way out are not awaited any more either.
  if (awaited_sessions_.empty()) awaited_ports_.clear();
  for (MediaCommand& waited : std::exchange(parked_, {})) take(std::move(waited));
}

void MediaWorker::adopt(std::unique_ptr<EnginePort> port) {
  awaited_ports_.erase(port->id());
  port->enter_worker(surroundings());
  if (port->media() != nullptr) port->media()->set_complexity(governor_.complexity());
  if (auto* browser = dynamic_cast<BrowserPort*>(port.get())) {
    WebRtcTransport& transport = browser->transport();
    if (browser->home() == setup_.index) {
      routes_.forget(browser->id());
      transport.enter(routes_, *setup_.webrtc, setup_.webrtc6.get());
      transport.enlist();
      browser->set_directory(nullptr);
    } else {
      Abroad& home = abroad(browser->home());
      auto directory = std::make_unique<AwayDirectory>(*workers_[browser->home()], browser->id());
      transport.enter(*directory, home.v4, home.v6 ? &*home.v6 : nullptr);
      browser->set_directory(std::move(directory));
    }
  }
  keep(std::move(port));
}

void MediaWorker::on_command(RouteBrowser& command, TimePoint) {
  using What = RouteBrowser::What;
  switch (command.what) {
    case What::AddAddress: routes_.add_address(command.address, command.port); return;
    case What::RemoveAddress: routes_.remove_address(command.address, command.port); return;
    case What::AddUfrag: routes_.add_ufrag(command.ufrag, command.port); return;
    case What::RemoveUfrag: routes_.remove_ufrag(command.ufrag, command.port); return;
    case What::AddSsrc: routes_.add_ssrc(command.ssrc, command.port); return;
    case What::RemoveSsrc: routes_.remove_ssrc(command.ssrc, command.port); return;
    case What::SendOn:
      routes_.send_on(command.port, command.worker, ring_to(command.worker));
      return;
    case What::Forget: routes_.forget(command.port); return;
  }
}

void MediaWorker::on_command(WatchRing& command, TimePoint) {
  Abroad& from = abroad(command.home);
  from.ring = command.ring;
  from.watch.kind = Watch::Kind::Ring;
  from.watch.abroad = &from;
  watch_input(epoll_, from.ring->fd(), &from.watch);
}

bool MediaWorker::carried_abroad(const Packet& check) {
  const WebRtcRoutes::Route* route = named_by(check);
  return route != nullptr && route->ring != nullptr;
}

void MediaWorker::send_abroad(std::unique_ptr<TcpPeer> peer, const Packet& check) {
  const WebRtcRoutes::Route* route = named_by(check);
  const std::span<const std::byte> bytes = check.data();
  auto arrival =
      std::make_shared<TcpArrival>(TcpArrival{std::move(peer), {bytes.begin(), bytes.end()}});
  workers_[route->worker]->post(AdoptConnection{route->port, std::move(arrival)});
}

void MediaWorker::on_command(AdoptConnection& command, TimePoint now) {
  auto* browser = dynamic_cast<BrowserPort*>(find(command.port));
  PacketPtr check = pool_.take();
  if (browser == nullptr || !check) return counters_.tcp_refused.add();  // It tries again.
  TcpArrival& arrival = *command.arrival;
  check->from = arrival.peer->connection.peer();
  std::ranges::copy(arrival.check, check->room().begin());
  check->resize(arrival.check.size());
  tcp_.receive(std::move(arrival.peer), browser->transport(), check, now);
}

// Packet path.
void MediaWorker::read_ring(Abroad& from) {
  const TimePoint now = setup_.clock.now();
  from.ring->drain(pool_, [&](PortId id, PacketPtr& packet) {
    auto* browser = dynamic_cast<BrowserPort*>(find(id));
    if (browser == nullptr) return counters_.discard(Discard::Source);
    deliver(browser->transport(), packet, from.socket_to(packet->from), now);
  });
}

}  // namespace gw::media
