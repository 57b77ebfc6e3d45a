#include "gateway/ops/call_history.h"

#include <set>
#include <string_view>

namespace gw::ops {

void CallHistory::record(Cdr cdr) {
  constexpr std::string_view kUser = "user:";
  std::set<std::string> users;
  const auto note = [&](std::string_view party) {
    if (party.starts_with(kUser)) users.emplace(party.substr(kUser.size()));
  };
  note(cdr.source);
  for (const CdrLeg& leg : cdr.legs) note(leg.party);
  if (!users.empty()) {
    const std::string json = to_json(cdr);
    for (const std::string& user : users) store_.keep_call(user, cdr.started, cdr.call_id, json);
  }
  file_.record(std::move(cdr));
}

}  // namespace gw::ops
