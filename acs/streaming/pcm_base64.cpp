#include "acs/streaming/pcm_base64.h"

#include <array>

namespace gw::acs::streaming {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t kNone = 0xff;

constexpr std::array<uint8_t, 256> reverse() {
  std::array<uint8_t, 256> table{};
  table.fill(kNone);
  for (uint8_t i = 0; i < 64; ++i) table[static_cast<uint8_t>(kAlphabet[i])] = i;
  return table;
}
constexpr std::array<uint8_t, 256> kValues = reverse();

uint8_t byte_at(std::span<const int16_t> pcm, size_t i) {
  const auto sample = static_cast<uint16_t>(pcm[i / 2]);
  return static_cast<uint8_t>(i % 2 == 0 ? sample : sample >> 8);
}

}  // namespace

void append_pcm(std::string& out, std::span<const int16_t> pcm) {
  const size_t bytes = 2 * pcm.size();
  out.reserve(out.size() + (bytes + 2) / 3 * 4);
  for (size_t i = 0; i < bytes; i += 3) {
    const size_t rest = bytes - i;
    const uint32_t group = static_cast<uint32_t>(byte_at(pcm, i)) << 16 |
                           (rest > 1 ? static_cast<uint32_t>(byte_at(pcm, i + 1)) << 8 : 0) |
                           (rest > 2 ? byte_at(pcm, i + 2) : 0);
    out += kAlphabet[group >> 18];
    out += kAlphabet[group >> 12 & 63];
    out += rest > 1 ? kAlphabet[group >> 6 & 63] : '=';
    out += rest > 2 ? kAlphabet[group & 63] : '=';
  }
}

std::optional<std::vector<int16_t>> decode_pcm(std::string_view text) {
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  const size_t bytes = text.size() * 3 / 4;
  if (text.size() % 4 == 1 || bytes % 2 != 0) return std::nullopt;
  std::vector<int16_t> pcm(bytes / 2);
  uint32_t bits = 0;
  unsigned held = 0;
  size_t at = 0;
  for (const char c : text) {
    const uint8_t value = kValues[static_cast<uint8_t>(c)];
    if (value == kNone) return std::nullopt;
    bits = bits << 6 | value;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    const auto byte = static_cast<uint16_t>(bits >> held & 0xff);
    const auto sample = static_cast<uint16_t>(pcm[at / 2]);
    pcm[at / 2] = static_cast<int16_t>(at % 2 == 0 ? byte : sample | byte << 8);
    ++at;
  }
  return pcm;
}

}  // namespace gw::acs::streaming
