#include "media/transport/srtp_cipher.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "media/wire/hmac_sha1.h"

namespace gw::media {
namespace {

constexpr size_t kSaltSize = 14;
constexpr size_t kAuthKeySize = 20;
constexpr size_t kGcmTag = 16;
constexpr size_t kRtcpTag = 10;  // RFC 4568 6.2: SRTCP keeps 80 bits in the _32 suite too.

struct ContextFree {
  void operator()(EVP_CIPHER_CTX* p) const { EVP_CIPHER_CTX_free(p); }
};
using ContextPtr = std::unique_ptr<EVP_CIPHER_CTX, ContextFree>;

unsigned char* raw(std::byte* p) {
  return reinterpret_cast<unsigned char*>(p);
}

void put32(std::byte* at, uint32_t value) {
  for (int i = 3; i >= 0; --i, value >>= 8) at[i] = static_cast<std::byte>(value & 0xff);
}

void xor32(unsigned char* at, uint32_t value) {
  for (int i = 3; i >= 0; --i, value >>= 8) at[i] ^= static_cast<unsigned char>(value & 0xff);
}

// RFC 3711 4.1.1: salt, SSRC and index, then a block counter of 16 bits.
std::array<unsigned char, 16> counter_block(const std::array<unsigned char, kSaltSize>& salt,
                                            uint32_t ssrc, uint64_t index) {
  std::array<unsigned char, 16> iv{};
  std::copy(salt.begin(), salt.end(), iv.begin());
  xor32(iv.data() + 4, ssrc);
  xor32(iv.data() + 8, static_cast<uint32_t>(index >> 16));
  iv[12] ^= static_cast<unsigned char>(index >> 8 & 0xff);
  iv[13] ^= static_cast<unsigned char>(index & 0xff);
  return iv;
}

struct SessionKeys {
  std::array<unsigned char, 32> key{};
  std::array<unsigned char, kSaltSize> salt{};
  std::array<unsigned char, kAuthKeySize> auth{};
  ~SessionKeys() { OPENSSL_cleanse(this, sizeof *this); }
};

// RFC 3711 4.3.1, 4.3.3 with a key derivation rate of 0. Salts of 96 bits are padded on the right
// (RFC 7714 11).
bool derive(wire::SrtpSuite suite, const wire::SrtpMaster& master, SrtpCipher::Stream stream,
            SessionKeys& keys) {
  const size_t key_size = wire::key_size(suite);
  std::array<unsigned char, kSaltSize> salt{};
  std::memcpy(salt.data(), master.bytes.data() + key_size, master.size - key_size);
  const ContextPtr context(EVP_CIPHER_CTX_new());
  const EVP_CIPHER* cipher = key_size == 32 ? EVP_aes_256_ctr() : EVP_aes_128_ctr();
  const auto one = [&](unsigned label, unsigned char* out, size_t size) {
    std::array<unsigned char, 16> iv{};
    std::copy(salt.begin(), salt.end(), iv.begin());
    iv[7] ^= static_cast<unsigned char>(label);
    std::memset(out, 0, size);
    int written = 0;
    return EVP_EncryptInit_ex(context.get(), cipher, nullptr,
                              reinterpret_cast<const unsigned char*>(master.bytes.data()),
                              iv.data()) == 1 &&
           EVP_EncryptUpdate(context.get(), out, &written, out, static_cast<int>(size)) == 1;
  };
  const unsigned base = stream == SrtpCipher::Stream::Rtp ? 0 : 3;
  return context && one(base, keys.key.data(), key_size) &&
         one(base + 1, keys.auth.data(), keys.auth.size()) &&
         one(base + 2, keys.salt.data(), keys.salt.size());
}

// RFC 7714. One context a direction: a new IV does not schedule the key again.
class Gcm final : public SrtpCipher {
 public:
  Gcm(const SessionKeys& keys, size_t key_size) : context_(EVP_CIPHER_CTX_new()) {
    std::copy_n(keys.salt.begin(), salt_.size(), salt_.begin());
    const EVP_CIPHER* cipher = key_size == 32 ? EVP_aes_256_gcm() : EVP_aes_128_gcm();
    usable_ = context_ &&
              EVP_CipherInit_ex(context_.get(), cipher, nullptr, keys.key.data(), nullptr, 1) == 1;
  }
  bool usable() const { return usable_; }

  size_t tag_size() const override { return kGcmTag; }
  size_t index_word_at(size_t total) const override { return total - kSrtcpIndexWord; }

  bool seal_rtp(std::byte* packet, const Place& p) override {
    const auto iv = rtp_iv(p);
    return begin(iv, true) && add(raw(packet), p.header) && run(packet, p) &&
           finish_seal(packet + p.size);
  }
  bool open_rtp(std::byte* packet, const Place& p) override {
    const auto iv = rtp_iv(p);
    if (!begin(iv, false) || !add(raw(packet), p.header) || !run(packet, p)) return false;
    if (finish_open(packet + p.size)) return true;
    // The key stream once more takes back what it did.
    if (begin(iv, false)) run(packet, p);
    return false;
  }
  // RFC 7714 9.2: the index word is authenticated behind the header and stands behind the tag.
  bool seal_rtcp(std::byte* packet, const Place& p) override {
    std::byte* const word = packet + p.size + kGcmTag;
    put32(word, static_cast<uint32_t>(p.index) | kSrtcpEncrypted);
    const auto iv = rtcp_iv(p);
    return begin(iv, true) && add(raw(packet), p.header) && add(raw(word), kSrtcpIndexWord) &&
           run(packet, p) && finish_seal(packet + p.size);
  }
  bool open_rtcp(std::byte* packet, const Place& p) override {
    std::byte* const word = packet + p.size + kGcmTag;
    const auto iv = rtcp_iv(p);
    return begin(iv, false) && add(raw(packet), p.header) && add(raw(word), kSrtcpIndexWord) &&
           run(packet, p) && finish_open(packet + p.size);
  }

 private:
  using Iv = std::array<unsigned char, 12>;

  // RFC 7714 8.1: two zero octets, SSRC, rollover counter, sequence number.
  Iv rtp_iv(const Place& p) const {
    Iv iv = salt_;
    xor32(iv.data() + 2, p.ssrc);
    xor32(iv.data() + 6, static_cast<uint32_t>(p.index >> 16));
    iv[10] ^= static_cast<unsigned char>(p.index >> 8 & 0xff);
    iv[11] ^= static_cast<unsigned char>(p.index & 0xff);
    return iv;
  }
  Iv rtcp_iv(const Place& p) const {
    Iv iv = salt_;
    xor32(iv.data() + 2, p.ssrc);
    xor32(iv.data() + 8, static_cast<uint32_t>(p.index));
    return iv;
  }
  bool begin(const Iv& iv, bool seal) {
    return EVP_CipherInit_ex(context_.get(), nullptr, nullptr, nullptr, iv.data(), seal ? 1 : 0) ==
           1;
  }
  bool add(const unsigned char* data, size_t size) {
    int written = 0;
    return EVP_CipherUpdate(context_.get(), nullptr, &written, data, static_cast<int>(size)) == 1;
  }
  bool run(std::byte* packet, const Place& p) {
    int written = 0;
    unsigned char* const payload = raw(packet + p.header);
    return EVP_CipherUpdate(context_.get(), payload, &written, payload,
                            static_cast<int>(p.size - p.header)) == 1;
  }
  bool finish_seal(std::byte* tag) {
    int written = 0;
    std::array<unsigned char, 16> none;
    return EVP_CipherFinal_ex(context_.get(), none.data(), &written) == 1 &&
           EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_GET_TAG, kGcmTag, tag) == 1;
  }
  bool finish_open(std::byte* tag) {
    int written = 0;
    std::array<unsigned char, 16> none;
    return EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_SET_TAG, kGcmTag, tag) == 1 &&
           EVP_CipherFinal_ex(context_.get(), none.data(), &written) == 1;
  }

  ContextPtr context_;
  Iv salt_{};
  bool usable_ = false;
};

// RFC 3711 with AES in counter mode and HMAC-SHA1.
class CounterMode final : public SrtpCipher {
 public:
  CounterMode(const SessionKeys& keys, size_t tag)
      : context_(EVP_CIPHER_CTX_new()),
        salt_(keys.salt),
        hmac_(std::as_bytes(std::span(keys.auth))),
        tag_(tag) {
    usable_ = context_ && EVP_EncryptInit_ex(context_.get(), EVP_aes_128_ctr(), nullptr,
                                             keys.key.data(), nullptr) == 1;
  }
  bool usable() const { return usable_; }

  size_t tag_size() const override { return tag_; }
  size_t index_word_at(size_t total) const override { return total - tag_ - kSrtcpIndexWord; }

  bool seal_rtp(std::byte* packet, const Place& p) override {
    if (!crypt(packet, p)) return false;
    const auto digest = rtp_digest(packet, p);
    std::memcpy(packet + p.size, digest.data(), tag_);
    return true;
  }
  bool open_rtp(std::byte* packet, const Place& p) override {
    const auto digest = rtp_digest(packet, p);
    return CRYPTO_memcmp(packet + p.size, digest.data(), tag_) == 0 && crypt(packet, p);
  }
  bool seal_rtcp(std::byte* packet, const Place& p) override {
    if (!crypt(packet, p)) return false;
    put32(packet + p.size, static_cast<uint32_t>(p.index) | kSrtcpEncrypted);
    const auto digest = hmac_.of({packet, p.size + kSrtcpIndexWord});
    std::memcpy(packet + p.size + kSrtcpIndexWord, digest.data(), tag_);
    return true;
  }
  bool open_rtcp(std::byte* packet, const Place& p) override {
    const auto digest = hmac_.of({packet, p.size + kSrtcpIndexWord});
    return CRYPTO_memcmp(packet + p.size + kSrtcpIndexWord, digest.data(), tag_) == 0 &&
           crypt(packet, p);
  }

 private:
  bool crypt(std::byte* packet, const Place& p) {
    const auto iv = counter_block(salt_, p.ssrc, p.index);
    int written = 0;
    unsigned char* const payload = raw(packet + p.header);
    return EVP_EncryptInit_ex(context_.get(), nullptr, nullptr, nullptr, iv.data()) == 1 &&
           EVP_EncryptUpdate(context_.get(), payload, &written, payload,
                             static_cast<int>(p.size - p.header)) == 1;
  }
  // RFC 3711 4.2: the rollover counter is authenticated behind the packet.
  wire::HmacSha1::Digest rtp_digest(const std::byte* packet, const Place& p) const {
    std::array<std::byte, 4> rollover;
    put32(rollover.data(), static_cast<uint32_t>(p.index >> 16));
    return hmac_.of({packet, p.size}, rollover);
  }

  ContextPtr context_;
  const std::array<unsigned char, kSaltSize> salt_;
  const wire::HmacSha1 hmac_;
  const size_t tag_;
  bool usable_ = false;
};

}  // namespace

std::unique_ptr<SrtpCipher> SrtpCipher::create(wire::SrtpSuite suite,
                                               const wire::SrtpMaster& master, Stream stream) {
  if (master.size != wire::master_size(suite)) return nullptr;
  SessionKeys keys;
  if (!derive(suite, master, stream, keys)) return nullptr;
  switch (suite) {
    case wire::SrtpSuite::AeadAes128Gcm:
    case wire::SrtpSuite::AeadAes256Gcm: {
      auto gcm = std::make_unique<Gcm>(keys, wire::key_size(suite));
      return gcm->usable() ? std::move(gcm) : nullptr;
    }
    case wire::SrtpSuite::AesCm128HmacSha1_80:
    case wire::SrtpSuite::AesCm128HmacSha1_32: {
      const bool short_tag = suite == wire::SrtpSuite::AesCm128HmacSha1_32 && stream == Stream::Rtp;
      auto cm = std::make_unique<CounterMode>(keys, short_tag ? 4 : kRtcpTag);
      return cm->usable() ? std::move(cm) : nullptr;
    }
  }
  return nullptr;
}

}  // namespace gw::media
