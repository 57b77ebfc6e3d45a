// The low-level SHA-1 of OpenSSL: EVP's HMAC allocates each time.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "media/wire/hmac_sha1.h"

#include <openssl/crypto.h>

#include <algorithm>

namespace gw::media::wire {
namespace {

unsigned char* raw(std::byte* p) {
  return reinterpret_cast<unsigned char*>(p);
}

HmacSha1::Digest finish(SHA_CTX& state) {
  HmacSha1::Digest digest;
  SHA1_Final(raw(digest.data()), &state);
  return digest;
}

}  // namespace

HmacSha1::HmacSha1(std::span<const std::byte> key) {
  std::array<std::byte, SHA_CBLOCK> block{};
  if (key.size() <= block.size()) {
    std::ranges::copy(key, block.begin());
  } else {  // RFC 2104 2: a longer key is hashed first.
    SHA1_Init(&inner_);
    SHA1_Update(&inner_, key.data(), key.size());
    std::ranges::copy(finish(inner_), block.begin());
  }
  const auto begin = [&](SHA_CTX& state, std::byte with) {
    std::array<std::byte, SHA_CBLOCK> pad;
    std::ranges::transform(block, pad.begin(), [with](std::byte b) { return b ^ with; });
    SHA1_Init(&state);
    SHA1_Update(&state, pad.data(), pad.size());
    OPENSSL_cleanse(pad.data(), pad.size());
  };
  begin(inner_, std::byte{0x36});
  begin(outer_, std::byte{0x5c});
  OPENSSL_cleanse(block.data(), block.size());
}

HmacSha1::~HmacSha1() {
  OPENSSL_cleanse(&inner_, sizeof inner_);
  OPENSSL_cleanse(&outer_, sizeof outer_);
}

HmacSha1::Digest HmacSha1::of(std::span<const std::byte> data,
                              std::span<const std::byte> more) const {
  SHA_CTX state = inner_;
  SHA1_Update(&state, data.data(), data.size());
  SHA1_Update(&state, more.data(), more.size());
  const Digest digest = finish(state);
  state = outer_;
  SHA1_Update(&state, digest.data(), digest.size());
  return finish(state);
}

}  // namespace gw::media::wire
