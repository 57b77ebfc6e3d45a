// The other half of AppConnection: what an application asks of its call.
#include <algorithm>
#include <utility>

#include "gateway/call/app_answers.h"
#include "gateway/call/app_connection.h"
#include "gateway/call/call_control.h"

namespace gw {
namespace {

namespace ca = acs::call_automation;
using acs::events::ResultInformation;
using acs::rest::RestError;
using ca::ConnectionState;
using nlohmann::json;
using policy::Cause;
using policy::HangupCause;

constexpr size_t kMostPending = 64;  // Invitations of one call.
constexpr Duration kToneLength = 160ms, kToneGap = 80ms;

void tell_along(const ca::CustomContext& custom, policy::Dialled& dialled) {
  dialled.headers.assign(custom.sip.begin(), custom.sip.end());
  dialled.voip_headers.assign(custom.voip.begin(), custom.voip.end());
}

}  // namespace

AppConnection::Outcome AppConnection::perform(ca::Command& command) {
  if (over_ || !leg_) return tl::unexpected(RestError{404, "8522", "Call not found."});
  return std::visit([this](auto& what) { return on(what); }, command);
}

template <class T>
AppConnection::Outcome AppConnection::on(T&) {
  return tl::unexpected(RestError{400, "BadRequest", "This is no operation of a call."});
}

AppConnection::Outcome AppConnection::on(ca::GetCall&) {
  return properties();
}

AppConnection::Outcome AppConnection::on(ca::HangUp& command) {
  const bool rings = facts_.way == Way::Created && state_ == ConnectionState::Connecting;
  const HangupCause cause{rings ? Cause::CancelledByCaller : Cause::NormalClearing, 0, 0,
                          "hung up by the application"};
  if (command.for_everyone) {
    call_->end(cause, facts_.way == Way::Created ? EndedBy::Caller : EndedBy::Callee);
  } else {
    leg_->leave(cause);
  }
  if (call_) be_over("CallDisconnected", cause);  // The others go on without it.
  return ca::Accepted{};
}

AppConnection::Outcome AppConnection::on(ca::ListParticipants&) {
  ca::Participants out;
  for (const Leg* leg : others()) out.all.push_back(participant(*leg));
  return out;
}

AppConnection::Outcome AppConnection::on(ca::GetParticipant& command) {
  const Leg* leg = find(command.who);
  if (!leg) return tl::unexpected(no_participant());
  return participant(*leg);
}

AppConnection::Outcome AppConnection::on(ca::AddParticipant& command) {
  if (state_ != ConnectionState::Connected) {
    return tl::unexpected(RestError{400, "8501", "The call is not established."});
  }
  if (find(command.who))
    return tl::unexpected(bad_request("participantToAdd", "It is in the call already."));
  if (pending_.size() >= kMostPending) {
    return tl::unexpected(RestError{429, "TooManyRequests", "Too many invitations are pending."});
  }
  auto routed = route(command.who, command.caller_id, command.source_display_name);
  if (!routed) return tl::unexpected(routed.error());
  tell_along(command.custom, routed->dialled);
  const std::string id = needs_.services.random.uuid();
  const InvitationId invitation =
      call_->invite(std::move(*routed), command.timeout.value_or(Duration{}));
  pending_[invitation] = {Pending::Kind::Participant, id, command.who, command.tag};
  return ca::Invitation{{command.who, false, false}, id};
}

AppConnection::Outcome AppConnection::on(ca::CancelAddParticipant& command) {
  const auto pending = std::ranges::find_if(
      pending_, [&](const auto& entry) { return entry.second.id == command.invitation_id; });
  const json more = {{"invitationId", command.invitation_id}};
  if (pending == pending_.end()) {
    tell("CancelAddParticipantFailed", command.tag,
         ResultInformation{404, 8523, "There is no such invitation any more."}, more);
    return ca::Accepted{};
  }
  const InvitationId invitation = pending->first;
  pending_.erase(pending);
  tell("CancelAddParticipantSucceeded", command.tag, kActionDone, more);
  call_->cancel(invitation);
  return ca::Accepted{};
}

AppConnection::Outcome AppConnection::on(ca::RemoveParticipant& command) {
  Leg* leg = find(command.who);
  if (!leg) {
    tell("RemoveParticipantFailed", command.tag,
         ResultInformation{404, 8523, "The participant is not in the call."},
         participant_json({command.who, false, false}));
    return ca::Accepted{};
  }
  tell("RemoveParticipantSucceeded", command.tag, kActionDone, participant_json(participant(*leg)));
  call_->drop(*leg, {Cause::NormalClearing, 0, 0, "removed by the application"});
  return ca::Accepted{};
}

AppConnection::Outcome AppConnection::on(ca::MuteParticipant& command) {
  Leg* leg = find(command.who);
  if (!leg) return tl::unexpected(no_participant());
  call_->mute(*leg);
  return ca::Accepted{};
}

// The one who is transferred: who was named, or the only one there is.
AppConnection::Outcome AppConnection::on(ca::Transfer& command) {
  if (state_ != ConnectionState::Connected) {
    return tl::unexpected(RestError{400, "8501", "The call is not established."});
  }
  const std::vector<Leg*> there = others();
  if (there.size() != 1) {
    return tl::unexpected(bad_request("transferee",
                                      "A transfer needs a call of one participant: remove "
                                      "the others, or add the target."));
  }
  Leg* transferee = there.front();
  if (!command.transferee.empty() && find(command.transferee) != transferee) {
    return tl::unexpected(no_participant());
  }
  auto routed = transfer_route(command, *transferee);
  if (!routed) return tl::unexpected(routed.error());
  media_.cancel_all();
  transferee_ = transferee;
  state_ = ConnectionState::Transferring;
  needs_.services.media.play_ringback(transferee->port(), true);
  const InvitationId invitation = call_->invite(std::move(*routed), Duration{});
  pending_[invitation] = {Pending::Kind::Transfer, "", command.target, command.tag};
  return ca::Accepted{};
}

// The target sees whom it will talk with, unless the app asks for a number of its own.
tl::expected<policy::Routed, RestError> AppConnection::transfer_route(const ca::Transfer& command,
                                                                      const Leg& transferee) const {
  auto routed = route(command.target, command.caller_id, facts_.source_display_name);
  if (!routed) return routed;
  tell_along(command.custom, routed->dialled);
  if (!command.caller_id.empty()) return routed;
  const std::string name = name_of(transferee);
  if (name.starts_with("4:")) {
    routed->dialled.from_number = name.substr(2);
    if (&transferee == call_->caller()) {
      routed->dialled.from_display = call_->decision().caller.display_name;
    }
  } else {
    routed->dialled.from_identity = name;
  }
  routed->decision = needs_.control.decide(routed->dialled);
  return routed;
}

AppConnection::Outcome AppConnection::on(ca::Play& command) {
  for (const std::string& who : command.to) {
    if (!find(who)) return tl::unexpected(no_participant());
  }
  if (!media_.play(std::move(command))) {
    return tl::unexpected(RestError{429, "TooManyRequests", "Too many media operations wait."});
  }
  return ca::Accepted{};
}

AppConnection::Outcome AppConnection::on(ca::Recognize& command) {
  if (!find(command.from)) return tl::unexpected(no_participant());
  if (!media_.recognize(std::move(command))) {
    return tl::unexpected(RestError{429, "TooManyRequests", "Too many media operations wait."});
  }
  return ca::Accepted{};
}

AppConnection::Outcome AppConnection::on(ca::CancelMedia&) {
  media_.cancel_all();
  return ca::Accepted{};
}

AppConnection::Outcome AppConnection::on(ca::ContinuousTones& command) {
  if (!find(command.from)) return tl::unexpected(no_participant());
  if (command.on) {
    tones_wanted_[command.from] = command.tag;
  } else if (tones_wanted_.erase(command.from) > 0) {
    tell("ContinuousDtmfRecognitionStopped", command.tag, kActionDone);
  }
  return ca::Accepted{};
}

AppConnection::Outcome AppConnection::on(ca::SendTones& command) {
  Leg* leg = find(command.to);
  if (!leg) return tl::unexpected(no_participant());
  sending_[leg->port()].push_back(command.tag);
  needs_.services.media.send_digits(leg->port(), command.tones, kToneLength, kToneGap);
  return ca::Accepted{};
}

AppConnection::Outcome AppConnection::on(ca::Hold& command) {
  Leg* leg = find(command.who);
  if (!leg) return tl::unexpected(no_participant());
  call_->set_apart(*leg, true);
  if (others().size() == 1) media_.start_music(std::move(command));
  return ca::Accepted{};
}

AppConnection::Outcome AppConnection::on(ca::Unhold& command) {
  Leg* leg = find(command.who);
  if (!leg) return tl::unexpected(no_participant());
  media_.stop_music();
  call_->set_apart(*leg, false);
  return ca::Accepted{};
}

AppConnection::Outcome AppConnection::on(ca::Streaming& command) {
  if (!stream_) {
    return tl::unexpected(bad_request("", "The call was made without mediaStreamingOptions."));
  }
  if (command.on == stream_->is_on()) {
    return tl::unexpected(bad_request("", command.on ? "Media streaming has started already."
                                                     : "Media streaming has not started."));
  }
  if (!command.on) {
    stream_->stop();
    stream_->tell_stopped(command.tag);
    return ca::Accepted{};
  }
  const auto started = stream_->start(*call_, command.tag);
  if (!started) return tl::unexpected(RestError{503, "ServiceUnavailable", started.error().detail});
  name_stream_ports();
  return ca::Accepted{};
}

}  // namespace gw
