#pragma once

#include <array>
#include <vector>

#include "base/ids.h"
#include "media/codec/codec.h"
#include "media/path/deadline.h"
#include "media/path/media_port.h"
#include "media/path/sound_port.h"
#include "media/tone/clip.h"

namespace gw::media {

// An application's place in a call: it plays clips to whom it is wired with, one or a mixer, and
// hears nothing. Owned by a MediaSession; its worker's thread.
class ClipPort final : public SoundPort {
 public:
  ClipPort(PortId id, TimePoint& earliest, PortObserver& observer)
      : id_(id), observer_(observer), deadline_(earliest) {}

  PortId id() const override { return id_; }
  Deadline& deadline() { return deadline_; }
  void enter_worker(TimePoint& earliest, TimePoint now) {
    deadline_.move_to(earliest);
    deadline_.at_latest(now);
  }
  TimePoint on_timer(TimePoint now);  // Packet path, while it plays.

  // From its beginning, in place of what plays; ClipEnded when it was heard to its end. Nothing
  // ends a loop but another order.
  void play(ClipOrder order, TimePoint now);

  void on_wired(SoundPort* other, TimePoint now) override;
  void on_rewired(SoundPort& other, TimePoint now) override;
  void on_other_changed(TimePoint now) override;
  // What is idle does not make a conference wideband.
  uint32_t best_rate() const override { return clip_ ? kWideband : kNarrowband; }
  void prepare_to_play(uint32_t) override {}
  std::span<const PortId> audience() const override { return to_; }
  bool hears(TimePoint) const override { return false; }
  bool passes(Codec) const override { return false; }
  std::optional<Codec> codec() const override { return std::nullopt; }
  void pass(InboundAudio&, TimePoint) override {}
  bool passes_events(Codec, uint32_t) const override { return false; }
  void pass_event(InboundAudio&, TimePoint) override {}
  void press(const KeyPress&, TimePoint) override {}
  void play(std::span<const int16_t>, int64_t, bool, TimePoint) override {}

 private:
  static constexpr Duration kTick = 20ms;
  static constexpr int kMostTicksAtOnce = 2;  // After a stall of the loop: no burst.

  bool is_heard_there() const;
  void look_at_rate();
  void play_tick(TimePoint now);

  const PortId id_;
  PortObserver& observer_;
  Deadline deadline_;
  SoundPort* other_ = nullptr;
  ClipPtr clip_;
  bool loop_ = false;
  uint64_t serial_ = 0;
  std::vector<PortId> to_;  // Empty = everybody.
  uint32_t rate_ = kNarrowband;
  size_t place_ = 0;      // In the clip, in samples at rate_.
  int64_t position_ = 0;  // Of the line, at rate_.
  bool begins_ = true;
  TimePoint next_tick_ = kNever;
  std::array<int16_t, samples_for(kTick, kWideband)> pcm_{};
};

}  // namespace gw::media
