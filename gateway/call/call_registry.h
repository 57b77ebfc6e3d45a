#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/call/call.h"
#include "gateway/call/edge_leg.h"

namespace gw {

// Owns every Call by its CallId, and finds it by what events name: a media port, a user's call id.
// Owned by App; signalling thread.
class CallRegistry {
 public:
  Call& add(std::unique_ptr<Call> call);
  Call* find(const CallId& id) const;
  Call* find_by_port(PortId port) const;
  EdgeLeg* find_user_call(std::string_view user_call_id) const;

  void add_port(PortId port, const CallId& id);
  void add_user_call(const std::string& user_call_id, EdgeLeg& leg, const CallId& id);

  // What names `from` names `into` from now on: its ports and its users' call ids.
  void hand_over(const CallId& from, const CallId& into);
  void remove(const CallId& id);
  size_t size() const { return calls_.size(); }
  size_t live() const;                                 // Not ended.
  size_t live_with(const policy::Party& party) const;  // Calls that the party is in or is rung by.
  void for_each(const std::function<void(Call&)>& visit) const;

 private:
  struct Entry {
    std::unique_ptr<Call> call;
    std::vector<PortId> ports;
    std::vector<std::string> user_calls;
  };
  std::unordered_map<CallId, Entry> calls_;
  std::unordered_map<PortId, CallId> by_port_;
  std::unordered_map<std::string, EdgeLeg*> by_user_call_;  // The leg lives as long as its call.
};

}  // namespace gw
