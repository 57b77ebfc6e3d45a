#include "acs/http/url.h"

#include <algorithm>
#include <charconv>

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

constexpr size_t kMaxUrl = 8192;  // What servers commonly take.

uint16_t usual_port(std::string_view scheme) {
  if (scheme == "http" || scheme == "ws") return 80;
  if (scheme == "https" || scheme == "wss") return 443;
  return 0;
}

// What could end our request line, or be read in two ways.
bool fit_for_request_line(std::string_view text) {
  return std::ranges::all_of(text,
                             [](unsigned char c) { return c > 0x20 && c < 0x7f && c != '\\'; });
}

std::optional<uint16_t> parse_port(std::string_view text) {
  unsigned value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (value == 0 || value > 65535) return std::nullopt;
  return static_cast<uint16_t>(value);
}

// "host", "host:1", "[::1]:1". False: it is none.
bool split_authority(std::string_view text, Url& out) {
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == std::string_view::npos) return false;
    out.host = text.substr(1, end - 1);
    if (out.host.find_first_not_of("0123456789abcdefABCDEF:.") != std::string::npos) return false;
    text.remove_prefix(end + 1);
    if (text.empty()) return !out.host.empty();
    if (!text.starts_with(':')) return false;
  } else {
    const size_t colon = std::min(text.find(':'), text.size());
    out.host = text.substr(0, colon);
    text.remove_prefix(colon);
  }
  if (out.host.empty()) return false;
  if (text.empty()) return true;
  const auto port = parse_port(text.substr(1));
  if (port) out.port = *port;
  return port.has_value();
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

std::string Url::authority() const {
  std::string out = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != usual_port(scheme)) out += ":" + std::to_string(port);
  return out;
}

std::string Url::origin() const {
  const std::string named = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return scheme + "://" + named + ":" + std::to_string(port);
}

Result<Url> parse_url(std::string_view text) {
  const auto no = [](std::string_view why) {
    return fail(ErrorCode::InvalidArgument, "the URL " + std::string(why));
  };
  if (text.size() > kMaxUrl) return no("is too long");
  if (!fit_for_request_line(text)) return no("holds characters that must be percent-encoded");
  const size_t mark = text.find("://");
  if (mark == std::string_view::npos) return no("names no scheme (https://...)");
  Url url;
  for (const char c : text.substr(0, mark)) {
    url.scheme += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  }
  url.port = usual_port(url.scheme);
  if (url.port == 0) return no("is neither http, https, ws nor wss");
  text.remove_prefix(mark + 3);
  text = text.substr(0, text.find('#'));
  const size_t path = std::min(text.find_first_of("/?"), text.size());
  const std::string_view authority = text.substr(0, path);
  if (authority.find('@') != std::string_view::npos) return no("holds a user name");
  if (!split_authority(authority, url)) return no("names no host and port");
  text.remove_prefix(path);
  url.target = text.starts_with('/') ? std::string(text) : "/" + std::string(text);
  return url;
}

}  // namespace gw::acs::http
