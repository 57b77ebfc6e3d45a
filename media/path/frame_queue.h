#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "media/engine/packet_pool.h"
#include "media/media_types.h"

namespace gw::media {

// One packet's sound, not decoded yet.
struct SourceFrame {
  Codec codec = Codec::Pcmu;
  std::span<const std::byte> payload;
  int64_t sequence = 0;   // Extended.
  int64_t timestamp = 0;  // Extended, in units of the codec's RTP clock.
  bool restarted = false;
};

// Frames that wait to be played, in the order of their sequence, with the packets that hold them.
// Owned by an AudioSource. No allocation.
class FrameQueue {
 public:
  // 500 ms, the longest that can be configured, in packets of 10 ms; and to spare.
  static constexpr size_t kMost = 64;

  bool empty() const { return count_ == 0; }
  bool full() const { return count_ == kMost; }
  const SourceFrame& front() const { return held_[0].frame; }
  // Takes the packet, whose bytes do not move; not when full().
  void push(PacketPtr& packet, const SourceFrame& frame);  // Packet path.
  void pop();
  void clear();

 private:
  struct Held {
    PacketPtr packet;
    SourceFrame frame;
  };
  std::array<Held, kMost> held_;
  size_t count_ = 0;
};

}  // namespace gw::media
