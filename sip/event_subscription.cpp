#include "sip/event_subscription.h"

#include <algorithm>
#include <utility>

namespace gw::sip {

namespace {
// RFC 4235 3.10 recommends one NOTIFY a second. A call that rings, is answered and ends needs more
// than one at first.
constexpr Duration kSpacing = 1s;
constexpr Duration kBurst = 4s;
}  // namespace

void EventSubscription::extend(TimePoint until) {
  if (ended_) return;
  until_ = until;
  news_ = at_once_ = true;
}

void EventSubscription::end(const std::string& reason) {
  if (ended_) return;
  ended_ = news_ = at_once_ = true;
  reason_ = reason;
}

std::optional<EventSubscription::Notify> EventSubscription::next(TimePoint now) {
  if (under_way_) return std::nullopt;
  if (now >= until_) end("timeout");
  if (!news_ || (!at_once_ && now < due())) return std::nullopt;
  news_ = at_once_ = false;
  under_way_ = true;
  credit_ = std::max(credit_, now) + kSpacing;
  if (ended_) return Notify{"terminated;reason=" + reason_, version_++, true};
  const auto left = std::chrono::duration_cast<std::chrono::seconds>(until_ - now).count();
  return Notify{"active;expires=" + std::to_string(left), version_++, false};
}

void EventSubscription::answered(int status) {
  under_way_ = false;
  if (status < 300) return;
  ended_ = true;
  news_ = false;
}

TimePoint EventSubscription::due() const {
  if (under_way_ || over()) return TimePoint::max();
  if (!news_) return until_;
  return at_once_ ? TimePoint{} : std::min(until_, credit_ - kBurst + kSpacing);
}

}  // namespace gw::sip
