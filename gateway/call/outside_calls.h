#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "base/metrics.h"
#include "gateway/call/call.h"
#include "gateway/policy/usage_limits.h"

namespace gw {

// The legs that calls have at trunks, and who answers for them: the party that placed the call,
// that transferred or forwarded it, and the trunk. Holds both to their dial policies' max_calls,
// minutes_per_day and destinations_per_day; emergency calls are none of its business. A call whose
// minutes are used up ends: a limit that a long call passes is none. Owned by CallControl;
// signalling thread.
class OutsideCalls {
 public:
  OutsideCalls(const Clock& clock, Metrics& metrics, policy::UsageJournal& journal)
      : clock_(clock), metrics_(metrics), limits_(journal, clock.wall()) {}

  // Why no call of `payer` goes out to this number by this trunk now; nullopt: it may.
  std::optional<policy::HangupCause> refusal(const Call& call, const policy::Party& payer,
                                             const policy::Party& trunk, const std::string& number);
  void add(const Call& call, const policy::Party& payer, const policy::Party& trunk,
           const std::string& number, const Leg& leg);
  // `into`: the call that its legs go on in, if any.
  void on_finished(const Call& call, const Call* into);
  // Calls that have to end now.
  std::vector<CallId> out_of_minutes();

 private:
  struct Entry {
    policy::Party payer, trunk;
    const Call* call = nullptr;  // Calls are as long in the registry as here.
    const Leg* leg = nullptr;
    WallTime since{};  // In that call.
  };
  policy::UsageLimits::Running running(const policy::Party& party) const;
  static Duration talked(const Entry& entry, WallTime until);

  const Clock& clock_;
  Metrics& metrics_;
  policy::UsageLimits limits_;
  std::unordered_map<CallId, std::vector<Entry>> entries_;
};

}  // namespace gw
