#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// What text may cross between a user and the rest of the world.
namespace gw::acs::edge::frames {

constexpr size_t kMaxToken = 8192;
constexpr size_t kMaxName = 256;   // Display names, raw ids, header values, user-to-user.
constexpr size_t kMaxSdp = 32768;  // A browser's audio offer has 2-6 kB.
constexpr size_t kMaxTargets = 10;
constexpr size_t kMaxHeaders = 5;  // As Azure allows.
constexpr size_t kMaxHistory = 2;  // Beside them, toward users: History-Info, Diversion.
constexpr size_t kMaxDigits = 64;

bool is_call_id(std::string_view text);  // 1-64 of letters, digits, '-', '_'; a UUID in practice.
bool is_plain(
    std::string_view text);  // No control characters: nothing that could end a SIP header line.
bool is_raw_id(std::string_view text);  // Visible ASCII, 1-256.
bool is_number(std::string_view text);  // An optional '+', then 1-20 digits.
bool is_digits(std::string_view text);  // 0-9 * # A-D !
bool is_custom_header(
    std::string_view name);  // "X-MS-Custom-..." of token characters (RFC 3261 25.1), at most 64.

// Names from SIP may be in any encoding; protobuf strings must be UTF-8, or the browser drops the
// whole frame.
std::string to_utf8(std::string_view text);

}  // namespace gw::acs::edge::frames
