#include "gateway/call/call_control.h"

#include <algorithm>
#include <utility>

#include "gateway/call/cloud_leg.h"
#include "gateway/call/edge_leg.h"
#include "gateway/call/sip_leg.h"

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

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

// New calls a second, twice as many at once; 0 = no limit.
bool may_begin(TokenBucket& bucket, double per_second, TimePoint now) {
  return per_second <= 0 || bucket.take(per_second, 2 * per_second, now);
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
