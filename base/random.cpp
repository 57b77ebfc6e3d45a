#include "base/random.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/assert.h"

namespace gw {
namespace {

void ask_kernel(std::span<std::byte> out) {
  size_t done = 0;
  while (done < out.size()) {
    const ssize_t n = ::getrandom(out.data() + done, out.size() - done, 0);
    if (n < 0 && errno == EINTR) continue;
    GW_ASSERT(n > 0);  // A machine without randomness must not make keys.
    done += static_cast<size_t>(n);
  }
}

// A call draws some twenty tags, identifiers and port numbers: one question to the kernel serves
// them all. What was given out is not kept.
class Pool {
 public:
  void take(std::span<std::byte> out) {
    if (left_ < out.size()) {
      ask_kernel(bytes_);
      left_ = bytes_.size();
    }
    const auto from = std::span(bytes_).subspan(left_ - out.size(), out.size());
    std::ranges::copy(from, out.begin());
    std::ranges::fill(from, std::byte{0});
    left_ -= out.size();
  }

  static constexpr size_t kMost = 64;

 private:
  std::array<std::byte, 1024> bytes_{};
  size_t left_ = 0;
};

}  // namespace

void SystemRandom::fill(std::span<std::byte> out) {
  if (out.size() > Pool::kMost) return ask_kernel(out);
  thread_local Pool pool;
  pool.take(out);
}

uint32_t Random::u32() {
  uint32_t value = 0;
  fill(std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

uint64_t Random::u64() {
  uint64_t value = 0;
  fill(std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

std::string Random::hex(size_t bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string raw(bytes, '\0');
  fill(std::as_writable_bytes(std::span(raw)));
  std::string out;
  out.reserve(2 * bytes);
  for (const char c : raw) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

std::string Random::alphanumeric(size_t size) {
  static constexpr char kAlphabet[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string out;
  out.reserve(size);
  while (out.size() < size) {
    std::array<std::byte, 32> raw;
    fill(raw);
    for (const std::byte b : raw) {
      const auto value = std::to_integer<unsigned>(b);
      // 248 = 4 * 62: bytes above it would favour the first letters.
      if (value < 248 && out.size() < size) out += kAlphabet[value % 62];
    }
  }
  return out;
}

std::string Random::uuid() {
  std::string digits = hex(16);
  digits[12] = '4';
  static constexpr char kVariant[] = "89ab";
  digits[16] = kVariant[u32() & 3];
  return digits.substr(0, 8) + "-" + digits.substr(8, 4) + "-" + digits.substr(12, 4) + "-" +
         digits.substr(16, 4) + "-" + digits.substr(20);
}

}  // namespace gw
