// What a MediaWorker does when it is told to; its loop is in media_worker.cpp.
#include <sys/epoll.h>

#include <algorithm>

#include "media/engine/media_worker.h"

namespace gw::media {

void MediaWorker::take(MediaCommand command) {
  if (awaited(command)) {
    parked_.push_back(std::move(command));
    return;
  }
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
  s.conceals = setup_.config.conceals;
  s.fills_silence = phone;
  return s;
}

MediaPort::Surroundings MediaWorker::surroundings() {
  return {pool_, counters_, setup_.clock, setup_.random, *this, earliest_};
}

void MediaWorker::keep(std::unique_ptr<EnginePort> port) {
  auto watched = std::make_unique<Watched>();
  if (auto* phone = dynamic_cast<PhonePort*>(port.get())) {
    watched->rtp = {.kind = Watch::Kind::PhoneRtp, .socket = &phone->rtp(), .phone = phone};
    watched->rtcp = {.kind = Watch::Kind::PhoneRtcp, .socket = &phone->rtcp(), .phone = phone};
    phone->rtp().leave_by(&sends_);
    phone->rtcp().leave_by(&sends_);
    watch_input(epoll_, phone->rtp().fd(), &watched->rtp);
    watch_input(epoll_, phone->rtcp().fd(), &watched->rtcp);
  }
  const PortId id = port->id();
  schedule_.push_back(port.get());
  watched->port = std::move(port);
  ports_.emplace(id, std::move(watched));
}

void MediaWorker::on_command(AddPhonePort& command, TimePoint) {
  auto how = settings(command.port, command.ssrc, std::move(command.cname), true);
  how.dtmf = command.dtmf;
  how.playout = command.playout;
  keep(
      std::make_unique<PhonePort>(std::move(command), std::move(how), setup_.dtls, surroundings()));
}

void MediaWorker::on_command(AddBrowserPort& command, TimePoint) {
  auto how = settings(command.port, command.ssrc, std::move(command.cname), false);
  keep(std::make_unique<BrowserPort>(std::move(command), std::move(how),
                                     BrowserPort::Wiring{setup_.dtls, routes_, setup_.index},
                                     surroundings()));
}

void MediaWorker::on_command(AddEchoPort& command, TimePoint) {
  keep(std::make_unique<EchoUserPort>(command, surroundings()));
}

void MediaWorker::on_command(AddStreamPort& command, TimePoint) {
  keep(std::make_unique<StreamingPort>(std::move(command), surroundings()));
}

void MediaWorker::on_command(AddClipPort& command, TimePoint) {
  keep(std::make_unique<ApplicationPort>(command, surroundings()));
}

void MediaWorker::on_command(PlayClip& command, TimePoint now) {
  EnginePort* port = find(command.port);
  if (port == nullptr || port->clips() == nullptr) return;
  port->clips()->play(std::move(command.order), now);
}

void MediaWorker::on_command(RemovePort& command, TimePoint now) {
  remove(command.port, now);
}

void MediaWorker::remove(PortId id, TimePoint now) {
  const auto found = ports_.find(id);
  if (found == ports_.end()) return;
  EnginePort& port = *found->second->port;
  if (MediaSession* conversation = session_of(port)) {
    conversation->leave(id, now);
    look_at(port.session());
  }
  port.leave(now);
  sends_.flush();  // Its last words, by its sockets, into its counters.
  port.publish(false, counters_);
  const PortStats last = port.board().read();
  std::erase(schedule_, &port);
  std::erase_if(dtls_queue_,
                [&](const PendingDtls& pending) { return pending.receiver == port.dtls(); });
  if (auto* browser = dynamic_cast<BrowserPort*>(&port)) {
    if (browser->home() != setup_.index) {
      workers_[browser->home()]->post(RouteBrowser{id, RouteBrowser::What::Forget, {}, {}, 0, 0});
    }
    tcp_.leave(browser->transport());
    tcp_.bury();
  }
  ports_.erase(found);  // Closing a descriptor takes it out of epoll.
  setup_.events(PortClosed{id, last});
}

MediaSession* MediaWorker::session_of(const EnginePort& port) {
  const auto found = sessions_.find(port.session());
  return found == sessions_.end() ? nullptr : found->second.get();
}

MediaSession& MediaWorker::session(SessionId id) {
  auto& slot = sessions_[id];
  if (!slot) slot = std::make_unique<MediaSession>(id, earliest_, *this);
  return *slot;
}

// After whatever may have changed who talks with whom.
void MediaWorker::look_at(SessionId id) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  MediaSession* const conversation = found->second.get();
  std::erase(mixing_, conversation);
  if (conversation->mixes()) mixing_.push_back(conversation);
  if (conversation->size() == 0) sessions_.erase(found);
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
  if (a == nullptr || b == nullptr || a == b || a->session() != b->session()) return;
  MediaSession& conversation = session(a->session());
  if (conversation.size() == 2 && conversation.talks(a->id()) && conversation.talks(b->id())) {
    return;  // They do.
  }
  conversation.part(now);
  for (EnginePort* port : {a, b}) {
    conversation.join(port->id(), port->sound(), now);
    port->reopen_latch(now);
  }
  look_at(conversation.id());
}

void MediaWorker::on_command(JoinPort& command, TimePoint now) {
  EnginePort* port = find(command.port);
  if (port == nullptr) return;
  MediaSession& conversation = session(port->session());
  if (conversation.talks(port->id())) return;
  conversation.join(port->id(), port->sound(), now);
  port->reopen_latch(now);
  look_at(conversation.id());
}

void MediaWorker::on_command(DisconnectPort& command, TimePoint now) {
  EnginePort* port = find(command.port);
  MediaSession* conversation = port == nullptr ? nullptr : session_of(*port);
  if (conversation == nullptr) return;
  conversation->leave(port->id(), now);
  look_at(port->session());
}

void MediaWorker::on_command(MergeSessions& command, TimePoint now) {
  for (EnginePort* port : schedule_) {
    if (port->session() == command.from) port->join(command.into);
  }
  if (const auto from = sessions_.find(command.from); from != sessions_.end()) {
    session(command.into).take_over(*from->second, now);
  }
  look_at(command.from);
  look_at(command.into);
}

void MediaWorker::on_command(SetHeld& command, TimePoint now) {
  EnginePort* port = find(command.port);
  if (port == nullptr) return;
  if (StreamPort* stream = port->stream()) return stream->set_held(command.held);
  if (port->media() == nullptr) return;
  port->media()->set_held(command.held, now);
  if (!command.held) port->reopen_latch(now);
}

void MediaWorker::on_command(SetMuted& command, TimePoint now) {
  EnginePort* port = find(command.port);
  if (port == nullptr) return;
  if (StreamPort* stream = port->stream()) return stream->set_muted(command.muted);
  if (port->media() != nullptr) port->media()->set_muted(command.muted, now);
}

void MediaWorker::on_command(PlayRingback& command, TimePoint now) {
  EnginePort* port = find(command.port);
  if (port != nullptr && port->media() != nullptr) port->media()->set_ringback(command.on, now);
}

void MediaWorker::on_command(SendDigits& command, TimePoint now) {
  EnginePort* port = find(command.port);
  if (port == nullptr) return;
  if (StreamPort* stream = port->stream()) return stream->send_keys(command.digits, command.length);
  if (port->media() == nullptr) return;
  port->media()->send_digits(command.digits, command.length, command.gap, now);
}

void MediaWorker::on_command(ReceiveDigit& command, TimePoint now) {
  EnginePort* port = find(command.port);
  if (port == nullptr) return;
  if (StreamPort* stream = port->stream()) return stream->receive_key(command.key, now);
  if (port->media() != nullptr) port->media()->receive_info(command.key, now);
}

void MediaWorker::on_command(StopWorker&, TimePoint) {
  running_ = false;
}

}  // namespace gw::media
