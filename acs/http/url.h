#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gw::acs::http {

// "%41" -> "A"; nullopt for a broken escape. '+' stays '+'.
std::optional<std::string> percent_decode(std::string_view text);

struct Target {
  std::string path;   // Decoded, "." and empty segments removed, never a ".." segment, backslash or
                      // control character.
  std::string query;  // As sent.
};

// A request target in origin form ("/a/b?c"), absolute form ("http://host/a") or "*" (RFC
// 9112 3.2). nullopt: refuse it.
std::optional<Target> parse_target(std::string_view target);

}  // namespace gw::acs::http
