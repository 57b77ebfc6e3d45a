#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace gw::acs::rest {

// "Fri, 20 Nov 2026 15:07:08 GMT": IMF-fixdate (RFC 9110 5.6.7), the one form that Azure's clients
// write. Strict, but for the weekday, which may be wrong: nobody signs by it.
std::optional<WallTime> parse_http_date(std::string_view text);
std::string http_date(WallTime t);

}  // namespace gw::acs::rest
