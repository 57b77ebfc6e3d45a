#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sip/invite.h"

namespace gw {

// One of a trunk's targets: "sip.acme.example", "127.0.0.1:5070", "[2001:db8::1]:5060",
// "sip:host:port;transport=tls".
struct TrunkTarget {
  std::string host;
  uint16_t port = 0;                        // 0 = SRV or the transport's default.
  std::optional<sip::Transport> transport;  // None = what SRV says, else UDP.
};
std::optional<TrunkTarget> parse_trunk_target(std::string_view text);

// "sip:+14255550123@127.0.0.1:5070", "sip:...@host;transport=tls"; without a number the host
// itself: "sip:host". `user_phone`: with user=phone (RFC 3261 19.1.1).
std::string trunk_uri(const TrunkTarget& target, std::string_view number, bool user_phone = false);

// Where a SIP URI from outside leads: of its user, other parameters and headers nothing is left.
std::optional<TrunkTarget> place_of_uri(std::string_view uri);

}  // namespace gw
