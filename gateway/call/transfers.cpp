// The transfers of CallControl: whom a party may give its place to, and as whom the other is shown
// there.
#include <algorithm>

#include "gateway/call/call_control.h"
#include "gateway/call/cloud_leg.h"
#include "gateway/policy/caller_id_policy.h"

namespace gw {
namespace {

using policy::Cause;
using policy::Decision;
using policy::Dialled;
using policy::HangupCause;
using policy::Party;
using policy::PartyKind;
using policy::Routed;

constexpr size_t kMaxTarget = 256;  // A number or raw id; longer is nonsense or an attack.

bool reaches_trunk(const Decision& decision) {
  return std::ranges::any_of(decision.ranks, [](const policy::Rank& rank) {
    return std::ranges::any_of(rank.parties,
                               [](const Party& party) { return party.kind == PartyKind::Trunk; });
  });
}

const Leg& other_of(const Call& call, const Leg& leg) {
  return call.talking().front() == &leg ? *call.talking().back() : *call.talking().front();
}

}  // namespace

void CallControl::on_transfer_wanted(Call& call, Leg& leg, const TransferRequest& request) {
  const bool attended = request.dialog || !request.user_call.empty();
  call.log().info("transfer was asked for", {{"by", policy::to_string(leg.party())},
                                             {"to", Masked(request.number)},
                                             {"attended", attended}});
  if (attended) return transfer_attended(call, leg, request);
  auto routed = transfer_route(call, leg, request);
  if (!routed) return leg.on_transfer(TransferStep::Failed, routed.error());
  call.transfer(leg, std::move(*routed));
}

// What the other party may not do by this the transferor could not do either: it is the transferor
// who dials.
tl::expected<Routed, HangupCause> CallControl::transfer_route(
    const Call& call, const Leg& by, const TransferRequest& request) const {
  Routed routed;
  Dialled& dialled = routed.dialled;
  dialled.from = by.party();
  dialled.number = request.number.substr(0, kMaxTarget);
  dialled.caller_id = request.caller_id;
  dialled.headers = request.headers;
  dialled.max_forwards = call.dialled().max_forwards;
  routed.decision = decide(dialled);
  if (!routed.decision.accepted) return tl::unexpected(routed.decision.cause);
  const PartyName transferor = name_of(call, by);
  dialled.transferor = transferor.raw_id;
  dialled.transferor_display = transferor.display_name;
  // A trunk is shown a number that the transferor may present; parties of the house see who will
  // talk with them.
  if (!reaches_trunk(routed.decision)) show_transferee(call, other_of(call, by), routed);
  return routed;
}

void CallControl::show_transferee(const Call& call, const Leg& transferee, Routed& routed) const {
  Dialled shown;
  if (&transferee == call.caller()) {
    shown = call.dialled();
  } else {
    shown.from = transferee.party();
    if (shown.from.kind == PartyKind::Trunk) shown.from_number = call.decision().normalised;
  }
  shown.number = routed.dialled.number;
  shown.caller_id.clear();
  shown.transferor = routed.dialled.transferor;
  shown.transferor_display = routed.dialled.transferor_display;
  shown.max_forwards = routed.dialled.max_forwards;
  const config::Config& config = call.config();
  const auto outside = policy::choose_caller_id(config, shown, "pass", false);
  if (!outside) return;
  routed.decision.caller = policy::as_seen_by(config, shown, *outside, PartyKind::User);
  routed.decision.caller_to_phones = policy::as_seen_by(config, shown, *outside, PartyKind::Phone);
  routed.dialled = std::move(shown);
}

void CallControl::transfer_attended(Call& call, Leg& leg, const TransferRequest& request) {
  Call* other = nullptr;
  Leg* theirs = nullptr;
  // Only its own: who knows another party's dialog is not that party.
  const auto look_at = [&](Call& candidate, Leg* one) {
    if (!one || !one->is_meant_by(request) || one->party() != leg.party()) return;
    other = &candidate;
    theirs = one;
  };
  registry_.for_each([&](Call& candidate) {
    if (&candidate == &call || candidate.state() == CallState::Ended) return;
    look_at(candidate, candidate.caller());
    for (Leg* one : candidate.talking()) look_at(candidate, one);
  });
  if (!other) {
    return leg.on_transfer(TransferStep::Failed,
                           {Cause::Failed, 481, 0, "no call of its own is named"});
  }
  if (other->may_transfer(*theirs)) {
    const CallId id = other->id();
    call.take_over(leg, *other, *theirs);
    return registry_.hand_over(id, call.id());
  }
  if (other->caller() != theirs || other->state() == CallState::Talking) {
    return leg.on_transfer(TransferStep::Failed,
                           {Cause::Forbidden, 0, 0, "the other call is a conference"});
  }
  // It still rings there: the ringing begins anew, for the party that stays.
  TransferRequest blind = request;
  blind.number = other->dialled().number;
  blind.caller_id = other->dialled().caller_id;
  auto routed = transfer_route(call, leg, blind);
  if (!routed) return leg.on_transfer(TransferStep::Failed, routed.error());
  other->end({Cause::Transferred, 0, 0, "its caller gave it to another"}, EndedBy::Caller);
  call.transfer(leg, std::move(*routed));
}

PartyName CallControl::name_of(const Call& call, const Leg& leg) const {
  const Party& party = leg.party();
  const config::Config& config = call.config();
  if (&leg == call.caller()) {
    const auto identity = caller_identity(call);
    return {identity.raw_id, identity.display_name};
  }
  switch (party.kind) {
    case PartyKind::Phone:
      if (const config::Phone* phone = config.phone(party.name)) {
        const std::string& number = !phone->caller_id.empty() ? phone->caller_id : phone->extension;
        return {"4:" + (number.empty() ? phone->username : number), phone->display_name};
      }
      break;
    case PartyKind::User:
      if (const config::User* user = config.user(party.name)) {
        return {user->id, user->display_name.empty() ? user->name : user->display_name};
      }
      break;
    case PartyKind::Trunk:
      if (call.decision().normalised.starts_with("+"))
        return {"4:" + call.decision().normalised, ""};
      break;
    case PartyKind::App: break;
  }
  return {party.name, ""};
}

// The caller stays, and goes to `to` as if it had dialled that.
Result<void> CallControl::transfer_here(Call& call, const std::string& to) {
  Leg* leaves = call.callee();
  if (!leaves || call.talking().size() != 2 || !call.may_transfer(*leaves)) {
    return fail(ErrorCode::Conflict,
                "only a call of two, of which none is being transferred, can be");
  }
  Routed routed{call.dialled(), {}};
  routed.dialled.number = to.substr(0, kMaxTarget);
  if (const auto party = policy::parse_party(to); party && to.find(":+") == std::string::npos) {
    const bool known = (party->kind == PartyKind::Phone && config_->phone(party->name)) ||
                       (party->kind == PartyKind::User && config_->user(party->name));
    if (!known) return fail(ErrorCode::NotFound, "no such party: " + to);
    routed.decision = call.decision();
    routed.decision.ranks = {policy::Rank{{*party}}};
    routed.decision.normalised = to;
    routed.decision.number_out.clear();
    routed.decision.emergency = false;
  } else {
    routed.decision = decide(routed.dialled);
    if (!routed.decision.accepted)
      return fail(ErrorCode::NotFound, to + ": " + routed.decision.cause.detail);
  }
  const PartyName transferor = name_of(call, *leaves);
  routed.dialled.transferor = transferor.raw_id;
  routed.dialled.transferor_display = transferor.display_name;
  call.transfer(*leaves, std::move(routed));
  return {};
}

}  // namespace gw
