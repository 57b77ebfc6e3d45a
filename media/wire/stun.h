#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/net.h"

namespace gw::media::wire {

// STUN as ICE connectivity checks use it (RFC 8489, RFC 8445 7).

using StunTransactionId = std::array<std::byte, 12>;

enum class StunType : uint16_t {
  BindingRequest = 0x0001,
  BindingIndication = 0x0011,
  BindingSuccess = 0x0101,
  BindingError = 0x0111,
};

constexpr size_t kMaxStunMessage = 1500;  // One datagram.
// RFC 8445: 2 x 256 characters and a colon; RFC 8489: under 509 bytes.
constexpr size_t kMaxStunUsername = 512;

// One message, read where it lies. Views point into the datagram.
struct StunMessage {
  StunType type = StunType::BindingRequest;
  StunTransactionId transaction{};
  std::string_view username;  // "ours:theirs" in a check that a peer sends to us.
  std::optional<uint32_t> priority;
  bool use_candidate = false;
  std::optional<uint64_t> controlling, controlled;  // Tie-breakers.
  std::optional<SocketAddress> xor_mapped;          // In responses.
  uint16_t error_code = 0;                          // In error responses: 401.
  bool fingerprint = false;                         // Present (and right, or parse() refuses).
  bool unknown_required = false;  // Has an attribute we must understand and do not: answer 420.

  // Refuses what is no well-formed binding message, or carries a wrong FINGERPRINT.
  static std::optional<StunMessage> parse(std::span<const std::byte> datagram);

  // MESSAGE-INTEGRITY is present and right under the short-term password. Attributes behind it were
  // not read.
  bool authentic(std::string_view password) const;
  bool has_integrity() const { return integrity_offset_ != 0; }

 private:
  bool read(uint16_t attribute, size_t at, std::span<const std::byte> value);

  std::span<const std::byte> message_;
  size_t integrity_offset_ = 0;
};

// Each writer returns the size written, 0 when `out` is too small. FINGERPRINT is always added,
// MESSAGE-INTEGRITY when a password is given.
size_t write_stun_success(std::span<std::byte> out, const StunTransactionId& transaction,
                          const SocketAddress& mapped, std::string_view password);
// 400 Bad Request, 401 Unauthorized, 420 Unknown Attribute, 487 Role Conflict.
size_t write_stun_error(std::span<std::byte> out, const StunTransactionId& transaction,
                        uint16_t code, std::string_view password = {});

// A check from the other side of ICE-lite: for tests and load generators.
struct StunRequest {
  StunTransactionId transaction{};
  std::string_view username;  // "theirs:ours"
  std::string_view password;  // Theirs.
  uint32_t priority = 0x6e0001ff;
  bool use_candidate = false;
  std::optional<uint64_t> controlling, controlled;
};
size_t write_stun_request(std::span<std::byte> out, const StunRequest& request);

}  // namespace gw::media::wire
