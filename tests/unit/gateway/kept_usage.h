#pragma once

#include <map>
#include <string>
#include <vector>

#include "gateway/policy/usage_limits.h"

namespace gw::test {

// A journal in memory.
class KeptUsage final : public policy::UsageJournal {
 public:
  std::vector<Used> used(int64_t day) override {
    std::vector<Used> all;
    for (const auto& [key, used] : days) {
      if (key.first == day) all.push_back(used);
    }
    return all;
  }
  void spent(int64_t day, const std::string& party, Duration talked) override {
    of(day, party).talked += talked;
  }
  void called(int64_t day, const std::string& party, const std::string& number) override {
    of(day, party).numbers.insert(number);
  }

  std::map<std::pair<int64_t, std::string>, Used> days;

 private:
  Used& of(int64_t day, const std::string& party) {
    Used& used = days[{day, party}];
    used.party = party;
    return used;
  }
};

}  // namespace gw::test
