#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace gw::sip {

// A key (DTMF) in the body of an INFO, as phones write it: "Signal=5\r\nDuration=160"
// (application/dtmf-relay) or "5" (application/dtmf); some write blanks around the "=", lower case,
// or the event's number: 10 for *, 11 for #. No RFC has it. Pure.
struct KeyInfo {
  char digit = 0;  // 0-9 * # A-D
  Duration length{};
};

constexpr std::string_view kKeyInfoType = "application/dtmf-relay";

// nullopt: no key. A duration is 40 ms to a minute; 160 ms where none is said.
std::optional<KeyInfo> parse_key_info(std::string_view type, std::string_view body);
std::string write_key_info(const KeyInfo& key);  // For kKeyInfoType.

}  // namespace gw::sip
