#include "media/wire/sdes.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "media/wire/text.h"

namespace gw::media::wire {
namespace {

constexpr std::string_view kInline = "inline:";

std::string base64(std::span<const std::byte> bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3), '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                  reinterpret_cast<const unsigned char*>(bytes.data()),
                  static_cast<int>(bytes.size()));
  return out;
}

// Exactly the suite's key and salt; some phones leave the '=' away.
std::optional<SrtpMaster> master_from(std::string_view text, size_t size) {
  while (text.ends_with('=')) text.remove_suffix(1);
  if (text.size() != (4 * size + 2) / 3) return std::nullopt;
  std::string whole(text);
  whole.append((4 - whole.size() % 4) % 4, '=');
  std::array<unsigned char, SrtpMaster::kMaxSize + 3> raw{};
  const auto* in = reinterpret_cast<const unsigned char*>(whole.data());
  if (EVP_DecodeBlock(raw.data(), in, static_cast<int>(whole.size())) < 0) return std::nullopt;
  SrtpMaster master;
  std::memcpy(master.bytes.data(), raw.data(), size);
  master.size = size;
  return master;
}

// Parameters that change no packet (RFC 4568 6.3). KDR, UNENCRYPTED_*, UNAUTHENTICATED_SRTP and
// FEC_* do.
bool harmless(std::string_view session_params) {
  for (auto word = next_word(session_params); !word.empty(); word = next_word(session_params)) {
    // A window hint; "-" marks what may be ignored.
    if (!word.starts_with("WSH=") && !word.starts_with('-')) return false;
  }
  return true;
}

}  // namespace

std::string_view to_string(SrtpSuite suite) {
  switch (suite) {
    case SrtpSuite::AeadAes128Gcm: return "AEAD_AES_128_GCM";
    case SrtpSuite::AeadAes256Gcm: return "AEAD_AES_256_GCM";
    case SrtpSuite::AesCm128HmacSha1_80: return "AES_CM_128_HMAC_SHA1_80";
    case SrtpSuite::AesCm128HmacSha1_32: return "AES_CM_128_HMAC_SHA1_32";
  }
  GW_ASSERT(false);
}

std::optional<SrtpSuite> srtp_suite_named(std::string_view name) {
  for (const SrtpSuite suite : kSrtpSuites) {
    if (same_letters(name, to_string(suite))) return suite;
  }
  return std::nullopt;
}

size_t key_size(SrtpSuite suite) {
  return suite == SrtpSuite::AeadAes256Gcm ? 32 : 16;
}

size_t master_size(SrtpSuite suite) {
  switch (suite) {
    case SrtpSuite::AeadAes128Gcm:
    case SrtpSuite::AeadAes256Gcm: return key_size(suite) + 12;  // RFC 7714 12
    case SrtpSuite::AesCm128HmacSha1_80:
    case SrtpSuite::AesCm128HmacSha1_32: return key_size(suite) + 14;  // RFC 4568 6.2
  }
  GW_ASSERT(false);
}

SrtpMaster new_master(SrtpSuite suite, Random& random) {
  SrtpMaster master;
  master.size = master_size(suite);
  random.fill(std::span(master.bytes).first(master.size));
  return master;
}

SdpCrypto crypto_line(uint32_t tag, SrtpSuite suite, const SrtpMaster& master) {
  return {tag, std::string(to_string(suite)), std::string(kInline) + base64(master.span()), ""};
}

std::optional<UsableCrypto> usable(const SdpCrypto& line) {
  const auto suite = srtp_suite_named(line.suite);
  if (!suite || !harmless(line.session_params)) return std::nullopt;
  std::string_view key = line.key_params;
  // Several keys in one line (';') would need an MKI in each packet.
  if (!same_letters(key.substr(0, kInline.size()), kInline) || key.find(';') != key.npos) {
    return std::nullopt;
  }
  key.remove_prefix(kInline.size());
  const auto master = master_from(until(key, '|'), master_size(*suite));
  // What follows is a lifetime ("2^31", "1048576") and an MKI ("1:4"); only the latter has a colon.
  if (!master || key.find(':') != key.npos) return std::nullopt;
  return UsableCrypto{line.tag, *suite, *master};
}

}  // namespace gw::media::wire
