#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "acs/http/http_server.h"
#include "base/clock.h"
#include "base/result.h"

namespace gw::acs::cloud {

// Why an operation failed, in the gateway's kinds and in the service's own words.
struct ApiError {
  ErrorCode code = ErrorCode::Internal;
  unsigned status = 0;       // 0 = no answer.
  std::string service_code;  // "Denied", "7509", "8522"
  std::string detail;        // For a person: what happened, what to do.
};

// An answer that is no success. Both shapes that the service has are read, whatever the letter case
// of their keys: {"error":{"code","message"}} and {"Error":{"Code","Message","Target"}}. A 401
// whose Date is far from our clock is a wrong clock, and says so. Pure.
ApiError to_error(const http::Response& answer, std::string_view operation, WallTime now);

// 429 and 503: seconds or a date (RFC 9110 10.2.3). nullopt: none, or it cannot be read.
std::optional<Duration> retry_after(const http::Response& answer, WallTime now);

std::string_view header_of(const http::Response& answer, std::string_view name);  // "" when absent.

}  // namespace gw::acs::cloud
