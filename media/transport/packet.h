#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/net.h"

namespace gw::media {

// One datagram in a buffer with room behind it, so that SRTP adds its tag in place. It may begin
// later than the buffer does: a shorter RTP header moves the beginning, never the payload.
class Packet {
 public:
  static constexpr size_t kMaxDatagram = 1500;  // Ethernet; more is no sound of ours.
  static constexpr size_t kTailRoom = 64;       // GCM tag 16 + SRTCP index 4, and to spare.

  // Not initialised: 6 MB of pool would be touched for nothing.
  Packet() {}  // NOLINT(modernize-use-equals-default)

  std::span<std::byte> data() { return {bytes_.data() + begin_, size_}; }
  std::span<const std::byte> data() const { return {bytes_.data() + begin_, size_}; }
  size_t size() const { return size_; }

  void clear() { begin_ = size_ = 0; }
  // Where to write a new datagram; resize() then says how much was written.
  std::span<std::byte> room() { return {bytes_.data() + begin_, bytes_.size() - begin_}; }
  // `size` must fit the room.
  void resize(size_t size) { size_ = static_cast<uint16_t>(size); }
  // `part` lies within this packet's buffer.
  void narrow(std::span<std::byte> part) {
    begin_ = static_cast<uint16_t>(part.data() - bytes_.data());
    size_ = static_cast<uint16_t>(part.size());
  }

  SocketAddress from;

 private:
  uint16_t begin_ = 0;
  uint16_t size_ = 0;
  alignas(8) std::array<std::byte, kMaxDatagram + kTailRoom> bytes_;
};

}  // namespace gw::media
