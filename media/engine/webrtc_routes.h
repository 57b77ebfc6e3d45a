#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/ids.h"
#include "media/engine/datagram_ring.h"
#include "media/transport/webrtc_transport.h"

namespace gw::media {

// Where a datagram of a worker's shared sockets goes: by the address that passed an ICE check, or
// by the ufrag of the check, or by the source of media that changed its address, to a transport of
// this worker, or by a ring to the worker that carries the transport's call now. Owned by the
// MediaWorker that owns the sockets; its thread.
class WebRtcRoutes final : public WebRtcDirectory {
 public:
  struct Route {
    WebRtcTransport* transport = nullptr;  // Of this worker; null: it is abroad.
    PortId port;                           // Abroad ...
    DatagramRing* ring = nullptr;          // ... the way there ...
    size_t worker = 0;                     // ... and whose it is.
  };

  const Route* by_address(const SocketAddress& from) const;  // Packet path.
  const Route* by_ufrag(std::string_view ufrag) const;       // Packet path.
  const Route* by_ssrc(uint32_t ssrc) const;                 // Packet path.

  // WebRtcDirectory: transports of this worker.
  void add_address(const SocketAddress& from, WebRtcTransport& transport) override;
  void remove_address(const SocketAddress& from, WebRtcTransport& transport) override;
  void add_ufrag(const std::string& ufrag, WebRtcTransport& transport) override;
  void remove_ufrag(const std::string& ufrag) override;
  void add_ssrc(uint32_t ssrc, WebRtcTransport& transport) override;
  void remove_ssrc(uint32_t ssrc, WebRtcTransport& transport) override;

  // A transport leaves this worker; or, abroad already, goes on to a third.
  void send_abroad(const WebRtcTransport& transport, PortId port, size_t worker,
                   std::shared_ptr<DatagramRing> ring);
  void send_on(PortId port, size_t worker, std::shared_ptr<DatagramRing> ring);
  void forget(PortId port);  // It came home, or is gone.

  // Transports abroad.
  void add_address(const SocketAddress& from, PortId port);
  void remove_address(const SocketAddress& from, PortId port);
  void add_ufrag(const std::string& ufrag, PortId port);
  void remove_ufrag(const std::string& ufrag, PortId port);
  void add_ssrc(uint32_t ssrc, PortId port);
  void remove_ssrc(uint32_t ssrc, PortId port);

 private:
  struct Away {
    size_t worker = 0;
    std::shared_ptr<DatagramRing> ring;
  };
  Route abroad(PortId port) const;
  template <class F>
  void for_each_route(F&& look) {
    for (auto& [address, route] : by_address_) look(route);
    for (auto& [ufrag, route] : by_ufrag_) look(route);
    for (auto& [ssrc, route] : by_ssrc_) look(route);
  }

  std::unordered_map<SocketAddress, Route> by_address_;
  std::map<std::string, Route, std::less<>> by_ufrag_;
  std::unordered_map<uint32_t, Route> by_ssrc_;
  std::unordered_map<PortId, Away> abroad_;
};

}  // namespace gw::media
