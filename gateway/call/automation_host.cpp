#include "gateway/call/automation_host.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "acs/identity/token_service.h"

namespace gw {
namespace {

namespace ca = acs::call_automation;
using acs::rest::RestError;
using policy::Cause;
using policy::HangupCause;

constexpr size_t kContext = 96;  // Characters of an incomingCallContext: nobody guesses it.

RestError gone(std::string message) {
  return {404, "8522", std::move(message)};
}

RestError refusal(const HangupCause& cause) {
  switch (cause.cause) {
    case Cause::CallerIdNotAllowed: return AppConnection::not_your_number();
    case Cause::Exhausted:
    case Cause::Unavailable: return {503, "ServiceUnavailable", cause.detail};
    default: return {400, "BadRequest", cause.detail};
  }
}

}  // namespace

AutomationHost::AutomationHost(Needs needs) : needs_(std::move(needs)) {
  needs_.control.set_app_door(this);
}

AutomationHost::~AutomationHost() = default;

// ---- Calls that come in ----

tl::expected<std::unique_ptr<Leg>, HangupCause> AutomationHost::leg_to(Call& call,
                                                                       const policy::Routed& routed,
                                                                       const policy::Party& party) {
  const config::App* app = call.config().app(party.name);
  if (!app) return tl::unexpected(HangupCause{Cause::NotFound, 0, 0, "no such app"});
  if (!needs_.reachable(app->name)) {
    return tl::unexpected(HangupCause{Cause::NotRegistered, 0, 0,
                                      "the app's webhook has not proved that it wants events"});
  }
  auto leg = std::make_unique<AppLeg>(needs_.services, call,
                                      call.log().with({{"leg", "app"}, {"party", party.name}}),
                                      party, call.session(), *this, app->ring_timeout);
  acs::events::IncomingCall incoming;
  incoming.from = needs_.control.caller_identity(call).raw_id;
  incoming.to = routed.decision.called;
  incoming.caller_display_name = routed.decision.caller.display_name;
  incoming.server_call_id = call.id().value;
  incoming.incoming_call_context = needs_.services.random.alphanumeric(kContext);
  incoming.correlation_id = needs_.services.random.uuid();
  for (const auto& [name, value] : routed.dialled.headers) incoming.custom.sip[name] = value;
  for (const auto& [name, value] : routed.dialled.voip_headers) incoming.custom.voip[name] = value;
  offers_[incoming.incoming_call_context] = {call.id(), leg.get(), incoming.correlation_id,
                                             incoming.from, incoming.to};
  needs_.offer(*app, std::move(incoming));
  return leg;
}

void AutomationHost::on_leg_over(AppLeg& leg) {
  std::erase_if(offers_, [&](const auto& entry) { return entry.second.leg == &leg; });
  for (const auto& [id, connection] : connections_) connection->on_leg_over(leg);
}

void AutomationHost::on_clip_ended(AppLeg& leg, uint64_t serial) {
  for (const auto& [id, connection] : connections_) connection->on_clip_ended(leg, serial);
}

tl::expected<AutomationHost::Offer, RestError> AutomationHost::take_offer(
    const std::string& context) const {
  const auto found = offers_.find(context);
  if (found == offers_.end() || !needs_.control.registry().find(found->second.call)) {
    return tl::unexpected(gone("Call not found: it rings no more, or was taken already."));
  }
  return found->second;
}

// ---- What apps ask ----

ca::Outcome AutomationHost::perform(const std::string& connection, ca::Command command) {
  if (!connection.empty()) {
    const auto found = connections_.find(connection);
    if (found == connections_.end()) return tl::unexpected(gone("Call not found."));
    return found->second->perform(command);
  }
  return std::visit(
      [this](auto& what) -> Outcome {
        if constexpr (requires { this->on(what); }) {
          return on(what);
        } else {
          return tl::unexpected(gone("Call not found."));
        }
      },
      command);
}

AppConnection& AutomationHost::add(AppConnection::Facts facts, Call& call, AppLeg& leg) {
  const std::string id = facts.id;
  AppConnection::Needs needs{needs_.services, needs_.control,      needs_.tell,
                             needs_.fetch,    needs_.stream_token, {}};
  needs.over = [this, id, alive = std::weak_ptr(alive_)] {
    needs_.services.loop.post([this, id, alive] {
      if (!alive.expired()) connections_.erase(id);
    });
  };
  call.log().info("application took hold of the call", {{"connection", id}});
  auto connection = std::make_unique<AppConnection>(std::move(needs), std::move(facts), call, leg);
  return *connections_.insert_or_assign(id, std::move(connection)).first->second;
}

ca::Outcome AutomationHost::on(ca::CreateCall& command) {
  if (connections_.size() >= kMostConnections) {
    return tl::unexpected(RestError{429, "TooManyRequests", "Too many calls are open."});
  }
  AppConnection::Facts facts;
  facts.id = needs_.services.random.uuid();
  facts.correlation_id = needs_.services.random.uuid();
  facts.way = AppConnection::Way::Created;
  facts.callback_uri = command.callback_uri;
  facts.context = command.context;
  facts.source = command.source.empty()
                     ? acs::identity::make_identity(needs_.resource_id, needs_.services.random)
                     : command.source;
  facts.source_display_name = command.source_display_name;
  facts.caller_id = command.caller_id;
  facts.targets = command.targets;
  facts.streaming = command.streaming;

  if (!AppConnection::may_present(needs_.control.config(), facts.caller_id)) {
    return tl::unexpected(AppConnection::not_your_number());
  }

  policy::Dialled first;
  for (const std::string& target : command.targets) {
    auto dialled = AppConnection::dialled_for(target);
    if (!dialled) return tl::unexpected(dialled.error());
    if (&target == &command.targets.front()) first = std::move(*dialled);
  }
  first.caller_id = facts.caller_id;
  first.from_display = facts.source_display_name;
  first.from_identity = facts.source;
  AppLeg* leg = nullptr;
  auto call = needs_.control.begin_for_app(
      std::move(first), [&](Call& made) -> Result<std::unique_ptr<Leg>> {
        auto own =
            std::make_unique<AppLeg>(needs_.services, made, made.log().with({{"leg", "app"}}),
                                     made.dialled().from, made.session(), *this, Duration{});
        if (const auto opened = own->open(); !opened) return tl::unexpected(opened.error());
        leg = own.get();
        return own;
      });
  if (!call) return tl::unexpected(refusal(call.error()));
  AppConnection& connection = add(std::move(facts), **call, *leg);
  for (const std::string& target : command.targets) connection.invite_target(target);
  return connection.properties();
}

ca::Outcome AutomationHost::on(ca::AnswerCall& command) {
  const auto offer = take_offer(command.incoming_call_context);
  if (!offer) return tl::unexpected(offer.error());
  Call& call = *needs_.control.registry().find(offer->call);
  AppConnection::Facts facts;
  facts.id = needs_.services.random.uuid();
  facts.correlation_id = offer->correlation_id;
  facts.way = AppConnection::Way::Answered;
  facts.callback_uri = command.callback_uri;
  facts.context = command.context;
  facts.source = offer->from;
  facts.answered_by = command.answered_by;
  if (offer->to.starts_with("4:")) facts.answered_for = offer->to.substr(2);
  facts.targets = {offer->to};
  facts.streaming = command.streaming;
  offers_.erase(command.incoming_call_context);  // Once.
  AppConnection& connection = add(std::move(facts), call, *offer->leg);
  connection.name(*call.caller(), offer->from);
  const ca::CallProperties answer = connection.properties();
  offer->leg->accept();
  return answer;
}

// Whom an app passes a call on to sees who called.
policy::Dialled AutomationHost::passed_on(const Call& call, policy::Dialled dialled) const {
  const policy::Presentation& caller = call.decision().caller;
  dialled.from_display = caller.display_name;
  const std::string raw_id = needs_.control.caller_identity(call).raw_id;
  if (raw_id.starts_with("8:")) {
    dialled.from_identity = raw_id;
  } else if (!caller.anonymous) {
    dialled.from_number = caller.number;
  }
  dialled.max_forwards = call.dialled().max_forwards;
  dialled.headers = call.dialled().headers;
  dialled.voip_headers = call.dialled().voip_headers;
  return dialled;
}

ca::Outcome AutomationHost::on(ca::RedirectCall& command) {
  const auto offer = take_offer(command.incoming_call_context);
  if (!offer) return tl::unexpected(offer.error());
  auto target = AppConnection::dialled_for(command.target);
  if (!target) return tl::unexpected(target.error());
  Call& call = *needs_.control.registry().find(offer->call);
  target->from = offer->leg->party();
  policy::Dialled dialled = passed_on(call, std::move(*target));
  policy::Decision decision = needs_.control.decide(dialled);
  if (!decision.accepted) return tl::unexpected(refusal(decision.cause));
  offers_.erase(command.incoming_call_context);
  if (!call.redirect({std::move(dialled), std::move(decision)})) {
    return tl::unexpected(gone("Call not found: it rings no more, or was sent around too often."));
  }
  return ca::Accepted{};
}

ca::Outcome AutomationHost::on(ca::RejectCall& command) {
  const auto offer = take_offer(command.incoming_call_context);
  if (!offer) return tl::unexpected(offer.error());
  offers_.erase(command.incoming_call_context);
  Cause cause = Cause::Declined;
  if (command.reason == ca::RejectReason::Busy) cause = Cause::Busy;
  if (command.reason == ca::RejectReason::Forbidden) cause = Cause::Forbidden;
  offer->leg->leave({cause, 0, 0, "the application rejected the call"});
  return ca::Accepted{};
}

ca::Outcome AutomationHost::on(ca::ConnectCall& command) {
  Call* call = needs_.control.registry().find(CallId{command.server_call_id});
  if (!call || call->state() != CallState::Talking) {
    return tl::unexpected(gone("Call not found."));
  }
  if (call->talking().size() >= media::kMaxParties || connections_.size() >= kMostConnections) {
    return tl::unexpected(RestError{429, "TooManyRequests", "The call or the gateway is full."});
  }
  auto leg = std::make_unique<AppLeg>(needs_.services, *call, call->log().with({{"leg", "app"}}),
                                      policy::Party{policy::PartyKind::App, "rest"},
                                      call->session(), *this, Duration{});
  if (const auto opened = leg->open(); !opened) {
    return tl::unexpected(RestError{503, "ServiceUnavailable", opened.error().detail});
  }
  AppConnection::Facts facts;
  facts.id = needs_.services.random.uuid();
  facts.correlation_id = needs_.services.random.uuid();
  facts.way = AppConnection::Way::Connected;
  facts.callback_uri = command.callback_uri;
  facts.context = command.context;
  facts.streaming = command.streaming;
  AppConnection& connection = add(std::move(facts), *call, *leg);
  const ca::CallProperties answer = connection.properties();
  connection.be_connected();
  call->admit(std::move(leg));
  return answer;
}

}  // namespace gw
