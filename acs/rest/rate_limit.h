#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace gw::acs::rest {

// A token bucket a caller: so many requests a second, with a burst. Callers that were forgotten had
// a full bucket, so that the bound on how many are remembered takes nothing from anybody.
// Asio thread.
class RateLimit {
 public:
  struct Settings {
    double per_second = 0;  // 0 = no limit.
    double burst = 0;
    size_t max_callers = 10'000;
  };
  explicit RateLimit(Settings settings) : settings_(settings) {}

  void set(Settings settings);

  // nullopt: go on. Otherwise the time after which one request is free again.
  std::optional<Duration> take(std::string_view caller, TimePoint now);

  // The same question, and nothing is taken.
  std::optional<Duration> look(std::string_view caller, TimePoint now) const;

 private:
  struct Bucket {
    double level = 0;
    TimePoint filled{};
  };
  double level(const Bucket& bucket, TimePoint now) const;
  Duration until_one(double level) const;
  void forget_full(TimePoint now);

  Settings settings_;
  std::map<std::string, Bucket, std::less<>> buckets_;
};

}  // namespace gw::acs::rest
