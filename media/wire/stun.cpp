#include "media/wire/stun.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <cstring>

#include "media/wire/bytes.h"
#include "media/wire/hmac_sha1.h"

namespace gw::media::wire {
namespace {

constexpr size_t kHeader = 20;
constexpr uint32_t kCookie = 0x2112a442;
constexpr uint32_t kFingerprintMask = 0x5354554e;
constexpr size_t kDigest = HmacSha1::kSize;

enum Attribute : uint16_t {
  kUsername = 0x0006,
  kMessageIntegrity = 0x0008,
  kErrorCode = 0x0009,
  kUnknownAttributes = 0x000a,
  kMessageIntegritySha256 = 0x001c,
  kXorMappedAddress = 0x0020,
  kPriority = 0x0024,
  kUseCandidate = 0x0025,
  kFingerprint = 0x8028,
  kIceControlled = 0x8029,
  kIceControlling = 0x802a,
};

constexpr std::array<uint32_t, 256> crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = (c >> 1) ^ ((c & 1) != 0 ? 0xedb88320u : 0u);
    table[i] = c;
  }
  return table;
}

// RFC 8489 14.7: CRC-32 as in ITU V.42, then a mask.
uint32_t fingerprint_of(std::span<const std::byte> bytes) {
  static constexpr auto kTable = crc_table();
  uint32_t c = 0xffffffff;
  for (const std::byte b : bytes) c = kTable[(c ^ std::to_integer<uint32_t>(b)) & 0xff] ^ (c >> 8);
  return ~c ^ kFingerprintMask;
}

HmacSha1::Digest integrity_of(std::string_view password, std::span<const std::byte> covered) {
  return HmacSha1(std::as_bytes(std::span(password))).of(covered);
}

constexpr size_t padded(size_t size) {
  return (size + 3) & ~size_t{3};
}

// RFC 8489 14.2: family, port and address, xored with the cookie and the transaction.
std::optional<SocketAddress> read_xor_address(std::span<const std::byte> value,
                                              const StunTransactionId& transaction) {
  if (value.size() < 8) return std::nullopt;
  const auto port = static_cast<uint16_t>(get16(&value[2]) ^ (kCookie >> 16));
  if (get8(&value[1]) == 1 && value.size() == 8) {
    sockaddr_in four{};
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    four.sin_addr.s_addr = htonl(get32(&value[4]) ^ kCookie);
    return SocketAddress(reinterpret_cast<const sockaddr*>(&four), sizeof four);
  }
  if (get8(&value[1]) != 2 || value.size() != 20) return std::nullopt;
  std::array<std::byte, 16> mask{};
  put32(mask.data(), kCookie);
  std::ranges::copy(transaction, mask.begin() + 4);
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(port);
  for (size_t i = 0; i < 16; ++i) {
    six.sin6_addr.s6_addr[i] = std::to_integer<uint8_t>(value[4 + i] ^ mask[i]);
  }
  return SocketAddress(reinterpret_cast<const sockaddr*>(&six), sizeof six);
}

std::optional<StunType> type_of(uint16_t type) {
  for (const StunType known : {StunType::BindingRequest, StunType::BindingIndication,
                               StunType::BindingSuccess, StunType::BindingError}) {
    if (type == static_cast<uint16_t>(known)) return known;
  }
  return std::nullopt;
}

// Appends attributes to a message. After the first one that did not fit nothing is written any
// more.
class Writer {
 public:
  Writer(std::span<std::byte> out, StunType type, const StunTransactionId& transaction)
      : out_(out.first(std::min(out.size(), kMaxStunMessage))) {
    if (out_.size() < kHeader) {
      failed_ = true;
      return;
    }
    put16(&out_[0], static_cast<uint16_t>(type));
    put32(&out_[4], kCookie);
    std::ranges::copy(transaction, out_.begin() + 8);
    size_ = kHeader;
  }

  // Room for a value, zeroed; its padding too. Null when there is none.
  std::byte* add(uint16_t attribute, size_t size) {
    if (failed_ || out_.size() - size_ < 4 + padded(size)) {
      failed_ = true;
      return nullptr;
    }
    std::byte* at = &out_[size_];
    put16(at, attribute);
    put16(at + 2, static_cast<uint16_t>(size));
    std::memset(at + 4, 0, padded(size));
    size_ += 4 + padded(size);
    put16(&out_[2], static_cast<uint16_t>(size_ - kHeader));
    return at + 4;
  }
  void add(uint16_t attribute, std::string_view text) {
    std::byte* value = add(attribute, text.size());
    if (value != nullptr && !text.empty()) std::memcpy(value, text.data(), text.size());
  }
  void add64(uint16_t attribute, uint64_t number) {
    if (std::byte* value = add(attribute, 8)) put64(value, number);
  }

  size_t finish(std::string_view password) {
    if (!password.empty()) add_integrity(password);
    const size_t covered = size_;
    if (std::byte* value = add(kFingerprint, 4)) {
      put32(value, fingerprint_of(out_.first(covered)));
    }
    return failed_ ? 0 : size_;
  }

 private:
  void add_integrity(std::string_view password) {
    const size_t covered = size_;
    std::byte* value = add(kMessageIntegrity, kDigest);
    if (value == nullptr) return;
    std::ranges::copy(integrity_of(password, out_.first(covered)), value);
  }

  std::span<std::byte> out_;
  size_t size_ = 0;
  bool failed_ = false;
};

std::string_view reason_of(uint16_t code) {
  switch (code) {
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 420: return "Unknown Attribute";
    case 487: return "Role Conflict";
    default: return "Error";
  }
}

}  // namespace

std::optional<StunMessage> StunMessage::parse(std::span<const std::byte> datagram) {
  if (datagram.size() < kHeader || datagram.size() > kMaxStunMessage) return std::nullopt;
  const auto known = type_of(get16(&datagram[0]));
  if (!known || get32(&datagram[4]) != kCookie) return std::nullopt;
  const size_t length = get16(&datagram[2]);
  if (length % 4 != 0 || kHeader + length != datagram.size()) return std::nullopt;

  StunMessage message;
  message.type = *known;
  message.message_ = datagram;
  std::copy_n(datagram.begin() + 8, message.transaction.size(), message.transaction.begin());

  size_t at = kHeader;
  while (at < datagram.size()) {
    if (datagram.size() - at < 4) return std::nullopt;
    const uint16_t attribute = get16(&datagram[at]);
    const size_t size = get16(&datagram[at + 2]);
    if (datagram.size() - at - 4 < padded(size)) return std::nullopt;
    if (attribute == kFingerprint) {
      // RFC 8489 14.7: the last attribute.
      if (size != 4 || at + 8 != datagram.size()) return std::nullopt;
      if (get32(&datagram[at + 4]) != fingerprint_of(datagram.first(at))) return std::nullopt;
      message.fingerprint = true;
    } else if (!message.has_integrity()) {
      // RFC 8489 14.5: what follows MESSAGE-INTEGRITY, other than FINGERPRINT, is ignored.
      if (!message.read(attribute, at, datagram.subspan(at + 4, size))) return std::nullopt;
    }
    at += 4 + padded(size);
  }
  return message;
}

bool StunMessage::read(uint16_t attribute, size_t at, std::span<const std::byte> value) {
  const auto once = [](auto& field, auto read_value) {
    if (!field) field = read_value;  // RFC 8489 14: of repeated attributes the first counts.
    return true;
  };
  switch (attribute) {
    case kUsername:
      if (value.size() > kMaxStunUsername) return false;
      if (username.empty()) {
        username = {reinterpret_cast<const char*>(value.data()), value.size()};
      }
      return true;
    case kMessageIntegrity: integrity_offset_ = at; return value.size() == kDigest;
    case kPriority: return value.size() == 4 && once(priority, get32(value.data()));
    case kUseCandidate: use_candidate = true; return true;
    case kIceControlling: return value.size() == 8 && once(controlling, get64(value.data()));
    case kIceControlled: return value.size() == 8 && once(controlled, get64(value.data()));
    case kXorMappedAddress:
      if (!xor_mapped) xor_mapped = read_xor_address(value, transaction);
      return true;
    case kErrorCode:
      if (value.size() < 4) return false;
      error_code = static_cast<uint16_t>((get8(&value[2]) & 7) * 100 + get8(&value[3]));
      return true;
    case kUnknownAttributes:
    case kMessageIntegritySha256: return true;
    default:
      if (attribute < 0x8000) unknown_required = true;
      return true;
  }
}

bool StunMessage::authentic(std::string_view password) const {
  if (!has_integrity() || password.empty()) return false;
  // RFC 8489 14.5: the length in the header counts up to and with MESSAGE-INTEGRITY, whatever
  // follows.
  std::array<std::byte, kMaxStunMessage> covered;
  std::copy_n(message_.begin(), integrity_offset_, covered.begin());
  put16(&covered[2], static_cast<uint16_t>(integrity_offset_ + 4 + kDigest - kHeader));
  const auto digest = integrity_of(password, {covered.data(), integrity_offset_});
  return CRYPTO_memcmp(digest.data(), &message_[integrity_offset_ + 4], kDigest) == 0;
}

size_t write_stun_success(std::span<std::byte> out, const StunTransactionId& transaction,
                          const SocketAddress& mapped, std::string_view password) {
  if (mapped.empty()) return 0;
  Writer writer(out, StunType::BindingSuccess, transaction);
  std::byte* value = writer.add(kXorMappedAddress, mapped.v6() ? 20 : 8);
  if (value == nullptr) return 0;
  put8(value + 1, mapped.v6() ? 2 : 1);
  put16(value + 2, static_cast<uint16_t>(mapped.port() ^ (kCookie >> 16)));
  if (mapped.v6()) {
    const auto* six = reinterpret_cast<const sockaddr_in6*>(mapped.data());
    std::array<std::byte, 16> mask{};
    put32(mask.data(), kCookie);
    std::ranges::copy(transaction, mask.begin() + 4);
    for (size_t i = 0; i < 16; ++i) value[4 + i] = std::byte{six->sin6_addr.s6_addr[i]} ^ mask[i];
  } else {
    const auto* four = reinterpret_cast<const sockaddr_in*>(mapped.data());
    put32(value + 4, ntohl(four->sin_addr.s_addr) ^ kCookie);
  }
  return writer.finish(password);
}

size_t write_stun_error(std::span<std::byte> out, const StunTransactionId& transaction,
                        uint16_t code, std::string_view password) {
  Writer writer(out, StunType::BindingError, transaction);
  const std::string_view reason = reason_of(code);
  std::byte* value = writer.add(kErrorCode, 4 + reason.size());
  if (value == nullptr) return 0;
  put8(value + 2, static_cast<uint8_t>(code / 100));
  put8(value + 3, static_cast<uint8_t>(code % 100));
  std::memcpy(value + 4, reason.data(), reason.size());
  return writer.finish(password);
}

size_t write_stun_request(std::span<std::byte> out, const StunRequest& request) {
  Writer writer(out, StunType::BindingRequest, request.transaction);
  writer.add(kUsername, request.username);
  if (std::byte* value = writer.add(kPriority, 4)) put32(value, request.priority);
  if (request.controlling) writer.add64(kIceControlling, *request.controlling);
  if (request.controlled) writer.add64(kIceControlled, *request.controlled);
  if (request.use_candidate) writer.add(kUseCandidate, size_t{0});
  return writer.finish(request.password);
}

}  // namespace gw::media::wire
