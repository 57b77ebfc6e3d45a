#include "gateway/call/hunt.h"

#include <algorithm>

#include "base/assert.h"

namespace gw {
namespace {

// Of one call, those of other gateways included; more is a loop.
constexpr size_t kMaxForwards = 5;

}  // namespace

void Hunt::begin_anew(policy::Routed routed) {
  ways_.clear();
  ways_.push_back({std::move(routed)});
  failure_.reset();
}

bool Hunt::next() {
  failure_.reset();
  while (ways_.size() > 1 && ways_.back().next >= ways_.back().routed.decision.ranks.size()) {
    ways_.pop_back();
  }
  Way& way = ways_.back();
  if (way.next >= way.routed.decision.ranks.size()) return false;
  ++way.next;
  return true;
}

const policy::Rank& Hunt::rank() const {
  const Way& way = ways_.back();
  GW_ASSERT(way.next > 0);
  return way.routed.decision.ranks[way.next - 1];
}

const policy::Party* Hunt::alone() const {
  if (ways_.back().next == 0) return nullptr;
  const policy::Party* only = nullptr;
  for (const policy::Party& party : rank().parties) {
    if (party.kind == policy::PartyKind::App) continue;
    if (only) return nullptr;
    only = &party;
  }
  return only;
}

void Hunt::note_failure(const policy::Party& party, const policy::HangupCause& cause) {
  const policy::Party* only = alone();
  if (only && *only == party) failure_ = cause;
}

bool Hunt::may_forward(const policy::Party& by) const {
  if (way().dialled.diverted.size() >= kMaxForwards || forwards_.size() >= kMaxForwards)
    return false;
  return std::ranges::find(forwards_, by, &policy::Forward::by) == forwards_.end();
}

void Hunt::forward(policy::Forward what, policy::Routed routed) {
  forwards_.push_back(std::move(what));
  ways_.push_back({std::move(routed)});
  failure_.reset();
}

}  // namespace gw
