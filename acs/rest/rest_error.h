#pragma once

#include <string>
#include <string_view>

#include "acs/http/http_server.h"

namespace gw::acs::rest {

// What went wrong, in Azure's shape:
// {"error":{"code","message","target","innererror":{"code","message"}}}; empty parts are left out.
struct RestError {
  unsigned status = 400;
  std::string code;  // "ValidationError"; also goes into x-ms-error-code.
  std::string message;
  std::string target{};
  std::string inner_code{}, inner_message{};
};

http::Response to_response(const RestError& error);

}  // namespace gw::acs::rest
