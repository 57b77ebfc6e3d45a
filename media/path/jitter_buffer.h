#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/clock.h"
#include "media/media_types.h"
#include "media/path/source_clock.h"

namespace gw::media {

// How long frames wait before they are played, so that late ones find their place (rule 4). It
// holds no frames: it measures how late packets are and says when a position is due. At a target of
// 0 nothing waits, and what is late is late for the listener's own buffer too; adaptive, the target
// becomes what 95 % of the packets need once that is more than 30 ms, at once, and goes back a
// little at a time while nobody speaks. Owned by an AudioSource. No allocation.
class JitterBuffer {
 public:
  static constexpr Duration kNoticed = 30ms;  // Jitter below is left to the listener.
  static constexpr Duration kMost = 120ms;
  static constexpr Duration kStep = 10ms;
  static constexpr Duration kShrinkEvery = 500ms;

  void set_playout(const Playout& playout);
  // Another timeline: the network is the same, its lateness stays known.
  void restart() { clock_.reset(); }

  // Packet path, all of these.
  void on_arrival(int64_t position, uint32_t rate, TimePoint now);
  void on_played(std::span<const int16_t> pcm, TimePoint now);
  bool waits() const { return target_ > Duration{0} && clock_.started(); }
  Duration target() const { return target_; }
  // When to play what begins at `position`; only while it waits().
  TimePoint due(int64_t position, uint32_t rate) const {
    return clock_.earliest(position, rate) + target_;
  }

 private:
  static constexpr size_t kBins = 16;  // Of kStep each; the last holds all that is later.

  void count(Duration lateness, TimePoint now);
  Duration wanted() const;

  Playout playout_;
  SourceClock clock_;
  Duration target_{0};

  std::array<uint32_t, kBins> lateness_{};  // Packets, older ones with less weight.
  TimePoint fade_at_{};
  TimePoint shrink_at_{};
};

}  // namespace gw::media
