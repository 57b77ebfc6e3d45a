#include "gateway/call/call_registry.h"

#include <algorithm>

namespace gw {

Call& CallRegistry::add(std::unique_ptr<Call> call) {
  const CallId id = call->id();
  Entry& entry = calls_[id];
  entry.call = std::move(call);
  return *entry.call;
}

Call* CallRegistry::find(const CallId& id) const {
  const auto it = calls_.find(id);
  return it == calls_.end() ? nullptr : it->second.call.get();
}

Call* CallRegistry::find_by_port(PortId port) const {
  const auto it = by_port_.find(port);
  return it == by_port_.end() ? nullptr : find(it->second);
}

EdgeLeg* CallRegistry::find_user_call(std::string_view user_call_id) const {
  const auto it = by_user_call_.find(std::string(user_call_id));
  return it == by_user_call_.end() ? nullptr : it->second;
}

void CallRegistry::add_port(PortId port, const CallId& id) {
  const auto it = calls_.find(id);
  if (it == calls_.end() || !by_port_.emplace(port, id).second) return;
  it->second.ports.push_back(port);
}

void CallRegistry::add_user_call(const std::string& user_call_id, EdgeLeg& leg, const CallId& id) {
  const auto it = calls_.find(id);
  if (it == calls_.end() || !by_user_call_.emplace(user_call_id, &leg).second) return;
  it->second.user_calls.push_back(user_call_id);
}

void CallRegistry::hand_over(const CallId& from, const CallId& into) {
  const auto source = calls_.find(from);
  const auto target = calls_.find(into);
  if (source == calls_.end() || target == calls_.end()) return;
  Entry& gives = source->second;
  Entry& takes = target->second;
  for (const PortId port : gives.ports) by_port_[port] = into;
  takes.ports.insert(takes.ports.end(), gives.ports.begin(), gives.ports.end());
  takes.user_calls.insert(takes.user_calls.end(), gives.user_calls.begin(), gives.user_calls.end());
  gives.ports.clear();
  gives.user_calls.clear();
}

void CallRegistry::remove(const CallId& id) {
  const auto it = calls_.find(id);
  if (it == calls_.end()) return;
  for (const PortId port : it->second.ports) by_port_.erase(port);
  for (const std::string& user_call : it->second.user_calls) by_user_call_.erase(user_call);
  calls_.erase(it);
}

size_t CallRegistry::live() const {
  return std::ranges::count_if(
      calls_, [](const auto& e) { return e.second.call->state() != CallState::Ended; });
}

size_t CallRegistry::live_with(const policy::Party& party) const {
  return std::ranges::count_if(calls_,
                               [&](const auto& e) { return e.second.call->involves(party); });
}

void CallRegistry::for_each(const std::function<void(Call&)>& visit) const {
  for (const auto& [id, entry] : calls_) visit(*entry.call);
}

}  // namespace gw
