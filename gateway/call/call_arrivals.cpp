// How calls begin: an INVITE, a user's wish, a call in the cloud, an application's. Each is
// decided, refused in its door's own words or begun with the leg of who calls.
#include <algorithm>
#include <utility>

#include "gateway/call/call_control.h"
#include "gateway/call/cloud_leg.h"
#include "gateway/call/edge_leg.h"
#include "gateway/call/sip_leg.h"
#include "gateway/policy/trunk_identity.h"

namespace gw {
namespace {

namespace edge = acs::edge;
using policy::Cause;
using policy::Decision;
using policy::Dialled;
using policy::HangupCause;
using policy::Party;
using policy::PartyKind;

constexpr size_t kMaxDialled = 256;  // A number or raw id; longer is nonsense or an attack.

// "4:+14255550123" -> "+14255550123", "4:101" -> "101"; "8:acs:..." stays.
std::string dialled_number(const std::string& raw_id) {
  return raw_id.starts_with("4:") ? raw_id.substr(2) : raw_id;
}

bool holds_by_inactive(const config::Config& config, const Party& party) {
  const config::Trunk* trunk = party.kind == PartyKind::Trunk ? config.trunk(party.name) : nullptr;
  return trunk && trunk->hold == config::HoldBy::Inactive;
}

// Apps that subscribed to a user ring beside them.
bool rings_only_users(const Decision& decision) {
  if (decision.ranks.empty()) return false;
  const auto& parties = decision.ranks.front().parties;
  const auto count = [&](PartyKind kind) {
    return std::ranges::count(parties, kind, &Party::kind);
  };
  return count(PartyKind::User) > 0 &&
         std::ssize(parties) == count(PartyKind::User) + count(PartyKind::App);
}

}  // namespace

sip::DialogObserver* CallControl::on_invite(const sip::Invite& invite,
                                            std::unique_ptr<sip::Dialog> dialog) {
  Dialled dialled;
  if (const auto* trunk = std::get_if<sip::FromTrunk>(&invite.peer)) {
    dialled.from = {PartyKind::Trunk, trunk->name};
    static const config::Trunk kUnknown{};
    const config::Trunk* known = config_->trunk(trunk->name);
    policy::read_who_calls(known ? *known : kUnknown, invite, dialled);
  } else {
    dialled.from = {PartyKind::Phone, std::get<sip::FromPhone>(invite.peer).username};
    dialled.wants_privacy = invite.private_caller || invite.from.user == "anonymous";
  }
  dialled.number = invite.request_user.substr(0, kMaxDialled);
  // A carrier that we register at may call our Contact as it is; whom it wants stands in To then.
  if (dialled.from.kind == PartyKind::Trunk) {
    const config::Trunk* trunk = config_->trunk(dialled.from.name);
    if (trunk && trunk->registers && dialled.number == trunk->username && !invite.to.user.empty()) {
      dialled.number = invite.to.user.substr(0, kMaxDialled);
    }
  }
  dialled.headers = invite.custom_headers;
  if (!invite.user_to_user.empty())
    dialled.headers.emplace_back("User-To-User", invite.user_to_user);
  dialled.max_forwards = invite.max_forwards > 0 ? invite.max_forwards - 1 : 0;

  const CallId id = new_call_id();
  const Log log = log_of(id);
  log.info("INVITE arrived", {{"from", policy::to_string(dialled.from)},
                              {"to", Masked(dialled.number)},
                              {"transport", sip::to_string(invite.transport)},
                              {"source", invite.source.to_string()},
                              {"sip_call_id", invite.sip_call_id}});
  if (invite.replaces && !always_admitted(invite.request_user))
    return on_replaces(id, invite, dialled, std::move(dialog));
  Decision decision = policy::decide(*config_, dialled, services_.clock.wall());
  std::optional<HangupCause> no;
  if (!decision.accepted) no = decision.cause;
  if (!no) no = no_room(decision, dialled.from);
  if (no) {
    const int status = policy::sip_status(*no);
    dialog->refuse(status, policy::sip_phrase(status), policy::sip_reason(*no),
                   policy::refusal_headers(*no));
    refuse(id, dialled, decision, *no);
    return nullptr;
  }

  Call& call = create(id, std::move(dialled), std::move(decision));
  SipLeg::Media media{call.session(),
                      phone_spec(*config_, call.dialled().from,
                                 invite.transport == sip::Transport::Tls, invite.source.v6()),
                      {},
                      holds_by_inactive(*config_, call.dialled().from)};
  media.spec.network = invite.network;
  auto leg =
      std::make_unique<SipLeg>(services_, call, log.with({{"leg", "sip"}}), call.dialled().from,
                               std::move(dialog), invite, std::move(media));
  sip::DialogObserver* observer = leg.get();
  const auto prepared = leg->prepare();
  if (prepared) {
    call.begin(std::move(leg));
  } else {
    call.begin_refused(std::move(leg), policy::from_error(prepared.error()));
  }
  return observer;
}

void CallControl::on_invited(const edge::Invited& invited) {
  const config::User* user = config_->user_by_id(invited.identity);
  Dialled dialled;
  dialled.from = {PartyKind::User, user ? user->name : invited.identity};
  dialled.from_display =
      user && !user->display_name.empty() ? user->display_name : invited.display_name;
  dialled.caller_id = invited.caller_id.substr(0, kMaxDialled);

  const CallId id = new_call_id();
  const auto turn_away = [&](const Decision& decision, const HangupCause& cause) {
    const auto reason = policy::acs_reason(
        cause, policy::Far::Phone, policy::FarDirection::WeCalledIt, edge::EndReason::By::Network);
    services_.edge->respond(invited.request, reason.status);
    services_.edge->end(invited.call_id, invited.request.device, reason);
    refuse(id, dialled, decision, cause);
  };
  if (invited.to.size() != 1) {
    return turn_away({}, {Cause::BadNumber, 0, 0, "a call begins with exactly one participant"});
  }
  dialled.number = dialled_number(invited.to.front().raw_id).substr(0, kMaxDialled);
  dialled.headers = invited.context.headers;
  if (!invited.context.user_to_user.empty())
    dialled.headers.emplace_back("User-To-User", invited.context.user_to_user);
  const Log log = log_of(id);
  log.info("user invites", {{"from", policy::to_string(dialled.from)},
                            {"to", Masked(dialled.number)},
                            {"user_call", invited.call_id}});
  if (registry_.find_user_call(invited.call_id)) {
    services_.edge->respond(
        invited.request, {409, 0, "this call id is taken", edge::Category::UnexpectedClientError});
    return;
  }
  Decision decision = policy::decide(*config_, dialled, services_.clock.wall());
  if (!decision.accepted) return turn_away(decision, decision.cause);
  if (const auto no = no_room(decision, dialled.from)) return turn_away(decision, *no);

  Call& call = create(id, std::move(dialled), std::move(decision));
  EdgeLeg::User side;
  side.identity = invited.identity;
  side.call_id = invited.call_id;
  side.remote = invited.to.front();
  if (side.remote.raw_id.starts_with("4:") && call.decision().normalised.starts_with("+")) {
    side.remote.raw_id = "4:" + call.decision().normalised;
  }
  side.context = invited.context;
  side.server_call_id = id.value;
  EdgeLeg::Media media = user_media(call, codec_of_target(call));
  auto leg =
      std::make_unique<EdgeLeg>(services_, call, log.with({{"leg", "edge"}}), call.dialled().from,
                                std::move(side), std::move(media), invited);
  leg->set_far_side(rings_only_users(call.decision()) ? policy::Far::User : policy::Far::Phone,
                    policy::FarDirection::WeCalledIt);
  registry_.add_user_call(invited.call_id, *leg, id);
  const auto prepared = leg->prepare();
  if (!prepared) {
    services_.edge->respond(
        invited.request, {488, 0, prepared.error().detail, edge::Category::UnexpectedClientError});
    call.begin_refused(std::move(leg), policy::from_error(prepared.error()));
    return;
  }
  call.begin(std::move(leg));
}

// An identity or a number that is none of ours is somebody else's to answer: the resource may have
// other apps.
void CallControl::on_cloud_call(const acs::cloud::IncomingCall& incoming) {
  const bool to_number = incoming.to.starts_with("4:");
  const std::string number = to_number ? incoming.to.substr(2) : std::string();
  const auto& owned = config_->numbers.owned;
  const bool ours = to_number ? std::ranges::find(owned, number) != owned.end()
                              : config_->phone_by_identity(incoming.to) != nullptr;
  if (!ours || !services_.cloud) return;
  const std::string from_number =
      incoming.from.starts_with("4:+") ? incoming.from.substr(2) : std::string();
  const config::User* user = config_->user_by_id(incoming.from);
  Dialled dialled;
  // A call to a number is a carrier's: it goes by the routes alone.
  if (to_number)
    dialled.from = {PartyKind::Trunk, std::string(config::kCloudTrunk)};
  else
    dialled.from = {PartyKind::User, user ? user->name : incoming.from};
  dialled.number = (to_number ? number : incoming.to).substr(0, kMaxDialled);
  dialled.from_number = from_number;
  dialled.from_display =
      user && !user->display_name.empty() ? user->display_name : incoming.caller_name;

  const CallId id = new_call_id();
  const Log log = log_of(id);
  log.info("acs has a call", {{"from", Masked(incoming.from)},
                              {"to", Masked(dialled.number)},
                              {"correlation", incoming.correlation_id}});
  Decision decision = policy::decide(*config_, dialled, services_.clock.wall());
  // Strangers present nothing of ours.
  if (!to_number && !user) decision.caller_to_phones.number = from_number;
  std::optional<HangupCause> no;
  if (!decision.accepted) no = decision.cause;
  if (!no) no = no_room(decision, dialled.from);
  if (no) {
    services_.cloud->reject(incoming.context,
                            policy::reject_reason(*no).value_or(acs::cloud::RejectReason::None));
    return refuse(id, dialled, decision, *no);
  }
  Call& call = create(id, std::move(dialled), std::move(decision));
  auto leg = std::make_unique<CloudLeg>(services_, call, log.with({{"leg", "cloud"}}),
                                        call.dialled().from, incoming, call.session());
  const auto prepared = leg->prepare();
  if (prepared) {
    call.begin(std::move(leg));
  } else {
    call.begin_refused(std::move(leg), policy::from_error(prepared.error()));
  }
}
tl::expected<Call*, HangupCause> CallControl::begin_for_app(Dialled dialled, const MakeLeg& make) {
  Decision decision = decide(dialled);
  const CallId id = new_call_id();
  log_of(id).info("application calls",
                  {{"from", policy::to_string(dialled.from)}, {"to", Masked(dialled.number)}});
  // Where it leads nowhere the application is told so as an event; what it may not do, at once.
  const bool forbidden = !decision.accepted && decision.cause.cause == Cause::CallerIdNotAllowed;
  std::optional<HangupCause> no =
      forbidden ? std::optional(decision.cause) : no_room(decision, dialled.from);
  if (no) {
    refuse(id, dialled, decision, *no);
    return tl::unexpected(*no);
  }
  Call& call = create(id, std::move(dialled), std::move(decision));
  auto leg = make(call);
  if (!leg) {
    const HangupCause cause = policy::from_error(leg.error());
    call.end(cause, EndedBy::Gateway);
    return tl::unexpected(cause);
  }
  call.begin_by_application(std::move(*leg));
  return &call;
}
}  // namespace gw
