#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "gateway/config/config.h"

namespace gw::config {

// The small languages inside strings: what they may say, and what they come to.

std::optional<Duration> parse_duration(std::string_view text);  // "500ms", "120s", "5m", "4h", "2d"
std::string to_text(Duration duration);                         // "120s", "4h"
std::string decimal(double number);                             // "0.5", "50"

std::optional<std::pair<uint16_t, uint16_t>> parse_ports(
    std::string_view text);  // "16384-32767", "0"

// "udp:0.0.0.0:5060", "tls:[::]:5061", "udp:private:5060" with the name of a network in place of
// the address.
Result<sip::ListenAddress> parse_listen(std::string_view text,
                                        const std::vector<Network>& networks);

// "Mon-Fri 08:00-18:00 America/Los_Angeles", "Sat,Sun 09:00-12:00", "22:00-06:00 Europe/Berlin"
Result<Hours> parse_hours(std::string_view text);

// "EF", "CS3", "AF41" or 0 to 63.
std::optional<int> parse_dscp(std::string_view text);

// A trunk's target: "sip.acme.example", "192.0.2.1:5070", "sip:host:port;transport=tls".
struct TargetAddress {
  std::string host;
  uint16_t port = 0;                        // 0 = none given.
  std::optional<sip::Transport> transport;  // None = as RFC 3263 finds it.
};
std::optional<TargetAddress> parse_target(std::string_view text);

bool is_host_name(std::string_view text);  // A DNS name (RFC 1123), no literal.
bool is_extension(std::string_view text);  // 1 to 10 of 0-9 * #
bool is_e164(std::string_view text);       // "+" and 7 to 15 digits.
bool is_guid(std::string_view text);
bool is_base64(std::string_view text);
bool is_country(std::string_view text);  // ISO 3166, known to libphonenumber.
bool is_name(std::string_view
                 text);  // What a phone, user, trunk or route may be called in keys and references.

}  // namespace gw::config
