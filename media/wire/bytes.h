#pragma once

#include <cstddef>
#include <cstdint>

namespace gw::media::wire {

// Network byte order at any alignment; the caller has checked the bounds.

inline uint8_t get8(const std::byte* at) {
  return std::to_integer<uint8_t>(*at);
}
inline uint16_t get16(const std::byte* at) {
  return static_cast<uint16_t>(get8(at) << 8 | get8(at + 1));
}
inline uint32_t get32(const std::byte* at) {
  return static_cast<uint32_t>(get16(at)) << 16 | get16(at + 2);
}
inline uint64_t get64(const std::byte* at) {
  return static_cast<uint64_t>(get32(at)) << 32 | get32(at + 4);
}

inline void put8(std::byte* at, uint8_t value) {
  *at = std::byte{value};
}
inline void put16(std::byte* at, uint16_t value) {
  put8(at, static_cast<uint8_t>(value >> 8));
  put8(at + 1, static_cast<uint8_t>(value));
}
inline void put32(std::byte* at, uint32_t value) {
  put16(at, static_cast<uint16_t>(value >> 16));
  put16(at + 2, static_cast<uint16_t>(value));
}
inline void put64(std::byte* at, uint64_t value) {
  put32(at, static_cast<uint32_t>(value >> 32));
  put32(at + 4, static_cast<uint32_t>(value));
}

}  // namespace gw::media::wire
