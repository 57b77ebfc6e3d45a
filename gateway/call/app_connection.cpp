#include "gateway/call/app_connection.h"

#include <algorithm>
#include <utility>

#include "acs/identity/identifier_json.h"
#include "acs/identity/tones.h"
#include "gateway/call/app_answers.h"
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

Far far_end_of(const std::string& raw_id) {
  return raw_id.starts_with("8:") ? Far::User : Far::Phone;
}

}  // namespace

AppConnection::AppConnection(Needs needs, Facts facts, Call& call, AppLeg& leg)
    : needs_(std::move(needs)),
      facts_(std::move(facts)),
      call_(&call),
      leg_(&leg),
      media_({needs_.fetch, [this](AppMedia::Needs::Sound sound) { play(std::move(sound)); },
              [this](const std::string& who) { return call_ && find(who); },
              [this](Duration delay, Task task) {
                return needs_.services.loop.after(delay, std::move(task));
              },
              [this](TimerId timer) { needs_.services.loop.cancel(timer); },
              [this](std::string type, const Tag& tag, ResultInformation result, json more) {
                tell(std::move(type), tag, std::move(result), std::move(more));
              },
              [this](const std::string& who) {
                Leg* held = call_ ? find(who) : nullptr;
                if (held) call_->set_apart(*held, false);
              }}) {
  call_->watch(*this);
  if (!facts_.streaming) return;
  stream_.emplace(AppStream::Needs{needs_.services, needs_.stream_token,
                                   [this](std::string type, const Tag& tag,
                                          ResultInformation result, json more) {
                                     tell(std::move(type), tag, std::move(result), std::move(more));
                                   }},
                  AppStream::Facts{*facts_.streaming, facts_.id, facts_.correlation_id,
                                   needs_.services.random.uuid()});
}

AppConnection::~AppConnection() {
  stream_.reset();
  if (call_) call_->unwatch(*this);
}

// ---- What it says ----

void AppConnection::play(AppMedia::Needs::Sound sound) {
  if (!leg_) return;
  media::ClipOrder order{std::move(sound.clip), sound.loop, sound.serial};
  for (const std::string& who : sound.to) {
    if (const Leg* leg = find(who)) order.to.push_back(leg->port());
  }
  leg_->play(std::move(order));
}

void AppConnection::name_stream_ports() {
  if (!stream_ || !stream_->names_participants()) return;
  for (const Leg* leg : others()) stream_->name(leg->port(), name_of(*leg));
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
        bad_request("", "This gateway calls users and phone numbers: " + who + " is neither."));
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
    if (!leg->is_application() || names_.contains(leg)) out.push_back(leg);
  }
  return out;
}

// As the app knows it; a party of a call that it joined late by what the call knows.
std::string AppConnection::name_of(const Leg& leg) const {
  if (const auto known = names_.find(&leg); known != names_.end()) return known->second;
  if (const auto* user = dynamic_cast<const EdgeLeg*>(&leg)) return user->identity();
  if (&leg == call_->caller()) return needs_.control.caller_identity(*call_).raw_id;
  return call_->decision().called;
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

// What was asked of a party is not done any more once it left.
void AppConnection::tell_of_who_left() {
  std::vector<PortId> silent;
  for (const auto& [port, tags] : sending_) {
    const PortId its = port;
    const auto has_it = [its](const Leg* leg) { return leg->port() == its; };
    if (std::ranges::none_of(call_->talking(), has_it)) silent.push_back(its);
  }
  for (const PortId port : silent) tell_tones_failed(port);
  std::erase_if(tones_wanted_, [this](const auto& wanted) {
    const auto& [who, tag] = wanted;
    if (find(who)) return false;
    tell("ContinuousDtmfRecognitionToneFailed", tag, kParticipantLeft);
    return true;
  });
}

void AppConnection::tell_tones_failed(PortId port) {
  const auto sending = sending_.find(port);
  const std::deque<Tag> tags = std::move(sending->second);
  sending_.erase(sending);
  for (const Tag& tag : tags) tell("SendDtmfTonesFailed", tag, kParticipantLeft);
}

// At which end the call ended: of who talked with the app last, or of who was to be called.
Far AppConnection::far_end() const {
  const Leg* callee = call_->callee();
  const Leg* far = callee && !callee->is_application() ? callee : call_->caller();
  if (far && !far->is_application()) return far->far();
  return facts_.targets.empty() ? Far::Phone : far_end_of(facts_.targets.front());
}

ResultInformation AppConnection::result_of(const HangupCause& cause, Far far) const {
  const bool phone = far == Far::Phone;
  const policy::CdrCause codes = policy::cdr_cause(
      cause, far, facts_.way == Way::Created ? FarDirection::WeCalledIt : FarDirection::ItCalledUs);
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
  tell("CallConnected", {facts_.context, ""}, kActionDone);
  if (!stream_) return;
  stream_->start_with_call(*call_, {facts_.context, ""});
  name_stream_ports();
}

void AppConnection::be_over(std::string type, const HangupCause& cause) {
  if (std::exchange(over_, true)) return;
  state_ = ConnectionState::Disconnected;
  while (!sending_.empty()) tell_tones_failed(sending_.begin()->first);
  tell(std::move(type), {facts_.context, ""}, result_of(cause, far_end()));
  if (stream_) stream_->stop();
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
  tell_of_who_left();
  name_stream_ports();
  media_.on_somebody_left();
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
  for (const Tag& tag : tags) tell("SendDtmfTonesCompleted", tag, kActionDone);
}

void AppConnection::on_key(Call&, Leg& leg, char key) {
  // A flash of the hook is no tone.
  if (!leg_ || leg.is_application() || acs::tone_of_key(key).empty()) return;
  const std::string who = name_of(leg);
  if (const auto wanted = tones_wanted_.find(who); wanted != tones_wanted_.end()) {
    tell("ContinuousDtmfRecognitionToneReceived", wanted->second, kActionDone,
         {{"tone", acs::tone_of_key(key)}, {"sequenceId", next_tone_++}});
  }
  if (stream_) stream_->press(key, leg.port());
  media_.on_key(who, key);
}

void AppConnection::on_joined_to(Call&, Call& into) {
  call_ = &into;
  if (stream_) stream_->move_to(into);
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
  if (&leg == leg_) return be_connected();  // Another app's call, which this one took.
  const auto found = pending_.find(invitation);
  if (found == pending_.end()) return;
  const Pending pending = std::move(found->second);
  pending_.erase(found);
  names_[&leg] = pending.who;
  be_connected();
  if (pending.kind == Pending::Kind::Participant) {
    tell("AddParticipantSucceeded", pending.tag, kActionDone, participant_json(participant(leg)));
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
  tell("CallTransferAccepted", transfer.tag, kActionDone, std::move(more));
  if (leg_) leg_->leave({Cause::NormalClearing, 0, 0, "the call was transferred"});
  if (call_) be_over("CallDisconnected", {Cause::NormalClearing, 0, 0, "the call was transferred"});
}

void AppConnection::on_invitation_failed(Call&, InvitationId invitation, const HangupCause& cause) {
  const auto found = pending_.find(invitation);
  if (found == pending_.end()) return;
  const Pending pending = std::move(found->second);
  pending_.erase(found);
  ResultInformation why = result_of(cause, far_end_of(pending.who));
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
  if (stream_) out.streaming = stream_->state();
  return out;
}

}  // namespace gw
