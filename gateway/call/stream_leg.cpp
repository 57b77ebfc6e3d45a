#include "gateway/call/stream_leg.h"

#include <utility>

namespace gw {

using policy::Cause;
using policy::HangupCause;

StreamLeg::StreamLeg(Services& services, LegObserver& call, Log log, Setup setup)
    : services_(services),
      call_(&call),
      log_(log),
      setup_(std::move(setup)),
      stream_(services, *this, log_, setup_.session, setup_.spec) {}

StreamLeg::~StreamLeg() {
  stop_waiting();
}

Result<void> StreamLeg::start() {
  if (auto opened = stream_.open(); !opened) return opened;
  if (!setup_.url.empty()) stream_.dial(setup_.url, setup_.headers);
  return {};
}

std::vector<PortId> StreamLeg::ports() const {
  if (!port()) return {};
  return {port()};
}

void StreamLeg::end(const HangupCause& cause, bool by_remote) {
  if (std::exchange(ended_, true)) return;
  stop_waiting();
  if (stream()) stream()->close();
  log_.info("leg was ended", {{"cause", policy::to_string(cause.cause)}, {"by_remote", by_remote}});
}

void StreamLeg::finish(const HangupCause& cause) {
  if (std::exchange(ended_, true)) return;
  stop_waiting();
  if (stream()) stream()->close();
  call_->on_ended(*this, cause);
}

void StreamLeg::on_media(const media::MediaEvent& event) {
  if (const auto* key = std::get_if<media::DigitToSend>(&event))
    send_key(key->digit, key->duration);
}

void StreamLeg::send_key(char key, Duration) {
  stream_.press(key, {});
}

void StreamLeg::move_to(LegObserver& call, SessionId session) {
  call_ = &call;
  stream_.move_to(session);
}

void StreamLeg::on_stream_open() {
  if (ended_) return;
  stop_waiting();
  up_ = true;
  log_.info(answered_ ? "media stream was restored" : "media stream was opened");
  if (std::exchange(answered_, true)) return;
  call_->on_answered(*this);
  if (!ended_) call_->on_media_ready(*this);
}

void StreamLeg::on_stream_interrupted(uint16_t code) {
  if (ended_) return;
  up_ = false;
  log_.warn("media stream was interrupted", {{"code", code}});
  if (!setup_.url.empty()) return;
  stop_waiting();
  reconnect_timer_ = services_.loop.after(kReconnect, [this] {
    reconnect_timer_ = {};
    finish({Cause::MediaLost, 0, 0, "the media stream did not come back"});
  });
}

void StreamLeg::on_stream_closed(const Error& why) {
  finish({answered_ ? Cause::MediaLost : Cause::Unavailable, 0, 0, why.detail});
}

void StreamLeg::on_stream_key(char key, const std::string&) {
  if (!ended_) stream_.receive_key(key, kKeyLength);
}

void StreamLeg::stop_waiting() {
  if (reconnect_timer_) services_.loop.cancel(std::exchange(reconnect_timer_, {}));
}

}  // namespace gw
