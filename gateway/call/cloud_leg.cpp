#include "gateway/call/cloud_leg.h"

#include <algorithm>
#include <utility>

namespace gw {
namespace {

using acs::cloud::CloudCall;
using policy::Cause;
using policy::HangupCause;

// ACS rings 30 s from before its event reached us; an answer takes a round trip.
constexpr Duration kRings = 26s;
constexpr Duration kAnswerAtMost = 28s;
constexpr Duration kAnswerAtLeast = 2s;
constexpr Duration kMediaWait = 10s;  // For the WebSocket: the first time, and after a cut.

}  // namespace

CloudLeg::CloudLeg(Services& services, LegObserver& call, Log log, policy::Party party,
                   Outgoing outgoing, SessionId session)
    : services_(services),
      call_(&call),
      log_(std::move(log)),
      party_(std::move(party)),
      outgoing_(std::move(outgoing)),
      session_(session) {}

CloudLeg::CloudLeg(Services& services, LegObserver& call, Log log, policy::Party party,
                   acs::cloud::IncomingCall incoming, SessionId session)
    : services_(services),
      call_(&call),
      log_(std::move(log)),
      party_(std::move(party)),
      incoming_(std::move(incoming)),
      session_(session) {}

CloudLeg::~CloudLeg() {
  for (TimerId* timer : {&ring_timer_, &media_timer_, &transfer_timer_})
    services_.loop.cancel(*timer);
  if (!line_.connection) return;
  line_.connection->observe(nullptr);
  services_.cloud->release(line_.token);
}

Result<void> CloudLeg::open(CloudCall::Direction direction) {
  line_ = services_.cloud->open(direction, log_);
  line_.own_id = outgoing_ ? outgoing_->source : incoming_->to;
  auto audio = services_.cloud->open_audio(line_, session_, *this, log_);
  if (!audio) return tl::unexpected(audio.error());
  audio_ = std::move(*audio);
  line_.connection->observe(this);
  line_.connection->set_other_party(outgoing_ ? outgoing_->target : incoming_->from);
  return {};
}

Result<void> CloudLeg::start() {
  if (auto opened = open(CloudCall::Direction::WeCall); !opened) return opened;
  line_.connection->create({.target = outgoing_->target,
                            .source = outgoing_->source,
                            .source_display_name = outgoing_->source_display_name,
                            .source_number = outgoing_->source_number,
                            .operation_context = "",
                            .callback_uri = line_.callback_uri,
                            .media = line_.media});
  log_.info("acs was asked for a call", {{"target", Masked(outgoing_->target)}});
  return {};
}

Result<void> CloudLeg::prepare() {
  if (auto opened = open(CloudCall::Direction::WeAreCalled); !opened) return opened;
  line_.connection->offer(incoming_->context);
  rings_until_ = services_.clock.now() + kAnswerAtMost;
  arm(ring_timer_, kRings, &CloudLeg::on_rang_out);
  return {};
}

void CloudLeg::transfer(const std::string& target, const std::string& source_number,
                        TransferDone done, Duration wait) {
  if (ended_ || !line_.connection) return done(fail(ErrorCode::Conflict, "the call is over"));
  if (transfer_done_) {
    return done(fail(ErrorCode::Conflict, "another transfer of this call is under way"));
  }
  transfer_done_ = std::move(done);
  arm(transfer_timer_, wait, &CloudLeg::on_transfer_wait);
  line_.connection->transfer(target, source_number);
}

void CloudLeg::tell_transferor(const Result<void>& outcome) {
  services_.loop.cancel(transfer_timer_);
  if (auto done = std::exchange(transfer_done_, nullptr)) done(outcome);
}

bool CloudLeg::reaches_number() const {
  return (outgoing_ ? outgoing_->target : incoming_->from).starts_with("4:");
}

Result<void> CloudLeg::answer(const std::vector<media::Codec>&) {
  if (ended_ || std::exchange(answered_, true)) return {};
  services_.loop.cancel(ring_timer_);
  const Duration left = std::max<Duration>(rings_until_ - services_.clock.now(), kAnswerAtLeast);
  line_.connection->answer({.incoming_call_context = "",
                            .answered_by = "",
                            .operation_context = "",
                            .callback_uri = line_.callback_uri,
                            .media = line_.media},
                           left);
  wait_for_media(Cause::MediaNeverConnected, left + kMediaWait);
  return {};
}

void CloudLeg::end(const HangupCause& cause, bool by_remote) {
  if (ended_) return;
  ended_ = true;
  tell_transferor(fail(ErrorCode::Conflict, "the call ended first"));
  for (TimerId* timer : {&ring_timer_, &media_timer_, &transfer_timer_})
    services_.loop.cancel(*timer);
  if (!line_.connection) return;
  line_.connection->observe(nullptr);
  line_.connection->hang_up(cause);
  log_.info("leg was ended", {{"cause", policy::to_string(cause.cause)}, {"by_remote", by_remote}});
}

std::vector<PortId> CloudLeg::ports() const {
  return audio_ ? std::vector<PortId>{audio_->port()} : std::vector<PortId>{};
}

void CloudLeg::on_media(const media::MediaEvent& event) {
  if (const auto* digit = std::get_if<media::DigitToSend>(&event)) {
    line_.connection->send_digits(std::string_view(&digit->digit, 1));
  } else if (const auto* key = std::get_if<media::DigitReceived>(&event)) {
    log_.info("digit was received",
              {{"length_ms", to_ms(key->duration)}, {"in_band", key->in_band}});
  }
}

void CloudLeg::move_to(LegObserver& call, SessionId session) {
  call_ = &call;
  session_ = session;
  if (audio_) audio_->move_to(session);
}

void CloudLeg::on_cloud_ringing() {
  if (!ended_) call_->on_ringing(*this);
}

void CloudLeg::on_cloud_connected() {
  if (ended_) return;
  log_.info("acs connected the call");
  wait_for_media(Cause::MediaNeverConnected, kMediaWait);
  if (incoming_) return;  // The phone has long answered.
  answered_ = true;
  call_->on_answered(*this);
}

void CloudLeg::on_cloud_media(bool up) {
  if (ended_ || media_up_ == up) return;
  media_up_ = up;
  if (up) {
    services_.loop.cancel(media_timer_);
    call_->on_media_ready(*this);
    return;
  }
  log_.warn("acs's media connection was lost");
  wait_for_media(Cause::MediaLost, kMediaWait);
}

void CloudLeg::wait_for_media(Cause otherwise, Duration at_most) {
  if (media_up_) return;
  without_media_ = otherwise;
  arm(media_timer_, at_most, &CloudLeg::on_no_media);
}

void CloudLeg::on_no_media() {
  give_up({without_media_, 0, 0, "acs's media WebSocket did not come"});
}

void CloudLeg::set_remote_hold(bool on) {
  if (audio_) audio_->hold(on);
}

void CloudLeg::on_audio(bool up) {
  if (!ended_) line_.connection->on_media(up);
}

void CloudLeg::on_audio_failed(const Error& why) {
  if (!ended_) give_up({Cause::MediaNeverConnected, 0, 0, why.detail});
}

void CloudLeg::on_audio_key(char key) {
  if (!ended_) audio_->receive_key(key);
}

// We end it, there and here.
void CloudLeg::give_up(const HangupCause& cause) {
  line_.connection->observe(nullptr);
  line_.connection->hang_up(cause);
  finish(cause);
}

void CloudLeg::on_cloud_transfer(const Result<void>& taken) {
  if (ended_) return;
  tell_transferor(taken);
  if (taken) finish({Cause::NormalClearing, 0, 0, "transferred"});
}

void CloudLeg::on_cloud_ended(const HangupCause& cause) {
  finish(cause);
}

// Nobody tells that an unanswered caller gave up; after 30 s they have.
void CloudLeg::on_rang_out() {
  give_up({Cause::NoAnswer, 0, 0, "acs rings 30 s"});
}

void CloudLeg::finish(const HangupCause& cause) {
  if (ended_) return;
  ended_ = true;
  tell_transferor(fail(ErrorCode::Conflict, "the call ended first"));
  for (TimerId* timer : {&ring_timer_, &media_timer_, &transfer_timer_})
    services_.loop.cancel(*timer);
  log_.info("party ended the call",
            {{"cause", policy::to_string(cause.cause)}, {"why", cause.detail}});
  call_->on_ended(*this, cause);
}

void CloudLeg::arm(TimerId& timer, Duration delay, void (CloudLeg::*then)()) {
  services_.loop.cancel(timer);
  timer = services_.loop.after(delay, [this, then] { (this->*then)(); });
}

}  // namespace gw
