#pragma once

#include <array>

#include "base/ids.h"
#include "media/path/deadline.h"
#include "media/path/sound_port.h"
#include "media/tone/prompt.h"

namespace gw::media {

// The echo user: a short prompt, then what it hears, as it hears it: the caller's own packets go
// back without a codec in between, so at unity gain and without delay. Owned by a MediaSession; its
// worker's thread.
class EchoPort final : public SoundPort {
 public:
  explicit EchoPort(PortId id, TimePoint& earliest) : id_(id), deadline_(earliest) {}

  PortId id() const override { return id_; }
  Deadline& deadline() { return deadline_; }
  void enter_worker(TimePoint& earliest, TimePoint now) {
    deadline_.move_to(earliest);
    deadline_.at_latest(now);
  }
  TimePoint on_timer(TimePoint now);

  void on_wired(SoundPort* other, TimePoint now) override;
  void on_other_changed(TimePoint now) override;
  uint32_t best_rate() const override { return kNarrowband; }  // As the prompt.
  void prepare_to_play(uint32_t rate) override;
  bool hears(TimePoint now) const override;
  bool passes(Codec codec) const override { return other_ != nullptr && other_->passes(codec); }
  std::optional<Codec> codec() const override;
  void pass(InboundAudio& audio, TimePoint now) override;
  bool passes_events(Codec, uint32_t) const override { return false; }
  void pass_event(InboundAudio&, TimePoint) override {}
  void rest(NoiseLevel level, TimePoint now) override {
    if (other_ != nullptr) other_->rest(level, now);
  }
  bool rests_cheaply() const override { return other_ != nullptr && other_->rests_cheaply(); }
  void press(const KeyPress&, TimePoint) override {}
  bool hears_tones() const override { return true; }  // They come back as they are.
  void play(std::span<const int16_t> pcm, int64_t position, bool restarted, TimePoint now) override;

 private:
  static constexpr Duration kTick = 20ms;

  const PortId id_;
  Deadline deadline_;
  SoundPort* other_ = nullptr;
  Prompt prompt_;
  int64_t position_ = 0;
  TimePoint next_tick_ = kNever;
  std::array<int16_t, kSamplesPer20Ms> pcm_;
};

}  // namespace gw::media
