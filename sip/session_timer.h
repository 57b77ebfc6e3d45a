#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "sip/sip_view.h"

namespace gw::sip {

// What two sides agreed on to notice that the other is gone (RFC 4028). Pure.
struct SessionTimer {
  Duration interval{};
  bool we_refresh = false;

  // Header lines of the 2xx that agrees, and of a request of ours: roles are those of that
  // transaction.
  std::string answer_lines() const;
  std::string request_lines() const;
  // When to refresh, or when to give up waiting for theirs.
  Duration due() const;
};

// What an INVITE of ours asks for; `shortest` once a 422 said so. Empty when `interval` is 0.
std::string session_wish(Duration interval, Duration shortest = {});

// The answer to their INVITE or UPDATE. `ours`: what we ask for where they leave it to us; 0 =
// nothing. None: no timer.
std::optional<SessionTimer> session_timer_of(const sip_t& request, Duration ours);
// What their 2xx to a request of ours says. None: they take no part.
std::optional<SessionTimer> session_timer_agreed(const sip_t& response);
// Of a 422: the shortest that they take; 0 = it does not say.
Duration shortest_session_of(const sip_t& response);
// The 422 to a timer shorter than we accept.
std::optional<Rejection> check_session_timer(const sip_t& request, Duration shortest);

}  // namespace gw::sip
