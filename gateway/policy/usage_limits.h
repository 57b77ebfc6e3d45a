#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "gateway/policy/router.h"

namespace gw::policy {

// What each party used today of what its dial policy grants: minutes that it talked outside,
// different numbers that it called. A day is the machine's, midnight to midnight; a restart
// forgets. Pure but for the zone; owned by the OutsideCalls, signalling thread.
class UsageLimits {
 public:
  enum class Limit { None, Calls, Minutes, Destinations };

  // What the party has under way, beside what is over and spent.
  struct Running {
    unsigned calls = 0;
    Duration talked{};
  };

  // Which limit stands against one more call; nothing is counted.
  Limit against(const Party& party, const config::DialPolicy& policy, const std::string& number,
                const Running& running, WallTime now);
  // The call is placed: its number counts.
  void begin(const Party& party, const config::DialPolicy& policy, const std::string& number,
             WallTime now);
  void spend(const Party& party, Duration talked, WallTime now);
  bool out_of_minutes(const Party& party, const config::DialPolicy& policy, Duration running,
                      WallTime now);

 private:
  struct Used {
    Duration talked{};
    std::set<std::string> numbers;  // At most destinations_per_day.
  };
  void turn_the_page(WallTime now);

  int64_t day_ = -1;
  std::map<std::string, Used> used_;
};

std::string_view to_string(UsageLimits::Limit limit);  // "max_calls", "minutes_per_day", ...

}  // namespace gw::policy
