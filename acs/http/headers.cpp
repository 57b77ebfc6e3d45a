#include "acs/http/headers.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"

namespace gw::acs::http {
namespace {

bool is_ours(std::string_view name) {
  return same_name(name, "Host") || same_name(name, "Content-Length") ||
         same_name(name, "Connection") || same_name(name, "Transfer-Encoding") ||
         same_name(name, "Upgrade");
}

// What could begin another header, or another request.
bool is_value(std::string_view text) {
  return std::ranges::none_of(text,
                              [](unsigned char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
  return same_letters(a, b);
}

std::string_view find_header(const Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (same_name(key, name)) return value;
  }
  return {};
}

bool is_token(std::string_view text) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 || kMarks.find(static_cast<char>(c)) != std::string_view::npos;
  });
}

Result<void> check_headers(const Headers& headers) {
  for (const auto& [name, value] : headers) {
    if (is_token(name) && !is_ours(name) && is_value(value)) continue;
    return fail(ErrorCode::InvalidArgument, "the header \"" + name + "\" cannot be sent");
  }
  return {};
}

}  // namespace gw::acs::http
