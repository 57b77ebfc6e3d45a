#include "media/engine/engine_port.h"

namespace gw::media {

void EnginePort::publish() {
  if (const MediaPort* port = media()) board_->write(port->stats(), port->codec(), port->srtp());
}

PhonePort::PhonePort(AddPhonePort command, MediaPort::Settings settings,
                     const MediaPort::Surroundings& around)
    : EnginePort(command.port, std::move(command.board)),
      sockets_(std::move(command.sockets)),
      transport_({*sockets_.rtp, *sockets_.rtcp, around.counters, port_}),
      port_(std::move(settings), around, transport_) {
  sockets_.rtp->count_in(&around.counters);
  sockets_.rtcp->count_in(&around.counters);
}

void PhonePort::negotiate(const wire::StreamParameters& parameters, TimePoint now) {
  transport_.set_remote(parameters, now);
  port_.negotiate(parameters, now);
}

BrowserPort::BrowserPort(AddBrowserPort command, MediaPort::Settings settings, const Wiring& wiring,
                         const MediaPort::Surroundings& around)
    : EnginePort(command.port, std::move(command.board)),
      transport_({wiring.dtls, wiring.directory, around.counters, port_}, std::move(command.ice),
                 around.clock.now()),
      port_(std::move(settings), around, transport_) {}

void BrowserPort::negotiate(const wire::StreamParameters& parameters, TimePoint now) {
  if (parameters.dtls) transport_.set_remote(*parameters.dtls, now);
  port_.negotiate(parameters, now);
}

void BrowserPort::leave(TimePoint now) {
  port_.leave(now);
  transport_.close();
}

}  // namespace gw::media
