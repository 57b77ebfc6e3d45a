#include "acs/http/url.h"

namespace gw::acs::http {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool forbidden(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u < 0x20 || u == 0x7f || c == '\\';
}

// After decoding, so that "%2e%2e" and "..%2f" meet the same rule as "..".
std::optional<std::string> normalise(std::string_view path) {
  std::string out;
  size_t begin = 1;
  while (begin <= path.size()) {
    const size_t slash = std::min(path.find('/', begin), path.size());
    const std::string_view segment = path.substr(begin, slash - begin);
    begin = slash + 1;
    if (segment == "..") return std::nullopt;
    if (segment.empty() || segment == ".") continue;
    out += '/';
    out += segment;
  }
  if (out.empty() || path.ends_with('/')) out += '/';
  return out;
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return out;
}

std::optional<Target> parse_target(std::string_view target) {
  if (target == "*") return Target{"*", ""};
  // Absolute form: a server must accept it; the authority is the Host header's business.
  if (const size_t scheme = target.find("://");
      scheme != std::string_view::npos && !target.starts_with('/')) {
    const size_t path = target.find_first_of("/?", scheme + 3);
    target = path == std::string_view::npos ? std::string_view("/") : target.substr(path);
  }
  Target out;
  if (const size_t question = target.find('?'); question != std::string_view::npos) {
    out.query = target.substr(question + 1);
    target = target.substr(0, question);
  }
  if (!target.starts_with('/')) return std::nullopt;
  const auto decoded = percent_decode(target);
  if (!decoded) return std::nullopt;
  for (const char c : *decoded) {
    if (forbidden(c)) return std::nullopt;
  }
  auto path = normalise(*decoded);
  if (!path) return std::nullopt;
  out.path = std::move(*path);
  return out;
}

}  // namespace gw::acs::http
