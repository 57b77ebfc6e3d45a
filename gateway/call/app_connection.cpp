#include "gateway/call/app_connection.h"

#include <algorithm>
#include <utility>

#include "acs/call_automation/tone_names.h"
#include "acs/identity/identifier_json.h"
#include "gateway/call/call_control.h"
#include "gateway/call/edge_leg.h"

namespace gw {
namespace {

namespace ca = acs::call_automation;
using acs::events::CallEvent;
using acs::events::ResultInformation;
using acs::rest::RestError;
using ca::ConnectionState;
using nlohmann::json;
using policy::Cause;
using policy::Far;
using policy::FarDirection;
using policy::HangupCause;

constexpr size_t kMostPending = 64;  // Invitations of one call.
constexpr Duration kToneLength = 160ms, kToneGap = 80ms;

const ResultInformation kDone{200, 0, "Action completed successfully."};

RestError no_participant() {
  return {404, "8523", "The participant is not in the call."};
}

RestError bad(std::string target, std::string message) {
  return {400, "BadRequest", std::move(message), std::move(target)};
}

json participant_json(const ca::Participant& participant) {
  return {{"participant", acs::events::to_json(participant)}};
}

}  // namespace

AppConnection::AppConnection(Needs needs, Facts facts, Call& call, AppLeg& leg)
    : needs_(std::move(needs)),
      facts_(std::move(facts)),
      call_(&call),
      leg_(&leg),
      media_({needs_.fetch,
              [this](media::ClipPtr clip, bool loop, uint64_t serial) {
                if (leg_) leg_->play(std::move(clip), loop, serial);
              },
              [this](Duration delay, Task task) {
                return needs_.services.loop.after(delay, std::move(task));
              },
              [this](TimerId timer) { needs_.services.loop.cancel(timer); },
              [this](std::string type, const Tag& tag, ResultInformation result, json more) {
                tell(std::move(type), tag, std::move(result), std::move(more));
              }}),
      subscription_(needs_.services.random.uuid()) {
  call_->watch(*this);
}

AppConnection::~AppConnection() {
  stop_stream();
  if (call_) call_->unwatch(*this);
}

// ---- Whom it means ----

tl::expected<policy::Dialled, RestError> AppConnection::dialled_for(const std::string& who) {
  policy::Dialled dialled;
  dialled.from = {policy::PartyKind::App, "rest"};
  if (who.starts_with("4:") && who != "4:anonymous") {
    dialled.number = who.substr(2);
  } else if (who.starts_with("8:")) {
    dialled.number = who;
  } else {
    return tl::unexpected(
        bad("", "This gateway calls users and phone numbers: " + who + " is neither."));
  }
  return dialled;
}

bool AppConnection::may_present(const config::Config& config, const std::string& number) {
  const auto& owned = config.numbers.owned;
  return number.empty() || std::ranges::find(owned, number) != owned.end();
}

RestError AppConnection::not_your_number() {
  return {403, "Forbidden", "Not allowed to impersonate: the number is not one of this resource.",
          "sourceCallerIdNumber"};
}

tl::expected<policy::Routed, RestError> AppConnection::route(
    const std::string& who, const std::string& caller_id, const std::string& display_name) const {
  auto dialled = dialled_for(who);
  if (!dialled) return tl::unexpected(dialled.error());
  dialled->from =
      call_->dialled().from.kind == policy::PartyKind::App ? call_->dialled().from : leg_->party();
  dialled->caller_id = caller_id;
  dialled->from_display = display_name;
  dialled->from_identity = facts_.source.empty() ? facts_.answered_by : facts_.source;
  if (!may_present(needs_.control.config(), caller_id)) return tl::unexpected(not_your_number());
  policy::Decision decision = needs_.control.decide(*dialled);
  return policy::Routed{std::move(*dialled), std::move(decision)};
}

std::vector<Leg*> AppConnection::others() const {
  std::vector<Leg*> out;
  for (Leg* leg : call_->talking()) {
    if (!leg->is_application()) out.push_back(leg);
  }
  return out;
}

// As the app knows it; a party of a call that it joined late by what the call knows.
std::string AppConnection::name_of(const Leg& leg) const {
  if (const auto known = names_.find(&leg); known != names_.end()) return known->second;
  if (const auto* user = dynamic_cast<const EdgeLeg*>(&leg)) return user->identity();
  if (&leg == call_->caller()) return needs_.control.caller_identity(*call_).raw_id;
  const std::string& dialled = call_->decision().normalised;
  return dialled.starts_with("8:") ? dialled : "4:" + dialled;
}

Leg* AppConnection::find(const std::string& who) const {
  for (Leg* leg : others()) {
    if (name_of(*leg) == who) return leg;
  }
  return nullptr;
}

ca::Participant AppConnection::participant(const Leg& leg) const {
  return {name_of(leg), call_->is_muted(leg), call_->is_apart(leg) || leg.locally_held()};
}

// ---- What it is told ----

void AppConnection::tell(std::string type, const Tag& tag, std::optional<ResultInformation> result,
                         json more) {
  if (!call_) return;  // What comes late is of no call any more.
  CallEvent event;
  event.type = std::move(type);
  event.connection_id = facts_.id;
  event.server_call_id = call_->id().value;
  event.correlation_id = facts_.correlation_id;
  event.context = tag.context;
  event.result = std::move(result);
  event.more = std::move(more);
  needs_.tell(tag.callback_uri.empty() ? facts_.callback_uri : tag.callback_uri, std::move(event));
}

void AppConnection::tell_participants() {
  json all = json::array();
  for (const Leg* leg : others()) all.push_back(acs::events::to_json(participant(*leg)));
  tell("ParticipantsUpdated", {facts_.context, ""}, std::nullopt,
       {{"participants", std::move(all)}, {"sequenceNumber", next_update_++}});
}

ResultInformation AppConnection::result_of(const HangupCause& cause) const {
  const Leg* far =
      call_->callee() && !call_->callee()->is_application() ? call_->callee() : call_->caller();
  const bool phone = !far || far->far() == Far::Phone || far->is_application();
  const policy::CdrCause codes = policy::cdr_cause(
      cause, phone ? Far::Phone : Far::User,
      facts_.way == Way::Created ? FarDirection::WeCalledIt : FarDirection::ItCalledUs);
  ResultInformation result;
  result.code = codes.code == 0 ? 200 : codes.code;
  result.sub_code = codes.sub_code;
  result.message =
      cause.detail.empty() ? std::string(policy::to_string(cause.cause)) : cause.detail;
  if (phone && codes.sip != 0) {
    result.sip_code = codes.sip;
    result.sip_message = codes.sip == 200 ? "OK" : std::string(policy::sip_phrase(codes.sip));
    result.q850_code = codes.q850;
  }
  return result;
}

void AppConnection::be_connected() {
  if (state_ != ConnectionState::Connecting) return;
  state_ = ConnectionState::Connected;
  tell("CallConnected", {facts_.context, ""}, kDone);
  if (!facts_.streaming || !facts_.streaming->start) return;
  const auto started = start_stream({facts_.context, ""});
  if (!started) on_stream_closed(started.error());
}

void AppConnection::be_over(std::string type, const HangupCause& cause) {
  if (std::exchange(over_, true)) return;
  state_ = ConnectionState::Disconnected;
  tell(std::move(type), {facts_.context, ""}, result_of(cause));
  stop_stream();
  call_->unwatch(*this);
  call_ = nullptr;
  needs_.over();
}

void AppConnection::on_answered(Call&) {
  be_connected();
  tell_participants();
}

void AppConnection::on_parties_changed(Call&) {
  if (state_ == ConnectionState::Connecting || !leg_) return;
  tell_participants();
  name_stream_ports();
  const std::vector<Leg*> there = others();
  if (state_ != ConnectionState::Transferring ||
      std::ranges::find(there, transferee_) != there.end())
    return;
  // Who was to be transferred hung up: nobody needs the target any more.
  const auto transfer = std::ranges::find_if(
      pending_, [](const auto& entry) { return entry.second.kind == Pending::Kind::Transfer; });
  if (transfer == pending_.end()) return;
  const auto [invitation, pending] = *transfer;
  pending_.erase(transfer);
  state_ = ConnectionState::Connected;
  transferee_ = nullptr;
  tell("CallTransferFailed", pending.tag, ResultInformation{487, 0, "The transferee hung up."});
  call_->cancel(invitation);
}

void AppConnection::on_leg_media(Call&, Leg& leg, const media::MediaEvent& event) {
  if (!std::holds_alternative<media::DigitsSent>(event)) return;
  const auto sending = sending_.find(leg.port());
  if (sending == sending_.end()) return;
  // The queue ran dry: all that was asked has been sent.
  const std::deque<Tag> tags = std::move(sending->second);
  sending_.erase(sending);
  for (const Tag& tag : tags) tell("SendDtmfTonesCompleted", tag, kDone);
}

void AppConnection::on_key(Call&, Leg& leg, char key) {
  // A flash of the hook is no tone.
  if (!leg_ || leg.is_application() || ca::name_of_tone(key).empty()) return;
  const std::string who = name_of(leg);
  if (const auto wanted = tones_wanted_.find(who); wanted != tones_wanted_.end()) {
    tell("ContinuousDtmfRecognitionToneReceived", wanted->second, kDone,
         {{"tone", ca::name_of_tone(key)}, {"sequenceId", next_tone_++}});
  }
  if (stream_ && facts_.streaming->dtmf) stream_->press(key, leg.port());
  media_.on_key(who, key);
}

void AppConnection::on_joined_to(Call&, Call& into) {
  call_ = &into;
  if (stream_) stream_->move_to(into.session());
}

void AppConnection::on_call_ended(Call& call) {
  if (state_ != ConnectionState::Connecting) return be_over("CallDisconnected", call.cause());
  switch (facts_.way) {
    case Way::Created: return be_over("CreateCallFailed", call.cause());
    case Way::Answered: return be_over("AnswerFailed", call.cause());
    case Way::Connected: return be_over("ConnectFailed", call.cause());
  }
}

void AppConnection::on_leg_over(AppLeg& leg) {
  if (leg_ == &leg) leg_ = nullptr;
}

void AppConnection::on_clip_ended(AppLeg& leg, uint64_t serial) {
  if (leg_ == &leg) media_.on_clip_ended(serial);
}

// ---- Whom it invites ----

void AppConnection::invite_target(const std::string& who) {
  auto routed = route(who, facts_.caller_id, facts_.source_display_name);
  if (!routed) return;  // Looked at before the call was begun.
  pending_[call_->invite(std::move(*routed), Duration{})] = {Pending::Kind::Target, "", who, {}};
}

void AppConnection::on_invitation_answered(Call&, InvitationId invitation, Leg& leg) {
  const auto found = pending_.find(invitation);
  if (found == pending_.end()) return;
  const Pending pending = std::move(found->second);
  pending_.erase(found);
  names_[&leg] = pending.who;
  be_connected();
  if (pending.kind == Pending::Kind::Participant) {
    tell("AddParticipantSucceeded", pending.tag, kDone, participant_json(participant(leg)));
  }
  if (pending.kind == Pending::Kind::Transfer) leave_after_transfer(pending);
}

// The two go on by themselves.
void AppConnection::leave_after_transfer(const Pending& transfer) {
  state_ = ConnectionState::TransferAccepted;
  json more = {{"transferTarget", acs::identity::to_json(transfer.who)}};
  if (transferee_) {
    needs_.services.media.play_ringback(transferee_->port(), false);
    more["transferee"] = acs::identity::to_json(name_of(*transferee_));
  }
  tell("CallTransferAccepted", transfer.tag, kDone, std::move(more));
  if (leg_) leg_->leave({Cause::NormalClearing, 0, 0, "the call was transferred"});
  if (call_) be_over("CallDisconnected", {Cause::NormalClearing, 0, 0, "the call was transferred"});
}

void AppConnection::on_invitation_failed(Call&, InvitationId invitation, const HangupCause& cause) {
  const auto found = pending_.find(invitation);
  if (found == pending_.end()) return;
  const Pending pending = std::move(found->second);
  pending_.erase(found);
  ResultInformation why = result_of(cause);
  if (pending.kind == Pending::Kind::Participant) {
    tell("AddParticipantFailed", pending.tag, std::move(why),
         participant_json({pending.who, false, false}));
  } else if (pending.kind == Pending::Kind::Transfer) {
    state_ = ConnectionState::Connected;
    if (transferee_) needs_.services.media.play_ringback(transferee_->port(), false);
    transferee_ = nullptr;
    tell("CallTransferFailed", pending.tag, std::move(why));
  }
}

// ---- What it asks ----

AppConnection::Outcome AppConnection::perform(ca::Command& command) {
  if (over_ || !leg_) return tl::unexpected(RestError{404, "8522", "Call not found."});
  return std::visit([this](auto& what) { return on(what); }, command);
}

template <class T>
AppConnection::Outcome AppConnection::on(T&) {
  return tl::unexpected(RestError{400, "BadRequest", "This is no operation of a call."});
}

ca::CallProperties AppConnection::properties() const {
  ca::CallProperties out;
  out.connection_id = facts_.id;
  out.server_call_id = call_->id().value;
  out.correlation_id = facts_.correlation_id;
  out.state = state_;
  out.callback_uri = facts_.callback_uri;
  out.source = facts_.source;
  out.source_display_name = facts_.source_display_name;
  out.caller_id = facts_.caller_id;
  out.answered_by = facts_.answered_by;
  out.answered_for = facts_.answered_for;
  out.targets = facts_.targets;
  if (facts_.streaming) out.streaming = ca::StreamingState{subscription_, stream_ != nullptr};
  return out;
}

AppConnection::Outcome AppConnection::on(ca::GetCall&) {
  return properties();
}

AppConnection::Outcome AppConnection::on(ca::HangUp& command) {
  const HangupCause cause{Cause::NormalClearing, 0, 0, "hung up by the application"};
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
    return tl::unexpected(bad("participantToAdd", "It is in the call already."));
  if (pending_.size() >= kMostPending) {
    return tl::unexpected(RestError{429, "TooManyRequests", "Too many invitations are pending."});
  }
  auto routed = route(command.who, command.caller_id, command.source_display_name);
  if (!routed) return tl::unexpected(routed.error());
  routed->dialled.headers.assign(command.custom.sip.begin(), command.custom.sip.end());
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
  tell("CancelAddParticipantSucceeded", command.tag, kDone, more);
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
  tell("RemoveParticipantSucceeded", command.tag, kDone, participant_json(participant(*leg)));
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
    return tl::unexpected(bad("transferee",
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
  routed->dialled.headers.assign(command.custom.sip.begin(), command.custom.sip.end());
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
    tell("ContinuousDtmfRecognitionStopped", command.tag, kDone);
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
  if (others().size() == 1) media_.start_music(std::move(command.music));
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
  if (!facts_.streaming) {
    return tl::unexpected(bad("", "The call was made without mediaStreamingOptions."));
  }
  if (command.on == (stream_ != nullptr)) {
    return tl::unexpected(bad("", command.on ? "Media streaming has started already."
                                             : "Media streaming has not started."));
  }
  if (command.on) {
    const auto started = start_stream(command.tag);
    if (!started)
      return tl::unexpected(RestError{503, "ServiceUnavailable", started.error().detail});
    return ca::Accepted{};
  }
  stop_stream();
  stream_tag_ = command.tag;
  tell_stream("MediaStreamingStopped", "mediaStreamingStopped", "subscriptionStopped", kDone);
  return ca::Accepted{};
}

// ---- The media stream ----

Result<void> AppConnection::start_stream(const Tag& tag) {
  const ca::MediaStreaming& wanted = *facts_.streaming;
  stream_tag_ = tag;
  stream_was_open_ = false;
  if (!needs_.services.websockets) {
    return fail(ErrorCode::Unavailable, "no WebSocket can be opened");
  }
  CallStream::Spec spec;
  spec.stream.subscription_id = subscription_;
  spec.stream.rate = wanted.rate;
  spec.stream.hears = wanted.bidirectional;
  spec.stream.keys = wanted.dtmf;
  spec.unmixed = !wanted.mixed;
  CallStreamObserver& observer = *this;
  auto stream =
      std::make_unique<CallStream>(needs_.services, observer, call_->log().with({{"leg", "app"}}),
                                   call_->session(), std::move(spec));
  if (auto opened = stream->open(); !opened) return opened;
  stream_ = std::move(stream);
  name_stream_ports();
  call_->attach(stream_->port());
  stream_->dial(wanted.url, {{"x-ms-call-connection-id", facts_.id},
                             {"x-ms-call-correlation-id", facts_.correlation_id},
                             {"Authorization", "Bearer " + needs_.stream_token()}});
  return {};
}

void AppConnection::name_stream_ports() {
  if (!stream_ || facts_.streaming->mixed) return;
  for (const Leg* leg : others()) stream_->name(leg->port(), name_of(*leg));
}

void AppConnection::stop_stream() {
  if (!stream_) return;
  if (call_) call_->detach(stream_->port());
  stream_.reset();
}

void AppConnection::tell_stream(std::string type, std::string status, std::string details,
                                ResultInformation result) {
  tell(std::move(type), stream_tag_, std::move(result),
       {{"mediaStreamingUpdate",
         {{"contentType", "Audio"},
          {"mediaStreamingStatus", std::move(status)},
          {"mediaStreamingStatusDetails", std::move(details)}}}});
}

void AppConnection::on_stream_open() {
  const bool again = std::exchange(stream_was_open_, true);
  tell_stream("MediaStreamingStarted", "mediaStreamingStarted",
              again ? "streamConnectionReestablished" : "subscriptionStarted", kDone);
}

// It is tried again: what becomes of that is told.
void AppConnection::on_stream_interrupted(uint16_t) {}

void AppConnection::on_stream_closed(const Error& why) {
  tell_stream("MediaStreamingFailed", "mediaStreamingFailed",
              stream_was_open_ ? "streamConnectionInterrupted" : "initialWebSocketConnectionFailed",
              ResultInformation{400, 8581,
                                "Transport url is not valid or web socket server is not "
                                "operational: " +
                                    why.detail});
  // Not from inside the stream that says so.
  needs_.services.loop.post([this, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) stop_stream();
  });
}

// An application says keys by sendDtmfTones; its stream has none.
void AppConnection::on_stream_key(char, const std::string&) {}

}  // namespace gw
