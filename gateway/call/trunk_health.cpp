#include "gateway/call/trunk_health.h"

#include <algorithm>
#include <utility>

namespace gw {
namespace {

// A Retry-After of hours is a mistake that must not take a carrier away.
constexpr Duration kLongestBusy = 5min;
constexpr Duration kShortestBusy = 1s;
constexpr Duration kForgotten = 10min;       // An address that the name no longer has.
constexpr size_t kMaxAddressesOfTrunk = 64;  // Of one trunk.

}  // namespace

std::string_view to_string(TrunkHealth::State state) {
  switch (state) {
    case TrunkHealth::State::Unknown: return "unknown";
    case TrunkHealth::State::Up: return "up";
    case TrunkHealth::State::Down: return "down";
  }
  return "?";
}

std::string to_string(const sip::NextHop& hop) {
  return std::string(sip::to_string(hop.transport)) + ":" +
         (hop.address.empty() ? hop.host : hop.address.to_string());
}

TrunkHealth::Known& TrunkHealth::known(const std::string& trunk, const sip::NextHop& hop) {
  auto& all = trunks_[trunk].known;
  if (all.size() >= kMaxAddressesOfTrunk) all.clear();
  Known& one = all[to_string(hop)];
  one.heard = clock_.now();
  return one;
}

void TrunkHealth::answered(const std::string& trunk, const sip::NextHop& hop, int status,
                           Duration retry_after) {
  Known& one = known(trunk, hop);
  one.status = status;
  if (status == 503) {
    one.state = State::Down;
    one.why = "it answered 503";
    one.busy = true;
    one.until = clock_.now() + (retry_after > Duration{}
                                    ? std::clamp(retry_after, kShortestBusy, kLongestBusy)
                                    : kPenalty);
    return look_again(trunk, one.why);
  }
  if (one.busy && clock_.now() < one.until) return;
  one.busy = false;
  one.why.clear();
  if (std::exchange(one.state, State::Up) == State::Up) return;  // As with nearly every call.
  look_again(trunk, "");
}

void TrunkHealth::failed(const std::string& trunk, const sip::NextHop& hop, std::string_view why,
                         Duration how_long) {
  Known& one = known(trunk, hop);
  if (one.state != State::Down) {
    log_.warn("trunk target went down",
              {{"trunk", trunk}, {"address", to_string(hop)}, {"host", hop.host}, {"why", why}});
  }
  one.state = State::Down;
  one.busy = false;
  one.why = why;
  one.until = std::max(one.until, clock_.now() + how_long);
  look_again(trunk, one.why);
}

void TrunkHealth::look_again(const std::string& trunk, const std::string& why) {
  Trunk& of = trunks_[trunk];
  const auto has = [&](State state) {
    return std::ranges::any_of(of.known,
                               [&](const auto& entry) { return entry.second.state == state; });
  };
  const State state = has(State::Up)                             ? State::Up
                      : has(State::Down) && !has(State::Unknown) ? State::Down
                                                                 : State::Unknown;
  for (const auto& [address, one] : of.known) {
    metrics_
        .gauge("gw_trunk_target_up",
               "1 when this address of the trunk answers, 0 when it does not.",
               {{"trunk", trunk}, {"address", address}})
        .Set(one.state == State::Down ? 0 : 1);
  }
  metrics_.gauge("gw_trunk_up", "1 when some target of the trunk answers.", {{"trunk", trunk}})
      .Set(state == State::Up);
  if (std::exchange(of.state, state) == state) return;
  switch (state) {
    case State::Up: log_.info("trunk came up", {{"trunk", trunk}}); break;
    case State::Down: log_.warn("trunk went down", {{"trunk", trunk}, {"why", why}}); break;
    case State::Unknown: break;
  }
}

TrunkHealth::State TrunkHealth::state(std::string_view trunk) const {
  const auto it = trunks_.find(trunk);
  return it == trunks_.end() ? State::Unknown : it->second.state;
}

bool TrunkHealth::is_down(std::string_view trunk, const sip::NextHop& hop) const {
  const auto it = trunks_.find(trunk);
  if (it == trunks_.end()) return false;
  const auto one = it->second.known.find(to_string(hop));
  return one != it->second.known.end() && one->second.state == State::Down &&
         clock_.now() < one->second.until;
}

std::vector<TrunkHealth::Address> TrunkHealth::addresses(std::string_view trunk) const {
  std::vector<Address> out;
  const auto it = trunks_.find(trunk);
  if (it == trunks_.end()) return out;
  for (const auto& [address, one] : it->second.known)
    out.push_back({address, one.state, one.status, one.why});
  return out;
}

void TrunkHealth::keep_only(const config::Config& config) {
  std::erase_if(trunks_, [&](const auto& entry) { return !config.trunk(entry.first); });
}

void TrunkHealth::expire() {
  const TimePoint now = clock_.now();
  for (auto& [trunk, of] : trunks_) {
    bool changed = std::erase_if(of.known, [&](const auto& entry) {
                     return now - entry.second.heard > kForgotten;
                   }) > 0;
    for (auto& [address, one] : of.known) {
      if (one.state != State::Down || now < one.until) continue;
      one.state = State::Unknown;
      one.busy = false;
      one.why.clear();
      changed = true;
    }
    if (changed) look_again(trunk, "");
  }
}

}  // namespace gw
