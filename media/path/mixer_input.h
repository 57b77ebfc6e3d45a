#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "base/clock.h"
#include "media/codec/codec.h"
#include "media/codec/pitch_concealment.h"

namespace gw::media {

// One participant's sound on its way into a mix: it comes in portions, as packets come, and leaves
// in ticks of 20 ms by our clock. What waits is what the source's jitter needs: a tick that finds
// nothing is bridged by repeating the last pitch period, and leaves one tick more in reserve; a
// reserve that nobody needs is taken back, a pitch period at a time. So a source whose clock is
// fast or slow neither piles up nor breaks. Owned by a MixSeat; its worker's thread. No allocation.
class MixerInput {
 public:
  static constexpr Duration kTick = 20ms;
  // Sound begins when its first 20 ms have waited so long: the next packet may be late by as much.
  static constexpr Duration kStart = 5ms;
  // A lost packet is replaced when its successor comes, 20 ms late: a reserve that bridges that is
  // left alone.
  static constexpr Duration kComfortable = 30ms;
  static constexpr Duration kMost = 160ms;     // More comes after a stall of the network only ...
  static constexpr Duration kCaughtUp = 60ms;  // ... and is cut to this.
  static constexpr Duration kBridge = 60ms;    // Then a source that sends nothing is silent.

  explicit MixerInput(uint32_t rate);

  // `pcm` holds 120 ms at most. Packet path.
  void push(std::span<const int16_t> pcm, TimePoint now);
  // The next 20 ms; false: there is nothing to hear, `out` is zero. Packet path.
  bool pull(std::span<int16_t> out, TimePoint now);
  // All that waits, and then nothing waits: another wire carries the sound on.
  std::span<const int16_t> drain();

  Duration waiting() const { return duration_of(static_cast<int64_t>(size_), rate_); }

 private:
  static constexpr size_t kCapacity = samples_for(kMost + kMaxFrame, kWideband);
  static constexpr int kWindow = 25;  // Ticks: half a second decides what reserve is needed.

  bool bridge(std::span<int16_t> out);
  void look_at_reserve(TimePoint now);
  void shrink();
  size_t find_period() const;
  void cut(size_t samples);
  void remove(size_t samples);

  const uint32_t rate_;
  PitchConcealment concealment_;

  std::array<int16_t, kCapacity> data_;
  size_t size_ = 0;
  bool playing_ = false;
  bool heard_ = false;  // There is something that could be repeated.
  Duration bridged_{0};
  TimePoint full_since_{};  // 20 ms wait since then.
  TimePoint last_push_{};
  Duration portion_ = kTick;  // What came last.

  Duration least_reserve_ = Duration::max();
  int window_ = 0;
  bool shrink_due_ = false;
};

}  // namespace gw::media
