#include "acs/cloud/cloud_call.h"

#include <utility>

namespace gw::acs::cloud {

using State = CloudCall::State;
using EventKind = CallEvent::Kind;

std::string_view to_string(State state) {
  switch (state) {
    case State::New: return "new";
    case State::Creating: return "creating";
    case State::Ringing: return "ringing";
    case State::Offered: return "offered";
    case State::Answering: return "answering";
    case State::Connected: return "connected";
    case State::Ended: return "ended";
  }
  return "?";
}

// One call has one connection: another's events are not ours.
bool CloudCall::take_id(const std::string& connection_id) {
  if (connection_id_.empty()) connection_id_ = connection_id;
  return connection_id_ == connection_id;
}

void CloudCall::create_was_sent() {
  state_ = State::Creating;
  request_out_ = true;
}

CloudCall::Actions CloudCall::on_created(const std::string& connection_id) {
  request_out_ = false;
  if (!take_id(connection_id)) return {};
  if (state_ == State::Ended) {
    if (!std::exchange(terminate_due_, false) || std::exchange(terminated_, true)) return {};
    return {SendTerminate{connection_id_}};
  }
  if (state_ != State::Creating) return {};  // CallConnected was quicker.
  state_ = State::Ringing;
  if (std::exchange(rang_, true)) return {};
  return {TellRinging{}};  // The service has no word for ringing: accepted is as near as it gets.
}

CloudCall::Actions CloudCall::answer() {
  if (state_ != State::Offered) return {};
  state_ = State::Answering;
  request_out_ = true;
  return {SendAnswer{}};
}

CloudCall::Actions CloudCall::on_answered(const std::string& connection_id) {
  request_out_ = false;
  if (!take_id(connection_id)) return {};
  if (state_ != State::Ended) return {};
  if (!std::exchange(terminate_due_, false) || std::exchange(terminated_, true)) return {};
  return {SendTerminate{connection_id_}};
}

CloudCall::Actions CloudCall::on_request_failed(const ApiError& error) {
  request_out_ = false;
  if (state_ == State::Ended || state_ == State::Connected) return {};
  // Nobody knows what became of a request without an answer: should its call come to life, its
  // first event finds the call ended, and it is terminated.
  return ended({}, error);
}

CloudCall::Actions CloudCall::connected() {
  if (state_ == State::Connected) return {};
  state_ = State::Connected;
  Actions actions{TellConnected{}};
  if (media_up_) actions.emplace_back(TellMediaReady{});
  return actions;
}

CloudCall::Actions CloudCall::ended(const ResultInformation& result,
                                    std::optional<ApiError> error) {
  if (state_ == State::Ended) return {};
  state_ = State::Ended;
  return {TellEnded{result, std::move(error)}};
}

// A call that came to life after we gave it up must not stay at the service.
CloudCall::Actions CloudCall::after_the_end(const CallEvent& event) {
  const bool lives = event.kind == EventKind::CallConnected ||
                     event.kind == EventKind::ParticipantsUpdated ||
                     event.kind == EventKind::MediaStreamingStarted;
  if (event.kind == EventKind::CallDisconnected || event.kind == EventKind::CreateCallFailed ||
      event.kind == EventKind::AnswerFailed) {
    terminated_ = true;
  }
  if (!lives || std::exchange(terminated_, true)) return {};
  terminate_due_ = false;
  return {SendTerminate{connection_id_}};
}

CloudCall::Actions CloudCall::on_event(const CallEvent& event) {
  if (state_ == State::New || state_ == State::Offered || !take_id(event.connection_id)) return {};
  if (state_ == State::Ended) return after_the_end(event);
  switch (event.kind) {
    case EventKind::CallConnected: return connected();
    case EventKind::CallDisconnected:
    case EventKind::CreateCallFailed:
    case EventKind::AnswerFailed: terminated_ = true; return ended(event.result);
    case EventKind::ParticipantsUpdated:
      if (event.sequence >= participants_sequence_) {
        participants_sequence_ = event.sequence;
        participants_ = event.participants;
      }
      return {};
    case EventKind::CallTransferAccepted:
      if (state_ != State::Connected) return {};
      // The service ends our connection of itself; should it not, release() does.
      state_ = State::Ended;
      return {TellTransferred{}};
    case EventKind::CallTransferFailed: return {TellTransferFailed{event.result}};
    case EventKind::MediaStreamingFailed: return media_failed(event);
    case EventKind::SendDtmfTonesCompleted:
    case EventKind::SendDtmfTonesFailed:
    case EventKind::ToneReceived:
    case EventKind::MediaStreamingStarted:
    case EventKind::MediaStreamingStopped:
    case EventKind::Other: return {};
  }
  return {};
}

// Without sound this is no call. One that had it, gets another chance; how long it may wait for it
// is its owner's to say.
CloudCall::Actions CloudCall::media_failed(const CallEvent& event) {
  if (media_up_) return {};  // Old news: the socket came again before the word of its loss.
  if (media_was_up_) return {SendStartMedia{}};
  state_ = State::Ended;
  terminated_ = true;
  ApiError error{ErrorCode::Unavailable, 0, "",
                 "the service could not reach our WebSocket: " + event.result.message};
  return {SendTerminate{connection_id_}, TellEnded{event.result, std::move(error)}};
}

CloudCall::Actions CloudCall::on_media(bool up) {
  media_was_up_ = media_was_up_ || up;
  if (std::exchange(media_up_, up) == up || state_ != State::Connected) return {};
  if (up) return {TellMediaReady{}};
  return {TellMediaBroken{}};
}

CloudCall::Actions CloudCall::hang_up(std::optional<RejectReason> reason) {
  const State before = std::exchange(state_, State::Ended);
  switch (before) {
    case State::New:
    case State::Ended: return {};
    case State::Offered:
      if (!reason) return {};
      return {SendReject{*reason}};
    case State::Creating:
    case State::Ringing:
    case State::Answering:
    case State::Connected: break;
  }
  if (connection_id_.empty()) {
    terminate_due_ = true;
    return {};
  }
  terminated_ = true;
  return {SendTerminate{connection_id_}};
}

CloudCall::Actions CloudCall::release() {
  if (state_ != State::Ended || connection_id_.empty() || std::exchange(terminated_, true))
    return {};
  return {SendTerminate{connection_id_}};
}

}  // namespace gw::acs::cloud
