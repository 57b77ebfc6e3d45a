#include "gateway/call/outside_calls.h"

#include <algorithm>
#include <map>

#include "gateway/policy/dial_policy.h"

namespace gw {

using policy::Cause;
using policy::HangupCause;
using policy::Party;
using policy::PartyKind;
using policy::UsageLimits;

namespace {

bool limited(const config::DialPolicy* policy) {
  return policy &&
         (policy->max_calls > 0 || policy->minutes_per_day > 0 || policy->destinations_per_day > 0);
}

}  // namespace

// A payer's own limit is its fault; a trunk's sends the call to the next target.
std::optional<HangupCause> OutsideCalls::refusal(const Call& call, const Party& payer,
                                                 const Party& trunk, const std::string& number) {
  for (const Party* party : {&payer, &trunk}) {
    const config::DialPolicy* policy = policy::dial_policy_of(call.config(), *party);
    if (!limited(policy)) continue;
    const auto limit = limits_.against(*party, *policy, number, running(*party), clock_.wall());
    if (limit == UsageLimits::Limit::None) continue;
    const std::string name(policy::to_string(limit));
    metrics_
        .counter("gw_usage_limit_total",
                 "Calls outside that a dial policy's limit refused or ended.", {{"limit", name}})
        .Increment();
    const bool own = party == &payer && party->kind != PartyKind::Trunk;
    return HangupCause{own ? Cause::UsageLimit : Cause::Exhausted, 0, 0,
                       "dial_policy." + name + " of " + policy::to_string(*party) + " is reached"};
  }
  return std::nullopt;
}

void OutsideCalls::add(const Call& call, const Party& payer, const Party& trunk,
                       const std::string& number, const Leg& leg) {
  bool counted = false;
  for (const Party* party : {&payer, &trunk}) {
    const config::DialPolicy* policy = policy::dial_policy_of(call.config(), *party);
    if (!limited(policy)) continue;
    limits_.begin(*party, *policy, number, clock_.wall());
    counted = true;
  }
  if (counted) entries_[call.id()].push_back({payer, trunk, &call, &leg, clock_.wall()});
}

void OutsideCalls::on_finished(const Call& call, const Call* into) {
  const auto found = entries_.find(call.id());
  if (found == entries_.end()) return;
  std::vector<Entry> entries = std::move(found->second);
  entries_.erase(found);
  const WallTime now = clock_.wall();
  const auto parties = call.parties();
  for (Entry& entry : entries) {
    if (std::ranges::find(parties, entry.leg) == parties.end()) continue;  // Never answered.
    const Duration spent = talked(entry, call.times().ended);
    limits_.spend(entry.payer, spent, now);
    if (entry.trunk != entry.payer) limits_.spend(entry.trunk, spent, now);
    if (!into) continue;
    entry.call = into;
    entry.since = now;
    entries_[into->id()].push_back(entry);
  }
}

Duration OutsideCalls::talked(const Entry& entry, WallTime until) {
  const WallTime answered = entry.call->times().answered;
  if (answered == WallTime{}) return {};
  return std::max(Duration{}, until - std::max(answered, entry.since));
}

UsageLimits::Running OutsideCalls::running(const Party& party) const {
  UsageLimits::Running all;
  for (const auto& [id, entries] : entries_) {
    for (const Entry& entry : entries) {
      if (entry.payer != party && entry.trunk != party) continue;
      if (!entry.call->is_active(*entry.leg)) continue;
      ++all.calls;
      all.talked += talked(entry, clock_.wall());
    }
  }
  return all;
}

std::vector<CallId> OutsideCalls::out_of_minutes() {
  std::vector<CallId> ids;
  if (entries_.empty()) return ids;
  const WallTime now = clock_.wall();
  std::map<std::string, Duration> talks;  // Of each party, all its calls together.
  for (const auto& [id, entries] : entries_) {
    for (const Entry& entry : entries) {
      if (!entry.call->is_active(*entry.leg)) continue;
      const Duration talks_for = talked(entry, now);
      talks[policy::to_string(entry.payer)] += talks_for;
      if (entry.trunk != entry.payer) talks[policy::to_string(entry.trunk)] += talks_for;
    }
  }
  const auto is_out = [&](const Entry& entry, const Party& party) {
    const config::DialPolicy* policy = policy::dial_policy_of(entry.call->config(), party);
    return policy && limits_.out_of_minutes(party, *policy, talks[policy::to_string(party)], now);
  };
  for (const auto& [id, entries] : entries_) {
    const bool out = std::ranges::any_of(entries, [&](const Entry& entry) {
      return talked(entry, now) > Duration{} && entry.call->is_active(*entry.leg) &&
             (is_out(entry, entry.payer) || is_out(entry, entry.trunk));
    });
    if (out) ids.push_back(id);
  }
  return ids;
}

}  // namespace gw
