#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "base/net.h"
#include "media/engine/packet_pool.h"

namespace gw::media {

// Where datagrams leave: a socket of the worker, or a pipe in a test. Packet path.
class DatagramSink {
 public:
  virtual ~DatagramSink() = default;
  virtual void send(std::span<const std::byte> datagram, const SocketAddress& to) = 0;
  // A connection of one peer: what comes by it needs no address to be told apart.
  virtual bool is_stream() const { return false; }
};

// What a transport tells the port above it.
class TransportObserver {
 public:
  virtual ~TransportObserver() = default;
  // A packet of the peer, decrypted. The observer may keep it by moving it out. Packet path.
  virtual void on_rtp(PacketPtr& packet, TimePoint now) = 0;
  virtual void on_rtcp(std::span<const std::byte> compound, TimePoint now) = 0;  // Packet path.
  // The peer is there, though what came is no media that was negotiated: keep-alives, comfort noise
  // (RFC 6263). Packet path.
  virtual void on_alive(TimePoint now) = 0;
  // Media can flow: the first valid packet of a phone, DTLS up with a browser. `srtp` names the
  // suite, "" = none.
  virtual void on_connected(std::string_view srtp, TimePoint now) = 0;
  virtual void on_failed(std::string_view why, TimePoint now) = 0;
  // The peer went silent for good (RFC 7675); told once until it is heard again.
  virtual void on_lost(TimePoint now) = 0;
};

// What the worker gives DTLS datagrams to, one a loop turn: a handshake costs about 2 ms.
class DtlsReceiver {
 public:
  virtual ~DtlsReceiver() = default;
  // `via` is the socket that the datagram came by.
  virtual void receive_dtls(PacketPtr& packet, DatagramSink& via, TimePoint now) = 0;
};

// One leg's network, both ways. Owned by its MediaPort's session; the worker's thread.
class Transport {
 public:
  virtual ~Transport() = default;
  // The packet holds plain RTP (RTCP); it is encrypted in place. False when there is no peer or no
  // key yet. Packet path.
  virtual bool send_rtp(Packet& packet, TimePoint now) = 0;
  virtual bool send_rtcp(Packet& packet, TimePoint now) = 0;
  virtual bool ready() const = 0;
  // Does what time asks for; returns when it wants to be called again.
  virtual TimePoint on_timer(TimePoint now) = 0;
};

constexpr TimePoint kNever = TimePoint::max();

}  // namespace gw::media
