#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

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

// Where a client goes: "https://contoso.example:8443/a?b" (http, https, ws, wss; RFC 3986).
struct Url {
  std::string scheme;  // Lower case.
  std::string host;    // A name or a literal; IPv6 without its brackets.
  uint16_t port = 0;   // Never 0: the scheme's when the text names none.
  std::string target;  // Path and query as written, at least "/"; the fragment is left out.

  bool secure() const { return scheme == "https" || scheme == "wss"; }
  std::string authority() const;  // The Host header: the port only when it is not the scheme's.
  std::string origin() const;     // "https://contoso.example:8443", the port always.
};

// InvalidArgument names what is wrong with it. User names and passwords are refused: they leak.
Result<Url> parse_url(std::string_view text);

}  // namespace gw::acs::http
