#include "media/engine/engine_port.h"

namespace gw::media {

MediaPort::Surroundings EnginePort::own(const MediaPort::Surroundings& around) {
  return {around.pool, counters_, around.clock, around.random, *this, around.earliest};
}

void EnginePort::publish(bool speaks, MediaCounters& counters) {
  counters.take(counters_);
  if (const StreamPort* port = stream()) {
    PortStats stats = port->stats();
    stats.speaks = speaks;
    return board_->write(stats, std::nullopt, {});
  }
  const MediaPort* port = media();
  if (port == nullptr) return;
  PortStats stats = port->stats();
  stats.speaks = speaks;
  board_->write(stats, port->codec(), port->srtp());
}

void EnginePort::leave_worker(MediaCounters& counters) {
  publish(false, counters);
  if (MediaPort* port = media()) port->leave_worker();
}

void EnginePort::enter_worker(const MediaPort::Surroundings& around) {
  worker_ = &around.observer;
  enter(around.pool, around.earliest, around.clock.now());
}

PhonePort::PhonePort(AddPhonePort command, MediaPort::Settings settings, const DtlsContext& dtls,
                     const MediaPort::Surroundings& around)
    : EnginePort(command.port, command.session, std::move(command.board), around.observer),
      sockets_(std::move(command.sockets)),
      transport_({*sockets_.rtp, *sockets_.rtcp, counters_, port_, dtls}),
      port_(std::move(settings), own(around), transport_) {
  sockets_.rtp->count_in(&counters_);
  sockets_.rtcp->count_in(&counters_);
}

void PhonePort::negotiate(const wire::StreamParameters& parameters, TimePoint now) {
  transport_.set_remote(parameters, now);
  port_.negotiate(parameters, now);
}

void PhonePort::leave(TimePoint now) {
  port_.leave(now);
  transport_.close();
}

BrowserPort::BrowserPort(AddBrowserPort command, MediaPort::Settings settings, const Wiring& wiring,
                         const MediaPort::Surroundings& around)
    : EnginePort(command.port, command.session, std::move(command.board), around.observer),
      home_(wiring.home),
      transport_({wiring.dtls, wiring.directory, counters_, port_, around.random},
                 std::move(command.ice), around.clock.now()),
      port_(std::move(settings), own(around), transport_) {}

void BrowserPort::negotiate(const wire::StreamParameters& parameters, TimePoint now) {
  if (parameters.remote_ice) transport_.set_peer_ice(*parameters.remote_ice);
  if (parameters.dtls) transport_.set_remote(*parameters.dtls, now);
  port_.negotiate(parameters, now);
}

void BrowserPort::leave(TimePoint now) {
  port_.leave(now);
  transport_.close();
}

}  // namespace gw::media
