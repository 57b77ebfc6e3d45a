#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "sip/sip_view.h"

namespace gw::sip {

// What two sides agreed on to notice that the other is gone (RFC 4028). We take part when the peer
// asks for it, and never ask ourselves. Pure.
struct SessionTimer {
  Duration interval{};
  bool we_refresh = false;

  // Header lines of the 2xx that agrees, and of a refresh of ours: roles are those of that
  // transaction.
  std::string answer_lines() const;
  std::string request_lines() const;
  // When to refresh, or when to give up waiting for theirs.
  Duration due() const;
};

// None: the request asks for no timer.
std::optional<SessionTimer> session_timer_of(const sip_t& request);
// The 422 to a timer shorter than we accept.
std::optional<Rejection> check_session_timer(const sip_t& request, Duration shortest);

}  // namespace gw::sip
