#include "sip/session_timer.h"

#include <strings.h>

#include <algorithm>

namespace gw::sip {

namespace {
constexpr unsigned long kMaxSessionSeconds = 86'400;
}

std::string SessionTimer::answer_lines() const {
  return "Session-Expires: " +
         std::to_string(std::chrono::duration_cast<std::chrono::seconds>(interval).count()) +
         (we_refresh ? ";refresher=uas" : ";refresher=uac") + "\r\nRequire: timer\r\n";
}

std::string SessionTimer::request_lines() const {
  return "Session-Expires: " +
         std::to_string(std::chrono::duration_cast<std::chrono::seconds>(interval).count()) +
         ";refresher=uac\r\nSupported: timer\r\n";
}

// RFC 4028 10: refresh at half of it; give up a third, at most 32 s, before its end.
Duration SessionTimer::due() const {
  return we_refresh ? interval / 2 : interval - std::min<Duration>(32s, interval / 3);
}

std::optional<SessionTimer> session_timer_of(const sip_t& request) {
  if (!request.sip_session_expires || !supports_timer(request)) return std::nullopt;
  const unsigned long seconds =
      std::clamp<unsigned long>(request.sip_session_expires->x_delta, 1, kMaxSessionSeconds);
  const char* refresher = request.sip_session_expires->x_refresher;
  const bool ours = refresher && strcasecmp(refresher, "uas") == 0;
  // We refresh by UPDATE alone. To a peer without it we do not take part, and it refreshes itself
  // (RFC 4028 7.2).
  if (ours && !allows(request, "UPDATE")) return std::nullopt;
  return SessionTimer{std::chrono::seconds(seconds), ours};
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
