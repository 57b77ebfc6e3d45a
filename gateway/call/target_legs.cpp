// The other half of CallControl: the legs that reach a target.
#include <algorithm>

#include "gateway/call/call_control.h"
#include "gateway/call/cloud_leg.h"
#include "gateway/call/echo_leg.h"
#include "gateway/call/edge_leg.h"
#include "gateway/call/sip_leg.h"
#include "gateway/call/trunk_target.h"
#include "gateway/policy/forwarding.h"
#include "gateway/policy/trunk_identity.h"
#include "gateway/policy/user_codecs.h"

namespace gw {
namespace {

using policy::Cause;
using policy::HangupCause;
using policy::Party;
using policy::PartyKind;
using policy::Routed;

// Silent so long (no 100 even), a flow is dead and the phone's next is tried.
constexpr Duration kFlowAnswers = 4s;

tl::unexpected<HangupCause> no(Cause cause, std::string why) {
  return tl::unexpected<HangupCause>(HangupCause{cause, 0, 0, std::move(why)});
}

// What both can use, in their order: it comes first, so that it may be passed through.
std::vector<media::Codec> meet(const std::vector<media::Codec>& theirs,
                               const std::vector<media::Codec>& ours) {
  std::vector<media::Codec> first;
  for (const media::Codec codec : theirs) {
    if (std::ranges::find(ours, codec) != ours.end()) first.push_back(codec);
  }
  return first;
}

// Applications play and stream at 16 kHz.
constexpr media::Codec kCodecLikeAnApp = media::Codec::G722;

// User-To-User (RFC 7433) and X-MS-Custom-*, as an app or a user asked. What one network says to us
// is not told another.
void add_headers(sip::OutgoingInvite& invite, const policy::Dialled& dialled,
                 bool from_phones_too = false) {
  const PartyKind from = dialled.from.kind;
  if (from != PartyKind::App && from != PartyKind::User &&
      !(from_phones_too && from == PartyKind::Phone))
    return;
  for (const auto& [name, value] : dialled.headers) {
    if (name == "User-To-User") {
      invite.user_to_user = value;
    } else {
      invite.extra_headers.emplace_back(name, value);
    }
  }
}

// A phone that may is to pick up by itself: an intercom. Calls of the house alone, unless the route
// says so: whose carrier could open a phone's microphone from outside?
bool answers_by_itself(const Call& call, const Routed& routed, const config::Phone& phone) {
  if (routed.decision.auto_answer) return true;
  const auto inside = [](const Party& from) {
    return from.kind == PartyKind::Phone || from.kind == PartyKind::User;
  };
  return phone.auto_answer && inside(routed.dialled.from) && inside(call.dialled().from);
}

// Anywhere; or to the trunk's own: who answers for a carrier may not send calls to strangers.
std::function<bool(const std::string&)> redirects_allowed(const config::Trunk& trunk) {
  if (trunk.follow_redirects == config::Redirects::Any)
    return [](const std::string&) { return true; };
  std::vector<std::string> hosts;
  for (const std::string& text : trunk.targets) {
    if (const auto target = config::parse_target(text)) hosts.push_back(target->host);
  }
  return [hosts = std::move(hosts), peers = trunk.peers](const std::string& host) {
    if (std::ranges::find(hosts, host) != hosts.end()) return true;
    const auto address = SocketAddress::parse(host);
    return address && std::ranges::any_of(
                          peers, [&](const AddressRange& peer) { return peer.contains(*address); });
  };
}

// What a caller says beside the call, to a user's app. The edge carries no other names than SIP's,
// so that a header for VoIP alone gets the prefix that their library gives it too; what does not
// fit its limits is left out.
acs::edge::CallContext context_of(const policy::Dialled& dialled) {
  constexpr std::string_view kPrefix = "X-MS-Custom-",
                             kNameLetters =
                                 "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
  constexpr size_t kMaxHeaders = 5, kMaxName = 64, kMaxValue = 256, kMaxHistory = 1024;
  acs::edge::CallContext context;
  const auto add = [&](const std::string& name, const std::string& value) {
    const bool fits = name.size() <= kMaxName && value.size() <= kMaxValue &&
                      context.headers.size() < kMaxHeaders &&
                      name.find_first_not_of(kNameLetters) == std::string::npos;
    if (fits) context.headers.emplace_back(name, value);
  };
  for (const auto& [name, value] : dialled.headers) {
    if (name == "User-To-User") {
      context.user_to_user = value.substr(0, kMaxValue);
    } else if (name.starts_with(kPrefix)) {
      add(name, value);
    }
  }
  for (const auto& [name, value] : dialled.voip_headers) {
    add(name.starts_with(kPrefix) ? name : std::string(kPrefix) + name, value);
  }
  // Who sent the call on, as a carrier told it: the library hands it to the app under its own name.
  for (const auto& [name, value] : dialled.headers) {
    if ((name == "History-Info" || name == "Diversion") && value.size() <= kMaxHistory)
      context.headers.emplace_back(name, value);
  }
  return context;
}

// The flows of one instance are one device (RFC 5626 5.3), the newest first.
std::vector<std::vector<sip::Binding>> devices_of(std::vector<sip::Binding> bindings) {
  std::vector<std::vector<sip::Binding>> devices;
  for (sip::Binding& binding : bindings) {
    const auto same = std::ranges::find_if(devices, [&](const auto& flows) {
      return binding.reg_id && flows.front().reg_id && flows.front().instance == binding.instance;
    });
    if (same != devices.end()) {
      same->push_back(std::move(binding));
    } else {
      devices.push_back({std::move(binding)});
    }
  }
  return devices;
}

}  // namespace

CallControl::LegsOrCause CallControl::legs_for(Call& call, const Routed& routed,
                                               const Party& party) {
  switch (party.kind) {
    case PartyKind::Phone: return legs_to_phone(call, routed, party);
    case PartyKind::User: return legs_to_user(call, routed, party);
    case PartyKind::Trunk: return legs_to_trunk(call, routed, party);
    case PartyKind::App: return legs_to_app(call, routed, party);
  }
  return no(Cause::Failed, "unknown kind of target");
}

media::PhonePortSpec CallControl::phone_spec(const config::Config& config, const Party& party,
                                             bool tls, bool v6) const {
  media::PhonePortSpec spec;
  spec.srtp = config.media.srtp;
  if (party.kind == PartyKind::Phone) {
    if (const config::Phone* phone = config.phone(party.name)) {
      spec.codecs = phone->codecs;
      spec.dtmf = phone->dtmf;
    }
  } else if (const config::Trunk* trunk = config.trunk(party.name)) {
    spec.codecs = trunk->codecs;
    spec.dtmf = trunk->dtmf;
    spec.playout = trunk->playout;
    spec.srtp = trunk->srtp.value_or(spec.srtp);
  }
  spec.offer_crypto = tls && spec.srtp != media::SrtpPolicy::Off;
  spec.prefer_v6 = v6;
  return spec;
}

EdgeLeg::Media CallControl::user_media(const Call& call, std::optional<media::Codec> other) const {
  return {call.session(),
          {policy::codecs_for_user(call.decision().media, other)},
          other.value_or(kCodecLikeAnApp),
          other && call.decision().media == config::RouteMedia::Auto};
}

// What the caller will speak when a user answers: Opus if it can, else what we like best of what it
// offered. An application has no codec.
std::optional<media::Codec> CallControl::codec_of_caller(const Call& call) const {
  if (call.caller()->is_application()) return std::nullopt;
  const std::vector<media::Codec> offered = call.caller()->codecs();
  const Party& caller = call.dialled().from;
  if (caller.kind == PartyKind::User) return offered.empty() ? media::Codec::Opus : offered.front();
  if (std::ranges::find(offered, media::Codec::Opus) != offered.end()) return media::Codec::Opus;
  const std::vector<media::Codec> ours = phone_spec(call.config(), caller, false, false).codecs;
  const std::vector<media::Codec> common = meet(ours, offered.empty() ? ours : offered);
  return common.empty() ? media::Codec::Pcmu : common.front();
}

// What a user's call will most likely meet at the other end, when the user's offer is answered
// before that end is asked.
std::optional<media::Codec> CallControl::codec_of_target(const Call& call) const {
  const auto& ranks = call.decision().ranks;
  if (ranks.empty() || ranks.front().parties.empty()) return media::Codec::Pcmu;
  const Party& target = ranks.front().parties.front();
  if (target.kind == PartyKind::User) return media::Codec::Opus;
  if (target.kind == PartyKind::App) return std::nullopt;
  const std::vector<media::Codec> codecs = phone_spec(call.config(), target, false, false).codecs;
  return codecs.empty() ? media::Codec::Pcmu : codecs.front();
}

sip::NameAddr CallControl::from_header(const Call& call, const policy::Presentation& caller) const {
  if (caller.anonymous) return {"Anonymous", "anonymous", "anonymous.invalid", 0, false};
  return {caller.display_name, caller.number, call.config().sip.domain, 0, false};
}

CallControl::LegsOrCause CallControl::legs_to_phone(Call& call, const Routed& routed,
                                                    const Party& party) {
  const config::Phone* phone = call.config().phone(party.name);
  if (!phone) return no(Cause::NotFound, "no such phone");
  if (phone->max_calls > 0 && registry_.live_with(party) >= phone->max_calls) {
    return no(Cause::Busy, "the phone's max_calls is reached");
  }
  if (!routed.decision.emergency) {
    if (policy::do_not_disturb(call.config(), party))
      return no(Cause::Busy, "the phone is not to be disturbed");
    if (phone->call_waiting && registry_.live_with(party) > *phone->call_waiting) {
      return no(Cause::Busy, "the phone is in a call, and its call_waiting is reached");
    }
  }
  Legs legs;
  for (std::vector<sip::Binding>& flows : devices_of(services_.registrar.bindings(party.name))) {
    const sip::Binding& binding = flows.front();
    sip::OutgoingInvite invite;
    SipLeg::go_by(invite, binding);
    if (flows.size() > 1) invite.answer_deadline = kFlowAnswers;
    invite.from = from_header(call, routed.decision.caller_to_phones);
    invite.to = {phone->display_name, phone->extension.empty() ? phone->username : phone->extension,
                 call.config().sip.domain, 0, false};
    invite.privacy_id = routed.decision.caller_to_phones.anonymous;
    invite.call_id_hint = call.id().value;
    invite.max_forwards = routed.dialled.max_forwards;
    SipLeg::Media media{call.session(),
                        phone_spec(call.config(), party, binding.transport == sip::Transport::Tls,
                                   binding.source.v6()),
                        {}};
    media.spec.network = binding.network;
    media.codecs_first = meet(call.caller()->codecs(), media.spec.codecs);
    add_headers(invite, routed.dialled);
    if (answers_by_itself(call, routed, *phone)) {
      invite.extra_headers.emplace_back("Call-Info",
                                        "<sip:" + call.config().sip.domain + ">;answer-after=0");
      invite.extra_headers.emplace_back(
          "Alert-Info", "<http://" + call.config().sip.domain + ">;info=alert-autoanswer;delay=0");
    }
    if (routed.dialled.forwarded) {
      invite.diverted = routed.dialled.diverted;
      for (sip::Diverted& by : invite.diverted)
        by.host = by.host.empty() ? call.config().sip.domain : by.host;
      invite.say_diversion = true;
    }
    if (const std::string& by = routed.dialled.transferor; !by.empty()) {
      invite.referred_by =
          sip::NameAddr{routed.dialled.transferor_display, by.starts_with("4:") ? by.substr(2) : by,
                        call.config().sip.domain, 0, false};
    }
    auto leg = std::make_unique<SipLeg>(services_, call,
                                        call.log().with({{"leg", "sip"}, {"party", party.name}}),
                                        party, std::move(invite), std::move(media));
    if (binding.reg_id) {
      leg->use_flows({std::move(flows),
                      [this](const sip::Binding& lost) { services_.registrar.flow_failed(lost); }});
    }
    legs.push_back(std::move(leg));
  }
  if (legs.empty()) return no(Cause::NotRegistered, "no device of the phone is registered");
  return legs;
}

acs::edge::Identity CallControl::caller_identity(const Call& call, const Routed& routed) const {
  const policy::Presentation& caller = routed.decision.caller;
  if (caller.anonymous) return {"4:anonymous", ""};
  if (routed.dialled.from.kind == PartyKind::User) {
    const config::User* user = call.config().user(routed.dialled.from.name);
    return {user ? user->id : routed.dialled.from.name, caller.display_name};
  }
  if (caller.number.empty())
    return {routed.dialled.from_identity, caller.display_name};  // An app's call.
  return {"4:" + caller.number, caller.display_name};
}

CallControl::LegsOrCause CallControl::legs_to_user(Call& call, const Routed& routed,
                                                   const Party& party) {
  const config::User* user = call.config().user(party.name);
  if (!routed.decision.emergency && policy::do_not_disturb(call.config(), party)) {
    return no(Cause::Busy, "the user is not to be disturbed");
  }
  Legs legs;
  if (user && user->echo) {
    legs.push_back(std::make_unique<EchoLeg>(services_, call.log().with({{"leg", "echo"}}), party,
                                             call.session()));
    return legs;
  }
  if (services_.cloud) return legs_to_cloud(call, routed, party, user ? user->id : party.name);
  if (!services_.edge) return no(Cause::NotRegistered, "the edge is not open");
  EdgeLeg::User side;
  side.identity = user ? user->id : party.name;
  side.call_id = services_.random.uuid();
  side.remote = caller_identity(call, routed);
  side.transferor = {routed.dialled.transferor, routed.dialled.transferor_display};
  const Duration ring_time = routed.decision.ring_timeout;
  side.ring_expires = services_.clock.wall() +
                      (ring_time > Duration{} ? ring_time : call.config().calls.ring_timeout);
  side.server_call_id = call.id().value;
  side.context = context_of(routed.dialled);
  EdgeLeg::Media media = user_media(call, codec_of_caller(call));
  auto leg = std::make_unique<EdgeLeg>(services_, call,
                                       call.log().with({{"leg", "edge"}, {"party", party.name}}),
                                       party, std::move(side), std::move(media));
  leg->set_far_side(
      routed.dialled.from.kind == PartyKind::User ? policy::Far::User : policy::Far::Phone,
      policy::FarDirection::ItCalledUs);
  registry_.add_user_call(leg->user_call_id(), *leg, call.id());
  legs.push_back(std::move(leg));
  return legs;
}

CallControl::LegsOrCause CallControl::legs_to_cloud(Call& call, const Routed& routed,
                                                    const Party& party, std::string target) {
  if (!services_.cloud) return no(Cause::NoTrunk, "[acs] provider is not \"cloud\"");
  const bool to_number = target.starts_with("4:");
  const policy::Presentation& caller = routed.decision.caller;
  CloudLeg::Outgoing outgoing;
  outgoing.target = std::move(target);
  if (routed.dialled.from.kind == PartyKind::Phone) {
    if (const config::Phone* phone = call.config().phone(routed.dialled.from.name))
      outgoing.source = phone->identity;
  }
  if (!caller.anonymous)
    outgoing.source_display_name =
        caller.display_name.empty() ? caller.number : caller.display_name;
  if (to_number) {
    if (caller.number.empty() || caller.anonymous)
      return no(Cause::CallerIdNotAllowed, "ACS wants a number of its own to be presented");
    if (!services_.cloud->may_present(caller.number)) {
      return no(Cause::CallerIdNotAllowed,
                mask(caller.number) + " is no number of the ACS resource");
    }
    outgoing.source_number = caller.number;
  }
  Legs legs;
  legs.push_back(std::make_unique<CloudLeg>(
      services_, call, call.log().with({{"leg", "cloud"}, {"party", party.name}}), party,
      std::move(outgoing), call.session()));
  return legs;
}

CallControl::LegsOrCause CallControl::legs_to_trunk(Call& call, const Routed& routed,
                                                    const Party& party) {
  const config::Trunk* trunk = call.config().trunk(party.name);
  if (trunk && trunk->cloud) {
    const std::string& out = routed.decision.number_out;
    if (auto refused =
            outside_.refusal(call, routed.dialled.from, party, routed.decision.normalised))
      return tl::unexpected(*refused);
    auto legs =
        legs_to_cloud(call, routed, party, "4:" + (out.empty() ? routed.decision.normalised : out));
    if (legs)
      outside_.add(call, routed.dialled.from, party, routed.decision.normalised, *legs->front());
    return legs;
  }
  if (!trunk || trunk->targets.empty()) return no(Cause::NoTrunk, "the trunk has no target");
  std::optional<SipLeg::Turn> turn;
  if (!routed.decision.emergency) {
    if (auto used_up =
            outside_.refusal(call, routed.dialled.from, party, routed.decision.normalised))
      return tl::unexpected(*used_up);
    bool refused = false;
    turn = turn_on(*trunk, party, refused);
    if (refused) return no(Cause::Exhausted, "the trunk's calls_per_second is reached");
  }
  const std::string& number = routed.decision.number_out;
  const std::string dialled =
      policy::number_for_trunk(*trunk, number.empty() ? routed.decision.normalised : number);
  std::vector<TrunkSearch::Target> targets;
  const bool direct_routing = trunk->profile == config::TrunkProfile::DirectRouting;
  bool tls = false, v6 = false;
  for (const std::string& text : trunk->targets) {
    const auto target = config::parse_target(text);
    if (!target) continue;  // `check` has said so.
    tls = tls || target->transport == sip::Transport::Tls;
    v6 = v6 || target->host.find(':') != std::string::npos;
    targets.push_back({trunk_uri(*target, dialled, direct_routing),
                       {"", dialled, target->host, target->port, false},
                       {target->host, target->port, target->transport}});
  }
  if (targets.empty()) return no(Cause::NoTrunk, "none of the trunk's targets can be read");

  sip::OutgoingInvite invite;
  policy::say_who_calls(call.config(), *trunk, routed, invite);
  if (routed.decision.emergency) policy::say_where(call.config(), routed.dialled.from, invite);
  invite.call_id_hint = call.id().value;
  invite.max_forwards = routed.dialled.max_forwards;
  invite.answer_deadline = trunk->answer_timeout;
  invite.refer = !direct_routing;
  add_headers(invite, routed.dialled, direct_routing);
  if (!trunk->username.empty())
    invite.credentials = sip::Credentials{trunk->username, trunk->password.reveal()};

  SipLeg::Media media{call.session(),
                      phone_spec(call.config(), party, tls, v6),
                      {},
                      trunk->hold == config::HoldBy::Inactive};
  media.spec.network = trunk->network;
  media.codecs_first = meet(call.caller()->codecs(), media.spec.codecs);
  auto leg = std::make_unique<SipLeg>(services_, call,
                                      call.log().with({{"leg", "sip"}, {"party", party.name}}),
                                      party, std::move(invite), std::move(media));
  leg->search(std::make_unique<TrunkSearch>(
      resolver_, services_.trunk_health,
      TrunkSearch::Settings{trunk->name, std::move(targets), trunk->retry_on,
                            routed.decision.emergency, trunk->network},
      call.log()));
  if (turn) leg->wait_for(std::move(*turn));
  if (!routed.decision.emergency)
    outside_.add(call, routed.dialled.from, party, routed.decision.normalised, *leg);
  if (trunk->follow_redirects != config::Redirects::Off)
    leg->follow_redirects(redirects_allowed(*trunk));
  Legs legs;
  legs.push_back(std::move(leg));
  return legs;
}

CallControl::LegsOrCause CallControl::legs_to_app(Call& call, const Routed& routed,
                                                  const Party& party) {
  if (!apps_) return no(Cause::NotRegistered, "no REST API is served");
  auto leg = apps_->leg_to(call, routed, party);
  if (!leg) return tl::unexpected(leg.error());
  Legs legs;
  legs.push_back(std::move(*leg));
  return legs;
}

}  // namespace gw
