#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/net.h"

namespace gw::ops {

// A captured SIP message on its way to a Homer collector.
struct HepMessage {
  SocketAddress from, to;
  bool stream = false;  // TCP or TLS.
  WallTime at{};
  uint32_t capture_id = 0;
  std::string_view key;          // Shared with the collector; empty = none.
  std::string_view correlation;  // The Call-ID.
  std::string_view text;         // The message.
};

constexpr size_t kMaxHep = 65'000;  // A datagram's, less its headers.

// As a packet of HEP/EEP version 3 (the HEP3 specification, 3.2: generic chunks of vendor 0).
// Empty: it does not fit a datagram. Pure.
std::string hep3(const HepMessage& message);

// The message without what gives a call or an account away: digest responses and SRTP keys become
// as many "x". Pure.
std::string without_secrets(std::string_view sip);

}  // namespace gw::ops
