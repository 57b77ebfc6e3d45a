#include "acs/rest/rate_limit.h"

#include <algorithm>

namespace gw::acs::rest {

void RateLimit::set(Settings settings) {
  settings_ = settings;
  buckets_.clear();
}

double RateLimit::level(const Bucket& bucket, TimePoint now) const {
  const double seconds = std::chrono::duration<double>(now - bucket.filled).count();
  return std::min(settings_.burst, bucket.level + std::max(0.0, seconds) * settings_.per_second);
}

void RateLimit::forget_full(TimePoint now) {
  std::erase_if(buckets_,
                [&](const auto& entry) { return level(entry.second, now) >= settings_.burst; });
  // All of them are in debt: the emptiest stay, the fullest goes.
  while (buckets_.size() >= settings_.max_callers) {
    buckets_.erase(std::ranges::max_element(
        buckets_, {}, [&](const auto& entry) { return level(entry.second, now); }));
  }
}

Duration RateLimit::until_one(double level) const {
  return std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>((1 - level) / settings_.per_second));
}

std::optional<Duration> RateLimit::look(std::string_view caller, TimePoint now) const {
  const auto found = buckets_.find(caller);
  if (settings_.per_second <= 0 || found == buckets_.end()) return std::nullopt;
  const double left = level(found->second, now);
  return left < 1 ? std::optional(until_one(left)) : std::nullopt;
}

std::optional<Duration> RateLimit::take(std::string_view caller, TimePoint now) {
  if (settings_.per_second <= 0) return std::nullopt;
  auto found = buckets_.find(caller);
  if (found == buckets_.end()) {
    if (buckets_.size() >= settings_.max_callers) forget_full(now);
    found = buckets_.emplace(std::string(caller), Bucket{settings_.burst, now}).first;
  }
  Bucket& bucket = found->second;
  bucket.level = level(bucket, now);
  bucket.filled = now;
  if (bucket.level < 1) return until_one(bucket.level);
  bucket.level -= 1;
  return std::nullopt;
}

}  // namespace gw::acs::rest
