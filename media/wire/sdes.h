#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/random.h"
#include "media/wire/sdp.h"

namespace gw::media::wire {

// SRTP keys in SDP: RFC 4568, with the GCM suites of RFC 7714.

enum class SrtpSuite { AeadAes128Gcm, AeadAes256Gcm, AesCm128HmacSha1_80, AesCm128HmacSha1_32 };
// In our order of preference: GCM is three times cheaper than CM.
constexpr std::array<SrtpSuite, 4> kSrtpSuites{SrtpSuite::AeadAes128Gcm, SrtpSuite::AeadAes256Gcm,
                                               SrtpSuite::AesCm128HmacSha1_80,
                                               SrtpSuite::AesCm128HmacSha1_32};

std::string_view to_string(SrtpSuite suite);  // "AEAD_AES_128_GCM"
std::optional<SrtpSuite> srtp_suite_named(std::string_view name);
size_t key_size(SrtpSuite suite);     // Without the salt.
size_t master_size(SrtpSuite suite);  // Key and salt.

// A master key followed by its salt, as libsrtp wants it.
struct SrtpMaster {
  static constexpr size_t kMaxSize = 32 + 14;
  std::array<std::byte, kMaxSize> bytes{};
  size_t size = 0;

  std::span<const std::byte> span() const { return {bytes.data(), size}; }
  bool operator==(const SrtpMaster&) const = default;
};

// Both directions of one stream.
struct SdesPair {
  SrtpSuite suite = SrtpSuite::AesCm128HmacSha1_80;
  SrtpMaster send;     // Ours.
  SrtpMaster receive;  // Theirs.
  uint32_t tag = 1;
  bool operator==(const SdesPair&) const = default;
};

SrtpMaster new_master(SrtpSuite suite, Random& random);
SdpCrypto crypto_line(uint32_t tag, SrtpSuite suite, const SrtpMaster& master);

// The key of a line that we can use: a suite we have, one key of the right size, no MKI, no session
// parameters that change the packets.
struct UsableCrypto {
  uint32_t tag = 1;
  SrtpSuite suite = SrtpSuite::AesCm128HmacSha1_80;
  SrtpMaster master;
};
std::optional<UsableCrypto> usable(const SdpCrypto& line);

}  // namespace gw::media::wire
