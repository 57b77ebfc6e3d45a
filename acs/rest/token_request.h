#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "acs/identity/token_service.h"
#include "acs/rest/rest_error.h"
#include "base/clock.h"

namespace gw::acs::rest {

// What an app asks of a token: {"scopes":["voip"],"expiresInMinutes":60}.
struct TokenRequest {
  std::vector<identity::Scope> scopes;
  std::optional<Duration> lifetime;  // nullopt: the default.
};

// Reads a body whose scopes stand under `scopes_key`. RestError: what to answer instead (Azure's
// limits: 60 to 1440 minutes). Whether there must be scopes is the caller's matter. Pure.
tl::expected<TokenRequest, RestError> read_token_request(std::string_view body,
                                                         const char* scopes_key);

}  // namespace gw::acs::rest
