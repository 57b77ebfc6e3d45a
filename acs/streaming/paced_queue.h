#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>

#include "base/clock.h"

namespace gw::acs::streaming {

// 20 ms of sound at 16 or 24 kHz.
struct PcmFrame {
  static constexpr size_t kMostSamples = 480;
  std::array<int16_t, kMostSamples> samples;
  size_t size = 0;
  bool silent = false;

  std::span<const int16_t> pcm() const { return std::span(samples).first(size); }
};

// Sound that comes in any portions and leaves one frame in 20 ms: toward ACS, so that its queue
// does not grow; from an application that speaks faster than real time, so that the call hears it
// as it was meant. What stands in the queue because the writer's clock is fast is left out a frame
// at a time, in a pause where there is one; bounded. Asio thread.
class PacedQueue {
 public:
  static constexpr Duration kTick = 20ms;
  static constexpr size_t kComfortable = 3;  // Frames that may stand in it for good.

  // `most` frames at most: what does not fit is lost, the oldest first.
  PacedQueue(uint32_t rate, size_t most, size_t comfortable = kComfortable);

  void push(std::span<const int16_t> pcm, TimePoint now);
  // The next frame, if it is due; false: not yet.
  bool pull(PcmFrame& out, TimePoint now);
  // When pull() is worth a call; nullopt: nothing waits.
  std::optional<TimePoint> due() const;
  void clear();  // StopAudio.

  size_t frames() const { return frames_.size(); }
  Duration waiting() const { return kTick * static_cast<int64_t>(frames_.size()); }
  uint64_t lost() const { return lost_; }          // No room.
  uint64_t left_out() const { return left_out_; }  // Clocks differ.

 private:
  // Long enough to tell a clock that is fast from a burst.
  static constexpr Duration kWindow = 10s;
  static constexpr Duration kShortWindow = 1s;  // Of a writer in real time: nothing may stand.
  static constexpr Duration kPatience = 1s;     // For a pause.
  static constexpr Duration kShortPatience = 200ms;

  void close_frame();
  void look_at_reserve(TimePoint now);
  void trim(TimePoint now);

  const size_t frame_samples_;
  const size_t most_;
  const size_t comfortable_;

  std::deque<PcmFrame> frames_;
  PcmFrame partial_;
  TimePoint partial_since_{};
  std::optional<TimePoint> next_;  // The next frame leaves no sooner.

  TimePoint window_began_{};
  uint64_t arrived_ = 0;  // Frames, in this window.
  size_t least_ = SIZE_MAX;
  std::optional<TimePoint> trim_by_;
  size_t excess_ = 0;  // Frames to leave out then.
  uint64_t lost_ = 0, left_out_ = 0;
};

}  // namespace gw::acs::streaming
