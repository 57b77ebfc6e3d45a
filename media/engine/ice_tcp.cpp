#include "media/engine/ice_tcp.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>

#include "base/assert.h"

namespace gw::media {
namespace {

constexpr int kAcceptsPerTurn = 16;

void watch_events(int epoll, int operation, int fd, uint32_t events, Watch* watch) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = watch;
  GW_ASSERT(::epoll_ctl(epoll, operation, fd, &event) == 0);
}

}  // namespace

void watch_input(int epoll, int fd, Watch* watch) {
  watch_events(epoll, EPOLL_CTL_ADD, fd, EPOLLIN, watch);
}

IceTcp::IceTcp(int epoll, PacketPool& pool, MediaCounters& counters, TcpRouter& router)
    : epoll_(epoll), pool_(pool), counters_(counters), router_(router) {
  peers_.reserve(kMaxConnections);
  unproven_.reserve(kMaxUnproven);
}

void IceTcp::listen(std::unique_ptr<TcpListener> listener) {
  if (!listener) return;
  auto made = std::make_unique<Listening>();
  made->listener = std::move(listener);
  made->watch.kind = Watch::Kind::TcpListener;
  made->watch.listener = made->listener.get();
  watch_input(epoll_, made->listener->fd(), &made->watch);
  listening_.push_back(std::move(made));
}

void IceTcp::accept(TcpListener& listener, TimePoint now) {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    int fd = -1;
    SocketAddress from;
    switch (listener.accept(fd, from)) {
      case TcpListener::Accepted::One: break;
      case TcpListener::Accepted::None: return;
      case TcpListener::Accepted::NoDescriptor:
        // It would be ready again and again until somebody closes something.
        for (const auto& l : listening_) {
          if (l->listener.get() != &listener) continue;
          l->paused = true;
          watch_events(epoll_, EPOLL_CTL_MOD, listener.fd(), 0, &l->watch);
        }
        return;
    }
    if (peers_.size() >= kMaxConnections) {
      ::close(fd);
      counters_.tcp_refused.add();
      continue;
    }
    make_room_for(from);
    auto peer = std::make_unique<TcpPeer>(fd, from, counters_, now);
    peer->flushed = now;
    peer->watch.kind = Watch::Kind::TcpPeer;
    peer->watch.tcp = peer.get();
    watch_input(epoll_, fd, &peer->watch);
    unproven_.push_back(peer.get());
    peers_.push_back(std::move(peer));
    counters_.tcp_accepted.add();
    counters_.tcp_open.set(peers_.size());
  }
}

void IceTcp::make_room_for(const SocketAddress& from) {
  const auto of_host = [&](const TcpPeer* peer) { return peer->connection.peer().same_host(from); };
  const auto many = std::ranges::count_if(unproven_, of_host);
  auto oldest = unproven_.end();
  if (static_cast<size_t>(many) >= kMaxUnprovenOfHost) {
    oldest = std::ranges::find_if(unproven_, of_host);
  } else if (unproven_.size() >= kMaxUnproven) {
    oldest = unproven_.begin();
  }
  if (oldest == unproven_.end()) return;
  counters_.tcp_refused.add();
  end(**oldest);
}

void IceTcp::read(TcpPeer& peer, TimePoint now) {
  if (peer.over) return;
  const bool alive = peer.connection.read();
  PacketPtr packet;
  while (!peer.over) {
    if (!packet) packet = pool_.take();
    if (!packet) {  // What is left comes with the next turn or the next packet.
      counters_.discard(Discard::Overload);
      break;
    }
    const TcpConnection::Frame frame = peer.connection.next(*packet);
    if (frame == TcpConnection::Frame::None) break;
    if (frame == TcpConnection::Frame::TooLong) {
      end(peer);
      break;
    }
    switch (take(peer, packet, now)) {
      case Taken::Yes: break;
      case Taken::No: end(peer); break;
      case Taken::Abroad: return router_.send_abroad(release(peer), *packet);
    }
  }
  if (!alive) end(peer);
}

IceTcp::Taken IceTcp::take(TcpPeer& peer, PacketPtr& packet, TimePoint now) {
  // RFC 4571 2: a null packet keeps the connection open.
  if (packet->size() == 0) return Taken::Yes;
  if (peer.transport == nullptr) return lead(peer, packet, now);
  peer.heard = now;
  router_.deliver(*peer.transport, packet, peer.connection, now);
  return Taken::Yes;
}

// RFC 6544 7: the first thing on a connection is a check. Who shows another thing, or does not know
// the password, has no business here.
IceTcp::Taken IceTcp::lead(TcpPeer& peer, PacketPtr& check, TimePoint now) {
  WebRtcTransport* const transport = router_.addressed_by(*check);
  if (transport == nullptr) return router_.carried_abroad(*check) ? Taken::Abroad : Taken::No;
  return prove(peer, *transport, check, now) ? Taken::Yes : Taken::No;
}

bool IceTcp::prove(TcpPeer& peer, WebRtcTransport& transport, PacketPtr& check, TimePoint now) {
  const auto of_transport = std::ranges::count_if(
      peers_, [&](const auto& other) { return other->transport == &transport; });
  if (static_cast<size_t>(of_transport) >= kMaxOfTransport) return false;
  router_.deliver(transport, check, peer.connection, now);
  if (!transport.knows(peer.connection, peer.connection.peer())) return false;
  std::erase(unproven_, &peer);
  peer.transport = &transport;
  peer.heard = now;
  return true;
}

void IceTcp::receive(std::unique_ptr<TcpPeer> peer, WebRtcTransport& transport, PacketPtr& check,
                     TimePoint now) {
  if (peers_.size() >= kMaxConnections) return counters_.tcp_refused.add();
  TcpPeer& here = *peer;
  adopt(std::move(peer));
  if (!prove(here, transport, check, now)) return end(here);
  read(here, now);  // What came behind the check.
}

std::unique_ptr<TcpPeer> IceTcp::release(TcpPeer& peer) {
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, peer.connection.fd(), nullptr);
  std::erase(unproven_, &peer);
  const auto found =
      std::ranges::find_if(peers_, [&](const auto& mine) { return mine.get() == &peer; });
  auto leaving = std::move(*found);
  peers_.erase(found);
  counters_.tcp_open.set(peers_.size());
  return leaving;
}

void IceTcp::leave(const WebRtcTransport& transport) {
  for (const auto& peer : peers_) {
    if (peer->transport == &transport) end(*peer);
  }
}

std::vector<std::unique_ptr<TcpPeer>> IceTcp::give_up(const WebRtcTransport& transport) {
  std::vector<std::unique_ptr<TcpPeer>> leaving;
  for (auto& peer : peers_) {
    if (peer->transport != &transport || peer->over) continue;
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, peer->connection.fd(), nullptr);
    leaving.push_back(std::move(peer));
  }
  std::erase(peers_, nullptr);
  counters_.tcp_open.set(peers_.size());
  return leaving;
}

void IceTcp::adopt(std::unique_ptr<TcpPeer> peer) {
  peer->connection.count_in(counters_);
  watch_input(epoll_, peer->connection.fd(), &peer->watch);
  peers_.push_back(std::move(peer));
  counters_.tcp_open.set(peers_.size());
}

bool IceTcp::expired(TcpPeer& peer, TimePoint now) {
  if (peer.connection.flush()) peer.flushed = now;
  return now - peer.heard > (peer.transport == nullptr ? kProofDue : kIdle) ||
         now - peer.flushed > kUnread;
}

void IceTcp::sweep(TimePoint now) {
  for (const auto& peer : peers_) {
    if (!peer->over && expired(*peer, now)) end(*peer);
  }
  for (const auto& l : listening_) {
    if (!std::exchange(l->paused, false)) continue;
    watch_events(epoll_, EPOLL_CTL_MOD, l->listener->fd(), EPOLLIN, &l->watch);
  }
}

void IceTcp::end(TcpPeer& peer) {
  if (std::exchange(peer.over, true)) return;
  any_over_ = true;
  std::erase(unproven_, &peer);
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, peer.connection.fd(), nullptr);
  if (peer.transport != nullptr) router_.on_gone(*peer.transport, peer.connection);
}

void IceTcp::bury() {
  if (!std::exchange(any_over_, false)) return;
  std::erase_if(peers_, [](const auto& peer) { return peer->over; });
  counters_.tcp_open.set(peers_.size());
}

}  // namespace gw::media
