#include "gateway/call/call_control.h"

#include <algorithm>
#include <utility>

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

// In line for a trunk's calls_per_second; then it is another target's turn.
constexpr Duration kLongestPace = 1s;
constexpr size_t kMaxDialled = 256;  // A number or raw id; longer is nonsense or an attack.

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

// "4:+14255550123" -> "+14255550123", "4:101" -> "101"; "8:acs:..." stays.
std::string dialled_number(const std::string& raw_id) {
  return raw_id.starts_with("4:") ? raw_id.substr(2) : raw_id;
}

bool holds_by_inactive(const config::Config& config, const Party& party) {
  const config::Trunk* trunk = party.kind == PartyKind::Trunk ? config.trunk(party.name) : nullptr;
  return trunk && trunk->hold == config::HoldBy::Inactive;
}

// New calls a second, twice as many at once; 0 = no limit.
bool may_begin(TokenBucket& bucket, double per_second, TimePoint now) {
  return per_second <= 0 || bucket.take(per_second, 2 * per_second, now);
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

CallControl::CallControl(Services& services, sip::Resolver& resolver, CallRecorder& recorder,
                         config::Snapshot config, Log log)
    : services_(services),
      resolver_(resolver),
      recorder_(recorder),
      config_(std::move(config)),
      log_(log),
      outside_(services.clock, services.metrics, services.usage),
      roster_([this](const Call& call, const Leg& leg) { return name_of(call, leg); }),
      lines_(services.random,
             {[this](const Call& call, const Leg& leg, const policy::Routed* by) {
                return shown_to_phones(call, leg, by);
              },
              [this](const policy::Presentation& caller) { return shown_to_phones(caller); },
              [this](const std::string& key) {
                if (services_.agent) services_.agent->line_changed(key);
              }}),
      calls_started_(
          services.metrics.counter("gw_calls_total", "Calls begun, refused ones not among them.")),
      calls_active_(services.metrics.gauge("gw_calls", "Calls that are being set up or talking.")),
      legs_active_(services.metrics.gauge("gw_legs", "Legs of those calls.")) {}

CallControl::~CallControl() = default;

std::optional<std::string> CallControl::trunk_of(const SocketAddress& source) const {
  if (const config::Trunk* trunk = config_->trunk_of(source)) return trunk->name;
  return registered_trunk_ ? registered_trunk_(source) : std::nullopt;
}

std::string CallControl::own_host(std::string_view trunk) const {
  const config::Trunk* known = config_->trunk(trunk);
  return known ? known->fqdn : std::string();
}

bool CallControl::takes_refer(std::string_view trunk) const {
  const config::Trunk* known = config_->trunk(trunk);
  return !known || known->profile != config::TrunkProfile::DirectRouting;
}

std::optional<sip::PhoneAccount> CallControl::phone(std::string_view username) const {
  const config::Phone* phone = config_->phone(username);
  if (!phone) return std::nullopt;
  return sip::PhoneAccount{phone->username, phone->password.reveal(), phone->digest,
                           phone->devices};
}

bool CallControl::trunk_host(const SocketAddress& source) const {
  const auto has = [&](const AddressRange& peer) {
    SocketAddress at = source;
    if (peer.port() != 0) at.set_port(peer.port());
    return peer.contains(at);
  };
  const bool peer = std::ranges::any_of(config_->trunks, [&](const config::Trunk& trunk) {
    return std::ranges::any_of(trunk.peers, has);
  });
  return peer || trunk_of(source).has_value();
}

std::vector<sip::DigestAlgorithm> CallControl::decoy_digest(uint64_t pick) const {
  const auto& phones = config_->phones;
  return phones.empty() ? std::vector<sip::DigestAlgorithm>{} : phones[pick % phones.size()].digest;
}

bool CallControl::always_admitted(std::string_view request_user) const {
  const auto& emergency = config_->numbers.emergency;
  return std::ranges::find(emergency, request_user) != emergency.end();
}

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

void CallControl::on_edge(const edge::EdgeEvent& event) {
  // An event of a call that is over finds nothing; its request is answered all the same.
  const auto to_leg = [this](const auto& e) {
    if (EdgeLeg* leg = registry_.find_user_call(e.call_id)) return leg->on_event(e);
    services_.edge->respond(e.request, {404, 0, "the call is over", edge::Category::ExpectedError});
  };
  std::visit(Overloaded{
                 [&](const edge::Invited& e) { on_invited(e); },
                 [&](const edge::Offered& e) { to_leg(e); },
                 [&](const edge::Accepted& e) { to_leg(e); },
                 [&](const edge::Rejected& e) { to_leg(e); },
                 [&](const edge::HungUp& e) { to_leg(e); },
                 [&](const edge::HoldAsked& e) { to_leg(e); },
                 [&](const edge::MuteAsked& e) { to_leg(e); },
                 [&](const edge::DigitsAsked& e) { to_leg(e); },
                 [&](const edge::TransferAsked& e) { to_leg(e); },
                 [&](const edge::DeviceGone& e) {
                   for (const std::string& call_id : e.call_ids) {
                     if (EdgeLeg* leg = registry_.find_user_call(call_id)) leg->on_event(e);
                   }
                 },
                 [&](const edge::DeviceCame& e) {
                   log_.info("user's device connected", {{"identity", e.identity}});
                 },
                 [&](const edge::QualityReported& e) {
                   EdgeLeg* leg = registry_.find_user_call(e.call_id);
                   if (leg) leg->on_event(e);
                 },
             },
             event);
}

void CallControl::on_media(const media::MediaEvent& event) {
  const PortId port = std::visit([](const auto& e) { return e.port; }, event);
  if (Call* call = registry_.find_by_port(port)) call->on_media(event);
}

std::optional<HangupCause> CallControl::no_room(const Decision& decision, const Party& from) {
  if (decision.emergency) return std::nullopt;  // Never limited, shed or drained.
  if (draining_) return HangupCause{Cause::Unavailable, 503, 0, "the gateway is draining"};
  const config::Config& config = *config_;
  if (config.limits.max_calls > 0 && registry_.size() >= config.limits.max_calls &&
      registry_.live() >= config.limits.max_calls) {
    return HangupCause{Cause::Exhausted, 503, 0, "[limits] max_calls is reached"};
  }
  const TimePoint now = services_.clock.now();
  if (!may_begin(rate_, config.limits.calls_per_second, now)) {
    return HangupCause{Cause::Exhausted, 503, 0, "[limits] calls_per_second is reached"};
  }
  if (from.kind == PartyKind::Phone) {
    const config::Phone* phone = config.phone(from.name);
    if (phone && phone->max_calls > 0 && registry_.live_with(from) >= phone->max_calls) {
      return HangupCause{Cause::Forbidden, 403, 0, "the phone's max_calls is reached"};
    }
  }
  if (from.kind == PartyKind::Trunk) {
    const config::Trunk* trunk = config.trunk(from.name);
    if (trunk && trunk->max_calls > 0 && registry_.live_with(from) >= trunk->max_calls) {
      return HangupCause{Cause::Exhausted, 503, 0, "the trunk's max_calls is reached"};
    }
    if (trunk && !may_begin(trunk_rates_[trunk->name], trunk->calls_per_second, now)) {
      return HangupCause{Cause::Exhausted, 503, 0, "the trunk's calls_per_second is reached"};
    }
  }
  return std::nullopt;
}

std::optional<Duration> CallControl::Pace::take(double per_second, TimePoint now, Duration most) {
  if (per_second <= 0) return Duration{};
  const TimePoint at = std::max(now, next);
  if (at - now > most) return std::nullopt;
  next = at + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(1 / per_second));
  return at - now;
}

// The line before a trunk: none when a call may go at once. Those who wait take no room yet.
std::optional<SipLeg::Turn> CallControl::turn_on(const config::Trunk& trunk, const Party& party,
                                                 bool& refused) {
  refused = false;
  const auto delay =
      trunk_paces_[trunk.name].take(trunk.calls_per_second, services_.clock.now(), kLongestPace);
  if (!delay) {
    refused = true;
    return std::nullopt;
  }
  const unsigned most = trunk.max_calls;
  if (most == 0 || registry_.live_with(party) < most) {
    if (*delay == Duration{}) return std::nullopt;
    return SipLeg::Turn{*delay, {}};
  }
  return SipLeg::Turn{*delay, [this, party, most] { return registry_.live_with(party) < most; }};
}

Call& CallControl::create(const CallId& id, Dialled dialled, Decision decision) {
  calls_started_.Increment();
  Call& call = registry_.add(
      std::make_unique<Call>(services_, *this, config_, id,
                             policy::Routed{std::move(dialled), std::move(decision)}, log_of(id)));
  call.watch(roster_);
  call.watch(lines_);
  calls_active_.Set(static_cast<double>(registry_.size()));
  if (call.decision().emergency) {
    services_.metrics.counter("gw_emergency_calls_total", "Calls to emergency numbers.")
        .Increment();
    call.log().warn("emergency call", {{"from", policy::to_string(call.dialled().from)},
                                       {"number", call.dialled().number},
                                       {"callback", call.decision().caller.number}});
    if (on_emergency_) on_emergency_(call);
  }
  call.log().info("call was routed", {{"route", call.decision().route},
                                      {"normalised", Masked(call.decision().normalised)},
                                      {"ranks", call.decision().ranks.size()}});
  return call;
}

void CallControl::ByCause::add(Metrics& metrics, Cause cause) {
  Counter*& counter = counters[cause];
  if (!counter)
    counter = &metrics.counter(name, help, {{"cause", std::string(policy::to_string(cause))}});
  counter->Increment();
}

void CallControl::refuse(const CallId& id, const Dialled& dialled, const Decision& decision,
                         const HangupCause& cause) {
  calls_refused_.add(services_.metrics, cause.cause);
  log_of(id).info("call was refused",
                  {{"cause", policy::to_string(cause.cause)}, {"why", cause.detail}});
  recorder_.record(RefusedCall{id, dialled, decision, cause, services_.clock.wall()});
}

void CallControl::on_call_finished(Call& call) {
  recorder_.record(call);
  outside_.on_finished(call, call.joined_to() ? registry_.find(*call.joined_to()) : nullptr);
  calls_ended_.add(services_.metrics, call.cause().cause);
  // Posted: we may stand in one of the call's own functions.
  services_.loop.post([this, id = call.id()] {
    registry_.remove(id);
    calls_active_.Set(static_cast<double>(registry_.size()));
  });
}

void CallControl::end_all(const HangupCause& cause, EndedBy by) {
  std::vector<CallId> ids;
  registry_.for_each([&](Call& call) { ids.push_back(call.id()); });
  for (const CallId& id : ids) {
    if (Call* call = registry_.find(id)) call->end(cause, by);
  }
}

void CallControl::update_gauges() {
  size_t legs = 0;
  registry_.for_each([&](const Call& call) {
    if (call.state() == CallState::Talking)
      legs += call.talking().size();
    else if (call.state() != CallState::Ended)
      legs += 1 + call.targets().size();
  });
  legs_active_.Set(static_cast<double>(legs));
  calls_active_.Set(static_cast<double>(registry_.live()));
}

void CallControl::end_what_is_used_up() {
  for (const CallId& id : outside_.out_of_minutes()) {
    Call* call = registry_.find(id);
    if (!call) continue;
    call->log().warn("call was ended: a dial policy's minutes_per_day is used up");
    call->end({Cause::UsageLimit, 0, 0, "dial_policy.minutes_per_day is used up"},
              EndedBy::Gateway);
  }
}

bool CallControl::hang_up(const CallId& id) {
  Call* call = registry_.find(id);
  if (!call || call->state() == CallState::Ended) return false;
  call->end({Cause::NormalClearing, 0, 0, "hung up by an operator"}, EndedBy::Operator);
  return true;
}

Result<void> CallControl::join(const CallId& id, const CallId& other_id) {
  Call* call = registry_.find(id);
  Call* other = registry_.find(other_id);
  for (const auto& [found, name] : {std::pair(call, id), std::pair(other, other_id)}) {
    if (!found || found->state() == CallState::Ended)
      return fail(ErrorCode::NotFound, "no such call: " + name.value);
    if (found->state() != CallState::Talking)
      return fail(ErrorCode::Conflict, "not answered yet: " + name.value);
  }
  if (call == other) return fail(ErrorCode::Conflict, "a call cannot join itself");
  if (call->talking().size() + other->talking().size() > media::kMaxParties) {
    return fail(ErrorCode::Exhausted,
                "a conference has at most " + std::to_string(media::kMaxParties) + " parties");
  }
  call->take_in(*other);
  registry_.hand_over(other_id, id);
  return {};
}

acs::edge::Identity CallControl::caller_identity(const Call& call) const {
  return caller_identity(call, policy::Routed{call.dialled(), call.decision()});
}

Decision CallControl::decide(const Dialled& dialled) const {
  return policy::decide(*config_, dialled, services_.clock.wall());
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

void CallControl::transfer(const CallId& id, const std::string& to,
                           std::function<void(Result<void>)> done) {
  Call* call = registry_.find(id);
  if (!call || call->state() == CallState::Ended)
    return done(fail(ErrorCode::NotFound, "no such call: " + id.value));
  if (call->state() != CallState::Talking)
    return done(fail(ErrorCode::Conflict, "not answered yet: " + id.value));
  const auto in_cloud = [](Leg* leg) { return dynamic_cast<CloudLeg*>(leg) != nullptr; };
  const auto leg = std::ranges::find_if(call->talking(), in_cloud);
  if (leg == call->talking().end()) return done(transfer_here(*call, to));
  if (call->talking().size() != 2)
    return done(fail(ErrorCode::Conflict, "only a call of two can be transferred"));
  auto& cloud = static_cast<CloudLeg&>(**leg);
  std::string target = to;
  std::string number;
  if (to.starts_with("user:")) {
    const config::User* user = config_->user(to.substr(5));
    if (!user) return done(fail(ErrorCode::NotFound, "no such user: " + to));
    target = user->id;
  } else if (const auto e164 = to.starts_with("8:")
                                   ? std::nullopt
                                   : policy::normalise(to, config_->numbers.country)) {
    if (!cloud.reaches_number()) {
      return done(
          fail(ErrorCode::Conflict, "ACS transfers a user's call to users alone, not to a number"));
    }
    target = "4:" + *e164;
    number = call->decision().caller.number;
  }
  if (!target.starts_with("8:") && !target.starts_with("4:")) {
    return done(fail(ErrorCode::NotFound, to + " is no user, identity or number"));
  }
  call->log().info("transfer was asked for", {{"to", Masked(target)}});
  cloud.transfer(target, number, std::move(done));
}

CallId CallControl::new_call_id() const {
  return CallId{services_.random.hex(8)};
}

Log CallControl::log_of(const CallId& id) const {
  return log_.with({{"call", id.value}});
}

}  // namespace gw
