#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "media/engine/packet_pool.h"
#include "media/engine/tcp_connection.h"
#include "media/engine/tcp_listener.h"
#include "media/engine/watch.h"
#include "media/transport/webrtc_transport.h"

namespace gw::media {

struct TcpPeer;

// Where the frames of TCP connections go: the worker.
class TcpRouter {
 public:
  virtual ~TcpRouter() = default;
  // Whom a connectivity check names by its ufrag; null: nobody, or it is none. Packet path.
  virtual WebRtcTransport* addressed_by(const Packet& packet) = 0;
  // Nobody of this worker's, but somebody whose call another one carries now: the connection goes
  // there, with the check.
  virtual bool carried_abroad(const Packet& check) = 0;
  virtual void send_abroad(std::unique_ptr<TcpPeer> peer, const Packet& check) = 0;
  virtual void deliver(WebRtcTransport& transport, PacketPtr& packet, DatagramSink& via,
                       TimePoint now) = 0;  // Packet path.
  // The connection ends, nothing may be sent by it any more.
  virtual void on_gone(WebRtcTransport& transport, DatagramSink& via) = 0;
};

// One connection and what it leads to.
struct TcpPeer {
  TcpPeer(int fd, const SocketAddress& from, MediaCounters& counters, TimePoint now)
      : connection(fd, from, counters), heard(now) {}

  TcpConnection connection;
  Watch watch;
  WebRtcTransport* transport = nullptr;  // Null: it has proven nothing yet.
  TimePoint heard;                       // When it was accepted, then its last frame.
  TimePoint flushed{};                   // When nothing waited to be read by the peer.
  bool over = false;
};

// The TCP side of a worker's WebRTC ports (RFC 6544, RFC 8445): accepts, keeps the connections
// within bounds, and leads each to the transport that its first frame, an authentic check, names.
// Owned by the MediaWorker; its thread.
class IceTcp {
 public:
  // A browser keeps one beside its UDP pair, in case.
  static constexpr size_t kMaxConnections = 4096;
  // That have shown no authentic check yet; of one address fewer, but an office shares one. Beyond
  // it the oldest goes: a browser needs one round trip, who only holds a place stays longer.
  static constexpr size_t kMaxUnproven = 256;
  static constexpr size_t kMaxUnprovenOfHost = 32;
  static constexpr size_t kMaxOfTransport = WebRtcTransport::kMaxAddresses;
  static constexpr Duration kProofDue = 5s;
  static constexpr Duration kIdle = 30s;   // A browser checks its consent every few seconds.
  static constexpr Duration kUnread = 5s;  // Who reads nothing that long hears nothing in time.

  IceTcp(int epoll, PacketPool& pool, MediaCounters& counters, TcpRouter& router);

  void listen(std::unique_ptr<TcpListener> listener);  // Null is no listener.
  void accept(TcpListener& listener, TimePoint now);
  void read(TcpPeer& peer, TimePoint now);  // Packet path.
  // Its port is removed.
  void leave(const WebRtcTransport& transport);
  // Its call goes to another worker, its connections with it; the transport stays where it is.
  std::vector<std::unique_ptr<TcpPeer>> give_up(const WebRtcTransport& transport);
  void adopt(std::unique_ptr<TcpPeer> peer);
  // A connection that was accepted by the worker of another's port, and its first frame.
  void receive(std::unique_ptr<TcpPeer> peer, WebRtcTransport& transport, PacketPtr& check,
               TimePoint now);
  // Once a second: who is idle, unproven or does not read goes.
  void sweep(TimePoint now);
  // After the events of a turn: until then they may point to what is over.
  void bury();

  size_t open() const { return peers_.size(); }

 private:
  struct Listening {
    std::unique_ptr<TcpListener> listener;
    Watch watch;
    bool paused = false;  // No descriptor was left; tried again by sweep().
  };

  void make_room_for(const SocketAddress& from);
  enum class Taken { Yes, No, Abroad };
  Taken take(TcpPeer& peer, PacketPtr& packet, TimePoint now);
  Taken lead(TcpPeer& peer, PacketPtr& check, TimePoint now);
  bool prove(TcpPeer& peer, WebRtcTransport& transport, PacketPtr& check, TimePoint now);
  std::unique_ptr<TcpPeer> release(TcpPeer& peer);
  bool expired(TcpPeer& peer, TimePoint now);
  void end(TcpPeer& peer);

  const int epoll_;
  PacketPool& pool_;
  MediaCounters& counters_;
  TcpRouter& router_;

  std::vector<std::unique_ptr<Listening>> listening_;
  std::vector<std::unique_ptr<TcpPeer>> peers_;
  std::vector<TcpPeer*> unproven_;  // Of these, the oldest first.
  bool any_over_ = false;
};

}  // namespace gw::media
