#include "media/engine/webrtc_routes.h"

namespace gw::media {

const WebRtcRoutes::Route* WebRtcRoutes::by_address(const SocketAddress& from) const {
  const auto found = by_address_.find(from);
  return found == by_address_.end() ? nullptr : &found->second;
}

const WebRtcRoutes::Route* WebRtcRoutes::by_ufrag(std::string_view ufrag) const {
  const auto found = by_ufrag_.find(ufrag);
  return found == by_ufrag_.end() ? nullptr : &found->second;
}

const WebRtcRoutes::Route* WebRtcRoutes::by_ssrc(uint32_t ssrc) const {
  const auto found = by_ssrc_.find(ssrc);
  return found == by_ssrc_.end() ? nullptr : &found->second;
}

void WebRtcRoutes::add_address(const SocketAddress& from, WebRtcTransport& transport) {
  by_address_[from] = {&transport, {}, nullptr, 0};
}

void WebRtcRoutes::remove_address(const SocketAddress& from, WebRtcTransport& transport) {
  const auto found = by_address_.find(from);
  if (found != by_address_.end() && found->second.transport == &transport) by_address_.erase(found);
}

void WebRtcRoutes::add_ufrag(const std::string& ufrag, WebRtcTransport& transport) {
  by_ufrag_[ufrag] = {&transport, {}, nullptr, 0};
}

void WebRtcRoutes::remove_ufrag(const std::string& ufrag) {
  by_ufrag_.erase(ufrag);
}

void WebRtcRoutes::add_ssrc(uint32_t ssrc, WebRtcTransport& transport) {
  by_ssrc_.try_emplace(ssrc, Route{&transport, {}, nullptr, 0});
}

void WebRtcRoutes::remove_ssrc(uint32_t ssrc, WebRtcTransport& transport) {
  const auto found = by_ssrc_.find(ssrc);
  if (found != by_ssrc_.end() && found->second.transport == &transport) by_ssrc_.erase(found);
}

void WebRtcRoutes::send_abroad(const WebRtcTransport& transport, PortId port, size_t worker,
                               std::shared_ptr<DatagramRing> ring) {
  abroad_[port] = {worker, std::move(ring)};
  for_each_route([&](Route& route) {
    if (route.transport == &transport) route = abroad(port);
  });
}

void WebRtcRoutes::send_on(PortId port, size_t worker, std::shared_ptr<DatagramRing> ring) {
  if (!abroad_.contains(port)) return;
  abroad_[port] = {worker, std::move(ring)};
  for_each_route([&](Route& route) {
    if (route.port == port) route = abroad(port);
  });
}

void WebRtcRoutes::forget(PortId port) {
  if (abroad_.erase(port) == 0) return;
  const auto its = [&](const auto& entry) { return entry.second.port == port; };
  std::erase_if(by_address_, its);
  std::erase_if(by_ufrag_, its);
  std::erase_if(by_ssrc_, its);
}

WebRtcRoutes::Route WebRtcRoutes::abroad(PortId port) const {
  const Away& away = abroad_.at(port);
  return {nullptr, port, away.ring.get(), away.worker};
}

void WebRtcRoutes::add_address(const SocketAddress& from, PortId port) {
  if (abroad_.contains(port)) by_address_[from] = abroad(port);
}

void WebRtcRoutes::remove_address(const SocketAddress& from, PortId port) {
  const auto found = by_address_.find(from);
  if (found != by_address_.end() && found->second.port == port) by_address_.erase(found);
}

void WebRtcRoutes::add_ufrag(const std::string& ufrag, PortId port) {
  if (abroad_.contains(port)) by_ufrag_[ufrag] = abroad(port);
}

void WebRtcRoutes::remove_ufrag(const std::string& ufrag, PortId port) {
  const auto found = by_ufrag_.find(ufrag);
  if (found != by_ufrag_.end() && found->second.port == port) by_ufrag_.erase(found);
}

void WebRtcRoutes::add_ssrc(uint32_t ssrc, PortId port) {
  if (abroad_.contains(port)) by_ssrc_.try_emplace(ssrc, abroad(port));
}

void WebRtcRoutes::remove_ssrc(uint32_t ssrc, PortId port) {
  const auto found = by_ssrc_.find(ssrc);
  if (found != by_ssrc_.end() && found->second.port == port) by_ssrc_.erase(found);
}

}  // namespace gw::media
