#include "gateway/policy/forwarding.h"

#include <algorithm>

#include "gateway/policy/caller_id_policy.h"

namespace gw::policy {
namespace {

const config::Forwarding* forwarding_of(const config::Config& config, const Party& party) {
  if (party.kind == PartyKind::Phone) {
    const config::Phone* phone = config.phone(party.name);
    return phone ? &phone->forwarding : nullptr;
  }
  if (party.kind == PartyKind::User) {
    const config::User* user = config.user(party.name);
    return user ? &user->forwarding : nullptr;
  }
  return nullptr;
}

const std::string& target_of(const config::Forwarding& forwarding, ForwardReason reason) {
  switch (reason) {
    case ForwardReason::Always: return forwarding.always;
    case ForwardReason::Busy: return forwarding.busy;
    case ForwardReason::NoAnswer: return forwarding.no_answer;
  }
  return forwarding.always;
}

// The party's number, as who is called next is told of it.
std::string number_of(const config::Config& config, const Party& party) {
  if (party.kind == PartyKind::Phone) {
    const config::Phone* phone = config.phone(party.name);
    if (!phone) return party.name;
    if (!phone->caller_id.empty()) return phone->caller_id;
    return phone->extension.empty() ? phone->username : phone->extension;
  }
  const std::vector<std::string> numbers = allowed_numbers(config, party.name);
  if (!numbers.empty()) return numbers.front();
  const config::User* user = config.user(party.name);
  return user && !user->extension.empty() ? user->extension : party.name;
}

// "phone:102" and "user:alice" need no extension; with one they are dialled like anybody.
std::optional<Party> party_of(const config::Config& config, std::string& number) {
  const auto party = parse_party(number);
  if (!party) return std::nullopt;
  const std::string* extension = nullptr;
  if (party->kind == PartyKind::Phone) {
    if (const config::Phone* phone = config.phone(party->name)) extension = &phone->extension;
  } else if (const config::User* user = config.user(party->name)) {
    extension = &user->extension;
  }
  if (!extension || extension->empty()) return party;
  number = *extension;
  return std::nullopt;
}

bool reaches_trunk(const Decision& decision) {
  return std::ranges::any_of(decision.ranks, [](const Rank& rank) {
    return std::ranges::any_of(rank.parties,
                               [](const Party& party) { return party.kind == PartyKind::Trunk; });
  });
}

// Parties of the house see who called, as they would have been called directly.
void show_caller(const config::Config& config, const Routed& way, Routed& routed) {
  Dialled shown = way.dialled;
  shown.number = routed.dialled.number;
  shown.diverted = routed.dialled.diverted;
  shown.forwarded = true;
  Dialled plain = shown;
  plain.caller_id.clear();  // What was asked for the first target is none of this one's.
  routed.dialled = std::move(shown);
  const auto outside = choose_caller_id(config, plain, "pass", false);
  if (!outside) return;
  routed.decision.caller = as_seen_by(config, plain, *outside, PartyKind::User);
  routed.decision.caller_to_phones = as_seen_by(config, plain, *outside, PartyKind::Phone);
}

}  // namespace

std::string_view to_string(ForwardReason reason) {
  switch (reason) {
    case ForwardReason::Always: return "unconditional";
    case ForwardReason::Busy: return "user-busy";
    case ForwardReason::NoAnswer: return "no-answer";
  }
  return "unknown";
}

std::optional<ForwardReason> reason_of(const HangupCause& cause) {
  switch (cause.cause) {
    case Cause::Busy: return ForwardReason::Busy;
    case Cause::NoAnswer:
    case Cause::NotRegistered:
    case Cause::Timeout:
    case Cause::Unavailable: return ForwardReason::NoAnswer;
    default: return std::nullopt;
  }
}

bool has_forwarding(const config::Config& config, const Party& party, ForwardReason reason) {
  const config::Forwarding* forwarding = forwarding_of(config, party);
  return forwarding && !target_of(*forwarding, reason).empty();
}

std::optional<Duration> no_answer_after(const config::Config& config, const Party& party) {
  if (!has_forwarding(config, party, ForwardReason::NoAnswer)) return std::nullopt;
  return forwarding_of(config, party)->no_answer_after;
}

bool do_not_disturb(const config::Config& config, const Party& party) {
  const config::Forwarding* forwarding = forwarding_of(config, party);
  return forwarding && forwarding->do_not_disturb;
}

std::optional<Routed> forwarded(const config::Config& config, const Routed& way, const Party& by,
                                ForwardReason reason, WallTime now) {
  if (!has_forwarding(config, by, reason)) return std::nullopt;
  Routed routed;
  Dialled& dialled = routed.dialled;
  dialled.from = by;
  dialled.number = target_of(*forwarding_of(config, by), reason);
  dialled.headers = way.dialled.headers;
  dialled.max_forwards = way.dialled.max_forwards > 0 ? way.dialled.max_forwards - 1 : 0;
  dialled.forwarded = true;
  dialled.diverted = way.dialled.diverted;
  // Its host is ours, as the trunk knows us.
  dialled.diverted.insert(
      dialled.diverted.begin(),
      sip::Diverted{number_of(config, by), "", std::string(to_string(reason)), false});
  // A user's number that goes without asking; with several the first.
  if (by.kind == PartyKind::User) {
    const std::vector<std::string> numbers = allowed_numbers(config, by.name);
    if (!numbers.empty()) dialled.caller_id = numbers.front();
  }
  Decision& decision = routed.decision;
  if (const auto party = party_of(config, dialled.number)) {
    decision.accepted = true;
    decision.route = "forward";
    decision.normalised = dialled.number;
    decision.ranks = {Rank{{*party}}};
  } else {
    decision = decide(config, dialled, now);
  }
  if (decision.emergency) {
    decision.accepted = false;
    decision.cause = {Cause::Forbidden, 0, 0, "nobody's calls go to an emergency number"};
  }
  if (!decision.accepted) return routed;
  decision.ringback = way.decision.ringback;
  if (decision.ring_timeout == Duration{}) decision.ring_timeout = way.decision.ring_timeout;
  if (!reaches_trunk(decision)) show_caller(config, way, routed);
  return routed;
}

}  // namespace gw::policy
