#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "base/clock.h"
#include "media/path/sound_port.h"

namespace gw::media {

// A leg's packets on their way through the detector of tones. The detector is sure of a key after
// up to 38 ms of it; where the key goes on as an event, its tone must not go on as well: so each
// packet waits until 40 ms of sound behind it were listened to. Only where a tone is taken out of
// the sound; other legs pay nothing. Owned by a MediaPort. No allocation. Packet path.
class LookAhead {
 public:
  static constexpr Duration kDepth = 40ms;
  static constexpr Duration kLongestWait = 80ms;  // Then the source has paused: nothing comes.
  static constexpr size_t kMaxHeld = 8;           // 10 ms packets, and some jitter.

  struct Held {
    PacketPtr packet;
    wire::RtpPacket rtp;
    Codec codec = Codec::Pcmu;
    int64_t sequence = 0;
    int64_t timestamp = 0;
    bool restarted = false;
    Duration length{0};
    TimePoint came{};
  };

  // Takes the packet out of `audio`; false, and it stays, when there is no room.
  bool hold(InboundAudio& audio, Duration length, TimePoint now);
  std::optional<Held> next(TimePoint now);  // What may go on.
  TimePoint due() const { return count_ == 0 ? kNever : held_[0].came + kLongestWait; }
  bool empty() const { return count_ == 0; }
  void clear();

 private:
  std::array<Held, kMaxHeld> held_;
  size_t count_ = 0;
  Duration length_{0};  // Of all.
};

}  // namespace gw::media
