#include "sip/refer_subscription.h"

#include <sofia-sip/sip_status.h>

#include <utility>

namespace gw::sip {

namespace {
constexpr const char* kStillActive = "active;expires=180";
constexpr const char* kTerminated = "terminated;reason=noresource";
}  // namespace

bool ReferSubscription::tell(int status) {
  if (final_ || status < 100 || status > 699) return false;
  final_ = status >= 200;
  if (!wanted_) return true;
  waiting_ = status;
  return true;
}

std::optional<ReferSubscription::Notify> ReferSubscription::next() {
  if (under_way_ || !waiting_) return std::nullopt;
  const int status = *std::exchange(waiting_, std::nullopt);
  under_way_ = true;
  const char* phrase = sip_status_phrase(status);
  Notify notify;
  notify.headers = "Event: refer" + (id_ ? ";id=" + std::to_string(*id_) : std::string()) +
                   "\r\nSubscription-State: " + (status >= 200 ? kTerminated : kStillActive) +
                   "\r\n";
  notify.body = "SIP/2.0 " + std::to_string(status) + " " + (phrase ? phrase : "Status") + "\r\n";
  return notify;
}

void ReferSubscription::answered(int status) {
  under_way_ = false;
  if (status < 300) return;
  wanted_ = false;
  waiting_.reset();
}

}  // namespace gw::sip
