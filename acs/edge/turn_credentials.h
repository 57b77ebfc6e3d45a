#pragma once

#include <string_view>

#include "acs/edge/edge_server.h"
#include "acs/edge/frames.h"

namespace gw::acs::edge {

// The user name is "<unix time of expiry>:<identity>", the password the base64 of its HMAC-SHA1
// under the shared secret: what coturn checks with use-auth-secret, without knowing our users.
frames::IceServer turn_credentials(const TurnConfig& turn, std::string_view identity, WallTime now);

}  // namespace gw::acs::edge
