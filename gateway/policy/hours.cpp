#include <absl/time/time.h>

#include "gateway/policy/router.h"

namespace gw::policy {

bool open_at(const config::Hours& hours, WallTime now) {
  if (hours.text.empty()) return true;
  // Abseil keeps the zones it has loaded; the loader has loaded this one already, to check it.
  absl::TimeZone zone = absl::LocalTimeZone();
  if (!hours.zone.empty() && !absl::LoadTimeZone(hours.zone, &zone)) return false;
  const absl::CivilSecond local = zone.At(absl::FromUnixMillis(unix_ms(now))).cs;
  const auto weekday = static_cast<unsigned>(absl::GetWeekday(local));  // 0 = Monday.
  const unsigned yesterday = (weekday + 6) % 7;
  const auto on = [&](unsigned day) { return (hours.weekdays >> day & 1u) != 0; };
  const int minute = local.hour() * 60 + local.minute();
  if (hours.from_minute < hours.to_minute) {
    return on(weekday) && minute >= hours.from_minute && minute < hours.to_minute;
  }
  // "22:00-06:00" belongs to the day on which it begins.
  return (on(weekday) && minute >= hours.from_minute) ||
         (on(yesterday) && minute < hours.to_minute);
}

}  // namespace gw::policy
