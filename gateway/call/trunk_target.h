#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/config/values.h"

namespace gw {

// "sip:+14255550123@127.0.0.1:5070", "sip:...@host;transport=tls"; without a number the host
// itself: "sip:host". `user_phone`: with user=phone (RFC 3261 19.1.1).
std::string trunk_uri(const config::TargetAddress& target, std::string_view number,
                      bool user_phone = false);

// Where a SIP URI from outside leads: of its user, other parameters and headers nothing is left.
std::optional<config::TargetAddress> place_of_uri(std::string_view uri);

}  // namespace gw
