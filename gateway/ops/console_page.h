#pragma once

#include <string_view>

namespace gw::ops {

// The console page of the admin listener: calls, phones, trunks and users, refreshed every two
// seconds.
extern const std::string_view kConsoleHtml;
extern const std::string_view kConsoleScript;
extern const std::string_view kConsoleStyle;

}  // namespace gw::ops
