#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "acs/rest/rest_error.h"
#include "base/result.h"

namespace gw::acs::rest {

struct SipTrunk {
  int sip_signaling_port = 5060;
  // Of the operator's own configuration files: seen from here and not changed from here.
  bool fixed = false;
};

struct SipRoute {
  std::string name, description;
  std::string number_pattern;       // A regular expression over "+14255550123".
  std::vector<std::string> trunks;  // FQDNs, in the order in which they are tried.
};

// Azure's SIP routing configuration: trunks by FQDN, and routes in the order in which they are
// tried. A value.
struct SipRouting {
  std::map<std::string, SipTrunk, std::less<>> trunks;
  std::vector<SipRoute> routes;
};

// A host name of two labels or more; an IP address is none.
bool is_fqdn(std::string_view name);

// "^+1" -> "^\+1": Azure takes the plus that is quoted in no language's regex, and so its examples
// have it.
std::string pattern_of(const SipRoute& route);

// The configuration as RFC 7396 patches it: trunks one by one, null removes; routes as a whole.
// RestError: Azure's 422 with what is wrong in innererror. Pure.
tl::expected<SipRouting, RestError> merge_patch(SipRouting routing, std::string_view patch);

// As GET /sip answers, and as it is stored (without the operator's own trunks).
enum class Trunks { All, Stored };
std::string to_json(const SipRouting& routing, Trunks which = Trunks::All);

// What to_json(Stored) wrote; empty when it cannot be read.
SipRouting parse_stored(std::string_view text);

// The routes whose pattern is in the number, in order. Numbers longer than any match nothing.
std::vector<SipRoute> matching(const SipRouting& routing, std::string_view number);
std::string to_json(const std::vector<SipRoute>& routes);  // {"matchingRoutes":[...]}

}  // namespace gw::acs::rest
