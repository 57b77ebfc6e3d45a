#include "sip/session_timer.h"

#include <strings.h>

#include <algorithm>

namespace gw::sip {

namespace {

constexpr unsigned long kMaxSessionSeconds = 86'400;

std::string seconds_of(Duration interval) {
  return std::to_string(std::chrono::ceil<std::chrono::seconds>(interval).count());
}

Duration interval_of(const sip_session_expires_t& header) {
  return std::chrono::seconds(std::clamp<unsigned long>(header.x_delta, 1, kMaxSessionSeconds));
}

Duration shortest_of(const sip_t& message) {
  if (!message.sip_min_se) return {};
  return std::chrono::seconds(
      std::min<unsigned long>(message.sip_min_se->min_delta, kMaxSessionSeconds));
}

}  // namespace

std::string SessionTimer::answer_lines() const {
  return "Session-Expires: " + seconds_of(interval) +
         (we_refresh ? ";refresher=uas" : ";refresher=uac") + "\r\nRequire: timer\r\n";
}

std::string SessionTimer::request_lines() const {
  return "Session-Expires: " + seconds_of(interval) +
         (we_refresh ? ";refresher=uac" : ";refresher=uas") + "\r\nSupported: timer\r\n";
}

// RFC 4028 10: refresh at half of it; give up a third, at most 32 s, before its end.
Duration SessionTimer::due() const {
  return we_refresh ? interval / 2 : interval - std::min<Duration>(32s, interval / 3);
}

std::string session_wish(Duration interval, Duration shortest) {
  if (interval <= Duration{}) return {};
  std::string lines = "Session-Expires: " + seconds_of(std::max(interval, shortest)) + "\r\n";
  if (shortest > Duration{}) lines += "Min-SE: " + seconds_of(shortest) + "\r\n";
  return lines;
}

std::optional<SessionTimer> session_timer_of(const sip_t& request, Duration ours) {
  if (!supports_timer(request)) return std::nullopt;
  if (!request.sip_session_expires) {
    // RFC 4028 9: they could, and leave it to us: we keep it ourselves.
    if (ours <= Duration{}) return std::nullopt;
    return SessionTimer{std::max(ours, shortest_of(request)), true};
  }
  const char* refresher = request.sip_session_expires->x_refresher;
  return SessionTimer{interval_of(*request.sip_session_expires),
                      refresher && strcasecmp(refresher, "uas") == 0};
}

std::optional<SessionTimer> session_timer_agreed(const sip_t& response) {
  if (!response.sip_session_expires) return std::nullopt;
  const char* refresher = response.sip_session_expires->x_refresher;
  return SessionTimer{interval_of(*response.sip_session_expires),
                      !refresher || strcasecmp(refresher, "uas") != 0};
}

Duration shortest_session_of(const sip_t& response) {
  return shortest_of(response);
}

std::optional<Rejection> check_session_timer(const sip_t& request, Duration shortest) {
  if (!request.sip_session_expires || !supports_timer(request)) return std::nullopt;
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(shortest).count();
  if (request.sip_session_expires->x_delta >= static_cast<unsigned long>(seconds))
    return std::nullopt;
  return Rejection{422, "Session Interval Too Small", "session_timer",
                   "Min-SE: " + std::to_string(seconds) + "\r\n"};
}

}  // namespace gw::sip
