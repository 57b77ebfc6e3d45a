// What a MediaWorker does when it is told to; its loop is in media_worker.cpp.
#include <sys/epoll.h>

#include <algorithm>

#include "media/engine/media_worker.h"

namespace gw::media {

void MediaWorker::take(MediaCommand command) {
  const TimePoint now = setup_.clock.now();
  std::visit([&](auto& c) { on_command(c, now); }, command);
}

EnginePort* MediaWorker::find(PortId id) {
  const auto found = ports_.find(id);
  return found == ports_.end() ? nullptr : found->second->port.get();
}

MediaPort::Settings MediaWorker::settings(PortId id, uint32_t ssrc, std::string cname,
                                          bool phone) const {
  MediaPort::Settings s;
  s.id = id;
  s.ssrc = ssrc;
  s.cname = std::move(cname);
  s.opus.complexity = governor_.complexity();
  s.opus.bitrate = setup_.config.opus_bitrate;
  s.media_timeout = setup_.config.media_timeout;
  s.fills_silence = phone;
  return s;
}

MediaPort::Surroundings MediaWorker::surroundings() {
  return {pool_, counters_, setup_.clock, setup_.random, *this, earliest_};
}

void MediaWorker::keep(PortId id, std::unique_ptr<Watched> watched) {
  schedule_.push_back(watched->port.get());
  ports_.emplace(id, std::move(watched));
}

void MediaWorker::on_command(AddPhonePort& command, TimePoint) {
  const PortId id = command.port;
  auto watched = std::make_unique<Watched>();
  auto how = settings(id, command.ssrc, std::move(command.cname), true);
  how.dtmf = command.dtmf;
  auto port = std::make_unique<PhonePort>(std::move(command), std::move(how), surroundings());
  watched->rtp = {.kind = Watch::Kind::PhoneRtp, .socket = &port->rtp(), .phone = port.get()};
  watched->rtcp = {.kind = Watch::Kind::PhoneRtcp, .socket = &port->rtcp(), .phone = port.get()};
  watch_input(epoll_, port->rtp().fd(), &watched->rtp);
  watch_input(epoll_, port->rtcp().fd(), &watched->rtcp);
  watched->port = std::move(port);
  keep(id, std::move(watched));
}

void MediaWorker::on_command(AddBrowserPort& command, TimePoint) {
  const PortId id = command.port;
  auto watched = std::make_unique<Watched>();
  auto how = settings(id, command.ssrc, std::move(command.cname), false);
  watched->port = std::make_unique<BrowserPort>(
      std::move(command), std::move(how), BrowserPort::Wiring{setup_.dtls, *this}, surroundings());
  keep(id, std::move(watched));
}

void MediaWorker::on_command(AddEchoPort& command, TimePoint) {
  auto watched = std::make_unique<Watched>();
  watched->port = std::make_unique<EchoUserPort>(command, earliest_);
  keep(command.port, std::move(watched));
}

void MediaWorker::on_command(RemovePort& command, TimePoint now) {
  remove(command.port, now);
}

void MediaWorker::remove(PortId id, TimePoint now) {
  const auto found = ports_.find(id);
  if (found == ports_.end()) return;
  EnginePort& port = *found->second->port;
  unwire(port, now);
  port.leave(now);
  port.publish();
  const PortStats last = port.board().read();
  std::erase(schedule_, &port);
  if (auto* browser = dynamic_cast<BrowserPort*>(&port)) {
    std::erase_if(dtls_queue_, [&](const PendingDtls& pending) {
      return pending.transport == &browser->transport();
    });
    tcp_.leave(browser->transport());
    tcp_.bury();
  }
  ports_.erase(found);  // Closing a descriptor takes it out of epoll.
  setup_.events(PortClosed{id, last});
}

void MediaWorker::unwire(EnginePort& port, TimePoint now) {
  if (!port.relay) return;
  const std::shared_ptr<Relay> relay = port.relay;
  relay->unwire(now);
  for (EnginePort* candidate : schedule_) {
    if (candidate->relay == relay) candidate->relay.reset();
  }
}

void MediaWorker::on_command(ApplyNegotiation& command, TimePoint now) {
  if (EnginePort* port = find(command.port)) port->negotiate(command.parameters, now);
}

void MediaWorker::on_command(RestartIce& command, TimePoint now) {
  if (EnginePort* port = find(command.port)) port->restart_ice(std::move(command.ice), now);
}

void MediaWorker::on_command(ConnectPorts& command, TimePoint now) {
  EnginePort* a = find(command.a);
  EnginePort* b = find(command.b);
  if (a == nullptr || b == nullptr || a == b) return;
  if (a->relay && a->relay == b->relay) return;  // They are.
  unwire(*a, now);
  unwire(*b, now);
  a->relay = b->relay = std::make_shared<Relay>(a->sound(), b->sound(), now);
  a->reopen_latch(now);
  b->reopen_latch(now);
}

void MediaWorker::on_command(DisconnectPort& command, TimePoint now) {
  if (EnginePort* port = find(command.port)) unwire(*port, now);
}

void MediaWorker::on_command(SetHeld& command, TimePoint now) {
  EnginePort* port = find(command.port);
  if (port == nullptr || port->media() == nullptr) return;
  port->media()->set_held(command.held, now);
  if (!command.held) port->reopen_latch(now);
}

void MediaWorker::on_command(SetMuted& command, TimePoint now) {
  EnginePort* port = find(command.port);
  if (port != nullptr && port->media() != nullptr) port->media()->set_muted(command.muted, now);
}

void MediaWorker::on_command(PlayRingback& command, TimePoint now) {
  EnginePort* port = find(command.port);
  if (port != nullptr && port->media() != nullptr) port->media()->set_ringback(command.on, now);
}

void MediaWorker::on_command(SendDigits& command, TimePoint now) {
  EnginePort* port = find(command.port);
  if (port == nullptr || port->media() == nullptr) return;
  port->media()->send_digits(command.digits, command.length, command.gap, now);
}

void MediaWorker::on_command(ReceiveDigit& command, TimePoint now) {
  EnginePort* port = find(command.port);
  if (port != nullptr && port->media() != nullptr) port->media()->receive_info(command.key, now);
}

void MediaWorker::on_command(StopWorker&, TimePoint) {
  running_ = false;
}

}  // namespace gw::media
