#include "gateway/call/line_state.h"

#include <algorithm>
#include <utility>

#include "gateway/call/leg.h"

namespace gw {

using State = sip::LineDialog::State;

namespace {

// A phone that picks up what somebody else just answered is told so, not that it never was.
constexpr size_t kEndedRemembered = 256;

}  // namespace

std::string LineState::key_of(const policy::Party& party) {
  const bool line = party.kind == policy::PartyKind::Phone || party.kind == policy::PartyKind::User;
  return line ? policy::to_string(party) : std::string();
}

std::vector<sip::LineDialog> LineState::dialogs(std::string_view key) const {
  std::vector<sip::LineDialog> all;
  const auto calls = by_key_.find(key);
  if (calls == by_key_.end()) return all;
  for (const Call* call : calls->second) {
    for (const Entry& entry : calls_.at(call)) {
      if (entry.key == key) all.push_back(entry.dialog);
    }
  }
  return all;
}

// Phones differ on whose tag is whose (RFC 3891 means those of who is asked, some copy the
// document's): the pair tells enough.
LineState::Named LineState::find(const std::string& call_id, const std::string& one_tag,
                                 const std::string& other_tag) const {
  Named named;
  const auto call = by_dialog_.find(call_id);
  if (call == by_dialog_.end()) {
    named.over = std::ranges::find(ended_, call_id) != ended_.end();
    return named;
  }
  for (const Entry& entry : calls_.at(call->second)) {
    const sip::LineDialog& dialog = entry.dialog;
    const bool meant = dialog.call_id == call_id &&
                       ((dialog.local_tag == one_tag && dialog.remote_tag == other_tag) ||
                        (dialog.local_tag == other_tag && dialog.remote_tag == one_tag));
    if (meant) return {call->second, entry.leg, false};
  }
  return named;
}

void LineState::on_leg_rings(Call& call, Leg& leg) {
  for (Entry& entry : calls_[&call]) {
    if (entry.leg == &leg) entry.rang = true;
  }
  update(call);
}

LineState::Entry LineState::entry_of(Call& call, Leg& leg, const policy::Routed* rung_by) {
  if (const auto known = calls_.find(&call); known != calls_.end()) {
    for (const Entry& entry : known->second) {
      if (entry.leg == &leg) return entry;
    }
  }
  Entry entry;
  entry.leg = &leg;
  entry.key = key_of(leg.party());
  entry.shown = house_.shown(call, leg, rung_by);
  if (entry.key.empty()) return entry;
  entry.dialog.call_id = random_.hex(16);
  entry.dialog.local_tag = random_.hex(8);
  entry.dialog.remote_tag = random_.hex(8);
  entry.dialog.initiator = &leg == call.caller();
  return entry;
}

LineState::Entries LineState::now(Call& call) {
  Entries entries;
  const auto show_remote = [](Entry& entry, const Shown& shown) {
    entry.dialog.remote_user = shown.user;
    entry.dialog.remote_host = shown.host;
    entry.dialog.remote_display = shown.display;
  };
  bool anybody_rings = false;
  Shown rung;
  const std::vector<Call::Rung> ringing = call.ringing();
  for (const auto& [leg, by] : ringing) {
    Entry& entry = entries.emplace_back(entry_of(call, *leg, by));
    const bool rings = entry.rang || leg->rings_at_once();
    anybody_rings |= rings;
    if (!entry.key.empty()) {
      entry.dialog.state = rings ? State::Early : State::Trying;
      show_remote(entry, house_.caller(by->decision.caller_to_phones));
    }
    rung = entry.shown;
  }
  if (ringing.size() > 1) rung.display.clear(), rung.user = call.decision().normalised;
  const std::vector<Leg*>& talking = call.talking();
  if (talking.empty()) {
    if (call.state() == CallState::Answering && call.callee()) {
      Entry& entry = entries.emplace_back(entry_of(call, *call.callee(), nullptr));
      entry.dialog.state = State::Confirmed;
      anybody_rings = true;
      rung = entry.shown;
    }
    if (call.caller()) {
      Entry& entry = entries.emplace_back(entry_of(call, *call.caller(), nullptr));
      entry.dialog.state = anybody_rings ? State::Early : State::Proceeding;
      show_remote(entry, rung);
    }
    return entries;
  }
  const size_t first = entries.size();
  for (Leg* leg : talking) {
    entries.emplace_back(entry_of(call, *leg, nullptr)).dialog.state = State::Confirmed;
  }
  for (size_t i = first; i < entries.size(); ++i) {
    const bool two = talking.size() == 2;
    show_remote(entries[i], two ? entries[first + (i == first ? 1 : 0)].shown : Shown{});
  }
  return entries;
}

void LineState::update(Call& call) {
  if (call.state() == CallState::Ended) return forget(call);
  Entries after = now(call);
  Entries before = std::exchange(calls_[&call], {});
  std::set<std::string> changed;
  const auto same_dialog = [](const Entries& in, const Entry& entry) {
    return std::ranges::find(in, entry.leg, &Entry::leg);
  };
  for (const Entry& entry : before) {
    if (entry.key.empty() || same_dialog(after, entry) != after.end()) continue;
    changed.insert(entry.key);
    by_dialog_.erase(entry.dialog.call_id);
    remember_ended(entry);
  }
  for (const Entry& entry : after) {
    if (entry.key.empty()) continue;
    by_dialog_[entry.dialog.call_id] = &call;
    const auto old = same_dialog(before, entry);
    if (old == before.end() || old->dialog != entry.dialog) changed.insert(entry.key);
  }
  for (const Entry& entry : before) {
    leave_line(entry, call);
  }
  for (const Entry& entry : after) {
    if (!entry.key.empty()) by_key_[entry.key].insert(&call);
  }
  calls_[&call] = std::move(after);
  for (const std::string& key : changed) house_.changed(key);
}

// Who came with it keeps the name that it had there; its dialogs are those of the other call now.
void LineState::on_joined_to(Call& call, Call& into) {
  const auto found = calls_.find(&call);
  if (found != calls_.end()) {
    Entries& there = calls_[&into];
    for (const Entry& entry : found->second) {
      leave_line(entry, call);
      there.push_back(entry);
    }
    calls_.erase(found);
  }
  // It watches both, and they are one now.
  into.unwatch(*this);
  into.watch(*this);
  update(into);
}

void LineState::forget(Call& call) {
  const auto found = calls_.find(&call);
  if (found == calls_.end()) return;
  const Entries entries = std::move(found->second);
  calls_.erase(found);
  std::set<std::string> changed;
  for (const Entry& entry : entries) {
    if (entry.key.empty()) continue;
    by_dialog_.erase(entry.dialog.call_id);
    remember_ended(entry);
    changed.insert(entry.key);
    leave_line(entry, call);
  }
  for (const std::string& key : changed) house_.changed(key);
}

void LineState::leave_line(const Entry& entry, const Call& call) {
  const auto line = by_key_.find(entry.key);
  if (line == by_key_.end()) return;
  line->second.erase(&call);
  if (line->second.empty()) by_key_.erase(line);
}

void LineState::remember_ended(const Entry& entry) {
  ended_.push_back(entry.dialog.call_id);
  if (ended_.size() > kEndedRemembered) ended_.pop_front();
}

}  // namespace gw
