#include "acs/cloud/api_error.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <nlohmann/json.hpp>

#include "acs/identity/any_case.h"
#include "acs/rest/http_date.h"
#include "base/text.h"

namespace gw::acs::cloud {
namespace {

using nlohmann::json;

constexpr Duration kMaxSkew = 5min;          // What the service allows.
constexpr Duration kLongestRetryAfter = 1h;  // More is not waited for anyway.
constexpr size_t kMaxMessage = 400;          // Of the service's words, for logs.

ErrorCode code_of(unsigned status) {
  switch (status) {
    case 400: return ErrorCode::InvalidArgument;
    case 401: return ErrorCode::Unauthorized;
    case 403: return ErrorCode::Forbidden;
    case 404:
    case 410: return ErrorCode::NotFound;
    case 408:
    case 504: return ErrorCode::Timeout;
    case 409:
    case 412: return ErrorCode::Conflict;
    case 429: return ErrorCode::Exhausted;
    default: return status >= 500 ? ErrorCode::Unavailable : ErrorCode::Protocol;
  }
}

// "7 min 30 s"
std::string in_words(Duration duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
  std::string text;
  if (seconds >= 3600) text += std::to_string(seconds / 3600) + " h ";
  if (seconds >= 60) text += std::to_string(seconds / 60 % 60) + " min ";
  return text + std::to_string(seconds % 60) + " s";
}

std::optional<std::string> skew(const http::Response& answer, const std::string& message,
                                WallTime now) {
  const auto theirs = rest::parse_http_date(header_of(answer, "Date"));
  if (theirs) {
    const Duration ahead = now - *theirs;
    const Duration off = ahead < Duration{} ? -ahead : ahead;
    if (off > kMaxSkew) {
      return "this machine's clock is " + in_words(off) +
             (ahead > Duration{} ? " ahead of" : " behind") +
             " the service's, which allows 5 min: set it, by NTP for good";
    }
  }
  if (message.find("time difference") == std::string::npos) return std::nullopt;
  return "the service finds this machine's clock more than 5 min off: set it, by NTP for good";
}

}  // namespace

std::string_view header_of(const http::Response& answer, std::string_view name) {
  for (const auto& [key, value] : answer.headers) {
    if (same_letters(key, name)) return value;
  }
  return {};
}

std::optional<Duration> retry_after(const http::Response& answer, WallTime now) {
  const std::string_view text = header_of(answer, "Retry-After");
  if (text.empty()) return std::nullopt;
  if (const auto date = rest::parse_http_date(text)) {
    return std::clamp<Duration>(*date - now, Duration{}, kLongestRetryAfter);
  }
  uint32_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return std::min<Duration>(std::chrono::seconds(seconds), kLongestRetryAfter);
}

ApiError to_error(const http::Response& answer, std::string_view operation, WallTime now) {
  ApiError error;
  error.status = answer.status;
  error.code = code_of(answer.status);
  std::string message;
  const json body = json::parse(answer.body, nullptr, false);
  if (const json* inside = member(body, "error")) {
    error.service_code = text_of(*inside, "code");
    message = text_of(*inside, "message").substr(0, kMaxMessage);
  }
  if (error.service_code.empty()) error.service_code = header_of(answer, "x-ms-error-code");

  error.detail = std::string(operation) + ": the service answered " + std::to_string(answer.status);
  if (!error.service_code.empty()) error.detail += " " + error.service_code;
  if (!message.empty()) error.detail += ", \"" + message + "\"";
  if (answer.status == 401) {
    error.detail += "; " + skew(answer, message, now)
                               .value_or(
                                   "the access key is not one of the resource's two: was it "
                                   "exchanged? See [acs] connection_string");
  }
  return error;
}

}  // namespace gw::acs::cloud
