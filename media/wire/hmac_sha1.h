#pragma once

#include <openssl/sha.h>

#include <array>
#include <cstddef>
#include <span>

namespace gw::media::wire {

// HMAC-SHA1 (RFC 2104) whose key is hashed once. It allocates nothing, as OpenSSL's HMAC() and EVP
// do each time: it stands on the path of every SRTP packet in AES_CM and of every ICE check.
class HmacSha1 {
 public:
  static constexpr size_t kSize = SHA_DIGEST_LENGTH;
  using Digest = std::array<std::byte, kSize>;

  explicit HmacSha1(std::span<const std::byte> key);
  ~HmacSha1();
  HmacSha1(const HmacSha1&) = default;
  HmacSha1& operator=(const HmacSha1&) = default;

  // Of `data` and `more` behind it. Packet path.
  Digest of(std::span<const std::byte> data, std::span<const std::byte> more = {}) const;

 private:
  SHA_CTX inner_, outer_;
};

}  // namespace gw::media::wire
