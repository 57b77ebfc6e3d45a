#pragma once

#include <functional>
#include <memory>
#include <string>

#include "acs/http/http_server.h"
#include "acs/identity/token_service.h"
#include "base/clock.h"

namespace gw {

// POST /demo/token {"user":"alice"} for the demo's softphone, which has no back end. Only when
// [edge] demo_tokens is set, which `check` refuses off loopback; Host, Origin and peer must be
// loopback here too, so that no other site's page can ask.
class DemoTokens {
 public:
  // The identity of a configured user's name; empty: no such user. Asio thread.
  using IdentityOf = std::function<std::string(const std::string& name)>;

  DemoTokens(acs::http::HttpServer& http, acs::identity::TokenService& tokens, Duration lifetime,
             IdentityOf identity_of);
};

}  // namespace gw
