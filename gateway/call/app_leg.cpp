#include "gateway/call/app_leg.h"

#include <utility>

namespace gw {

using policy::Cause;
using policy::HangupCause;

AppLeg::AppLeg(Services& services, LegObserver& call, Log log, policy::Party party,
               SessionId session, AppDriver& driver, Duration ring_timeout)
    : services_(services),
      call_(&call),
      log_(std::move(log)),
      party_(std::move(party)),
      session_(session),
      driver_(driver),
      ring_timeout_(ring_timeout) {}

AppLeg::~AppLeg() {
  stop_timer();
  be_over();
}

Result<void> AppLeg::open() {
  auto port = services_.media.add_clip_port(session_, {});
  if (!port) return tl::unexpected(port.error());
  port_ = *port;
  return {};
}

Result<void> AppLeg::start() {
  ring_timer_ = services_.loop.after(ring_timeout_, [this] {
    log_.info("application did not answer in time");
    leave({Cause::NoAnswer, 0, 0, "the application did not answer in time"});
  });
  auto opened = open();
  if (!opened) end({}, false);
  return opened;
}

void AppLeg::accept() {
  if (ended_) return;
  stop_timer();
  call_->on_answered(*this);
}

void AppLeg::leave(const HangupCause& cause) {
  if (ended_) return;
  stop_timer();
  be_over();
  call_->on_ended(*this, cause);
}

void AppLeg::end(const HangupCause&, bool) {
  stop_timer();
  be_over();
}

void AppLeg::be_over() {
  if (!std::exchange(ended_, true)) driver_.on_leg_over(*this);
}

void AppLeg::on_media(const media::MediaEvent& event) {
  if (const auto* ended = std::get_if<media::ClipEnded>(&event)) {
    driver_.on_clip_ended(*this, ended->serial);
  }
}

void AppLeg::move_to(LegObserver& call, SessionId session) {
  call_ = &call;
  session_ = session;
}

void AppLeg::stop_timer() {
  services_.loop.cancel(std::exchange(ring_timer_, {}));
}

}  // namespace gw
