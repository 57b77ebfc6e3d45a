#include "gateway/policy/usage_limits.h"

#include <absl/time/civil_time.h>
#include <absl/time/time.h>

#include <utility>

namespace gw::policy {

using std::chrono::minutes;

namespace {

int64_t day_of(WallTime now) {
  return absl::ToCivilDay(absl::FromChrono(now), absl::LocalTimeZone()) -
         absl::CivilDay(1970, 1, 1);
}

}  // namespace

UsageLimits::UsageLimits(UsageJournal& journal, WallTime now)
    : journal_(journal), day_(day_of(now)) {
  for (UsageJournal::Used& used : journal_.used(day_)) {
    used_[used.party] = {used.talked, std::move(used.numbers)};
  }
}

void UsageLimits::turn_the_page(WallTime now) {
  const int64_t today = day_of(now);
  if (today == day_) return;
  day_ = today;
  used_.clear();
}

UsageLimits::Limit UsageLimits::against(const Party& party, const config::DialPolicy& policy,
                                        const std::string& number, const Running& running,
                                        WallTime now) {
  if (policy.max_calls > 0 && running.calls >= policy.max_calls) return Limit::Calls;
  if (out_of_minutes(party, policy, running.talked, now)) return Limit::Minutes;
  if (policy.destinations_per_day == 0) return Limit::None;
  const auto used = used_.find(to_string(party));
  if (used == used_.end() || used->second.numbers.contains(number)) return Limit::None;
  return used->second.numbers.size() >= policy.destinations_per_day ? Limit::Destinations
                                                                    : Limit::None;
}

void UsageLimits::begin(const Party& party, const config::DialPolicy& policy,
                        const std::string& number, WallTime now) {
  turn_the_page(now);
  if (policy.destinations_per_day == 0) return;
  const std::string name = to_string(party);
  if (used_[name].numbers.insert(number).second) journal_.called(day_, name, number);
}

void UsageLimits::spend(const Party& party, Duration talked, WallTime now) {
  turn_the_page(now);
  if (talked <= Duration{}) return;
  const std::string name = to_string(party);
  used_[name].talked += talked;
  journal_.spent(day_, name, talked);
}

bool UsageLimits::out_of_minutes(const Party& party, const config::DialPolicy& policy,
                                 Duration running, WallTime now) {
  turn_the_page(now);
  if (policy.minutes_per_day == 0) return false;
  const auto used = used_.find(to_string(party));
  const Duration spent = used == used_.end() ? Duration{} : used->second.talked;
  return spent + running >= minutes(policy.minutes_per_day);
}

std::string_view to_string(UsageLimits::Limit limit) {
  switch (limit) {
    case UsageLimits::Limit::None: return "none";
    case UsageLimits::Limit::Calls: return "max_calls";
    case UsageLimits::Limit::Minutes: return "minutes_per_day";
    case UsageLimits::Limit::Destinations: return "destinations_per_day";
  }
  return "?";
}

}  // namespace gw::policy
