#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace gw::acs::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

bool same_name(std::string_view a, std::string_view b);                       // Any letter case.
std::string_view find_header(const Headers& headers, std::string_view name);  // "" when absent.

bool is_token(std::string_view text);  // RFC 9110 5.6.2: a method, a header's name.

// Headers of a request of ours: nothing in them ends the line, or says what only we may say (Host,
// Content-Length, Connection, Transfer-Encoding, Upgrade).
Result<void> check_headers(const Headers& headers);

}  // namespace gw::acs::http
