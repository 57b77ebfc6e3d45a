#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace gw::media::wire {

// RFC 4571: on a stream, two octets of length stand before each packet.
constexpr size_t kFrameHeader = 2;

// What the header announces; none: it is not whole yet. Packet path.
inline std::optional<size_t> frame_size(std::span<const std::byte> stream) {
  if (stream.size() < kFrameHeader) return std::nullopt;
  return std::to_integer<size_t>(stream[0]) << 8 | std::to_integer<size_t>(stream[1]);
}

// Packet path.
inline void write_frame_header(std::span<std::byte, kFrameHeader> out, uint16_t size) {
  out[0] = static_cast<std::byte>(size >> 8);
  out[1] = static_cast<std::byte>(size & 0xff);
}

}  // namespace gw::media::wire
