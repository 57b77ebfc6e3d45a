#include "acs/http/origin.h"

#include <algorithm>
#include <cctype>

#include "base/net.h"
#include "base/text.h"

namespace gw::acs::http {
namespace {

bool digits(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0; });
}

// The authority of "http://host:port" or "https://host:port"; "" for anything else, "null"
// included.
std::string_view authority_of(std::string_view origin) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme)) return origin.substr(scheme.size());
  }
  return {};
}

}  // namespace

bool loopback_authority(std::string_view authority) {
  std::string_view host = authority;
  if (host.starts_with('[')) {
    const size_t close = host.find(']');
    if (close == std::string_view::npos) return false;
    const std::string_view rest = host.substr(close + 1);
    if (!rest.empty() && !(rest.front() == ':' && digits(rest.substr(1)))) return false;
    host = host.substr(1, close - 1);
  } else if (const size_t colon = host.find(':'); colon != std::string_view::npos) {
    if (!digits(host.substr(colon + 1))) return false;
    host = host.substr(0, colon);
  }
  if (same_letters(host, "localhost")) return true;
  const auto address = SocketAddress::parse(host);
  return address && address->loopback();
}

bool host_is_loopback(const Request& request) {
  return loopback_authority(request.header("Host"));
}

bool origin_is_loopback(const Request& request) {
  const std::string_view origin = request.header("Origin");
  return origin.empty() || loopback_authority(authority_of(origin));
}

bool origin_listed(std::string_view origin, const std::vector<std::string>& allowed) {
  return std::ranges::any_of(allowed, [&](const std::string& entry) {
    if (entry == "localhost") return loopback_authority(authority_of(origin));
    return same_letters(entry, origin);
  });
}

bool origin_allowed(const Request& request, const std::vector<std::string>& allowed) {
  const std::string_view origin = request.header("Origin");
  if (origin.empty()) return true;
  // The scheme is left out: a proxy in front may have ended TLS.
  const std::string_view authority = authority_of(origin);
  if (!authority.empty() && same_letters(authority, request.header("Host"))) return true;
  return origin_listed(origin, allowed);
}

}  // namespace gw::acs::http
