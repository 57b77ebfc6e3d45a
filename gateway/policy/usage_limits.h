#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "gateway/policy/router.h"

namespace gw::policy {

// Where what was used outlives a restart. Days count from 1970-01-01, in the machine's zone.
class UsageJournal {
 public:
  struct Used {
    std::string party;  // "phone:101"
    Duration talked{};
    std::set<std::string> numbers;
  };
  virtual ~UsageJournal() = default;
  virtual std::vector<Used> used(int64_t day) = 0;  // At start; other days are over.
  // These return at once.
  virtual void spent(int64_t day, const std::string& party, Duration talked) = 0;
  virtual void called(int64_t day, const std::string& party, const std::string& number) = 0;
};

// What each party used today of what its dial policy grants: minutes that it talked outside,
// different numbers that it called. A day is the machine's, midnight to midnight; a restart forgets
// nothing, a crash the minutes of the calls that it ends. Pure but for the zone; owned by the
// OutsideCalls, signalling thread.
class UsageLimits {
 public:
  enum class Limit { None, Calls, Minutes, Destinations };

  // The journal outlives it.
  UsageLimits(UsageJournal& journal, WallTime now);

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

  UsageJournal& journal_;
  int64_t day_;
  std::map<std::string, Used> used_;
};

std::string_view to_string(UsageLimits::Limit limit);  // "max_calls", "minutes_per_day", ...

}  // namespace gw::policy
