#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace gw::acs::identity {

// RFC 4648 5 without padding, as JWT wants it. Strict: no padding, no other characters, no stray
// bits at the end, so that one signature has one spelling.
std::string base64url_encode(std::string_view bytes);
std::optional<std::string> base64url_decode(std::string_view text);

// RFC 4648 4 with padding.
std::string base64_encode(std::string_view bytes);
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace gw::acs::identity
