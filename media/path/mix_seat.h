#pragma once

#include <array>
#include <memory>
#include <optional>

#include "media/path/mix_limiter.h"
#include "media/path/mixer_input.h"
#include "media/path/sound_port.h"
#include "media/path/speech_meter.h"

namespace gw::media {

class MixSeat;

// What a seat tells its mixer.
class MixTable {
 public:
  virtual ~MixTable() = default;
  // Packet path, all of these. A key that was down when it came here is released without a digit.
  virtual void on_key(const MixSeat& from, const KeyPress& key, TimePoint now) = 0;
  virtual void on_key_down(const MixSeat& from, char digit, TimePoint now) = 0;
  virtual void on_key_sounds(const MixSeat& from, bool began_here, Duration heard) = 0;
  virtual void on_key_up(const MixSeat& from, const KeyPress& key, TimePoint now) = 0;
  virtual bool all_hear_tones(const MixSeat& from) const = 0;  // All others.
  virtual void on_participant_changed(TimePoint now) = 0;      // Negotiated anew.
};

// One participant of a conference: to its port the seat is the other end of a wire; to the mixer it
// is 20 ms of sound a tick and a pair of ears. Owned by the Mixer; its worker's thread.
class MixSeat final : public SoundPort {
 public:
  static constexpr size_t kMaxFrame = samples_for(MixerInput::kTick, kWideband);

  MixSeat(SoundPort& port, MixTable& table, uint32_t rate);

  SoundPort& port() { return port_; }
  const SoundPort& port() const { return port_; }
  void set_rate(uint32_t rate);  // What waits is lost. Not on the packet path.

  // ---- A tick, in this order. Packet path. ----
  // Takes the next 20 ms; `gated` leaves out what is too quiet to be a voice.
  void listen(bool gated, TimePoint now);
  bool contributes() const { return sounds_ && port_.audience().empty(); }  // To what all hear.
  bool whispers_to(const MixSeat& listener) const;  // Its sound is for some, this one among them.
  std::span<const int16_t> sound() const { return std::span(pcm_).first(frame_); }
  bool speaks() const { return meter_.active(); }
  double level() const { return meter_.level(); }

  // Everybody's sound but its own, and what is for it alone.
  void tell_others(std::span<const int32_t> all, int64_t position, TimePoint now);
  // Everybody's sound, which holds nothing of its own; as PCM, or coded by the seat that leads.
  void tell(std::span<const int16_t> all, int64_t position, TimePoint now);
  void tell_coded(std::span<const std::byte> payload, int64_t position, TimePoint now);
  // Its coder, when it may stand for those of other seats now, or be stood for; else null.
  const AudioEncoder* sharable(TimePoint now) const;
  MixLimiter& limiter() { return limiter_; }
  // What it was told missed it: the line begins anew with the next.
  void miss() { missed_ = true; }

  // Who is told the same and encodes for all of them; null = nobody but itself.
  struct Group {
    const AudioEncoder* coder = nullptr;  // What sharable() said in this tick.
    MixSeat* leader = nullptr;
    size_t followers = 0;
  } group;

  // Whose key is down at its port; null = nobody's.
  const MixSeat* key_of = nullptr;

  // What waits of its sound, for a wire that carries on without a mixer.
  std::span<const int16_t> drain() { return input_->drain(); }

  // SoundPort, as the participant's port sees it.
  void on_wired(SoundPort*, TimePoint) override {}
  void on_other_changed(TimePoint now) override { table_.on_participant_changed(now); }
  uint32_t best_rate() const override { return rate_; }
  std::optional<uint32_t> mixing_rate() const override { return rate_; }
  void prepare_to_play(uint32_t) override {}
  bool hears(TimePoint) const override { return true; }
  bool passes(Codec) const override { return false; }
  std::optional<Codec> codec() const override { return std::nullopt; }
  void pass(InboundAudio&, TimePoint) override {}
  bool passes_events(Codec, uint32_t) const override { return false; }
  void pass_event(InboundAudio&, TimePoint) override {}
  void press(const KeyPress& key, TimePoint now) override { table_.on_key(*this, key, now); }
  bool hold_key(char digit, TimePoint now) override;
  void sustain_key(Duration heard) override { table_.on_key_sounds(*this, key_ != 0, heard); }
  void release_key(Duration length, TimePoint now) override;
  bool hears_tones() const override { return table_.all_hear_tones(*this); }
  void play(std::span<const int16_t> pcm, int64_t position, bool restarted, TimePoint now) override;

 private:
  SoundPort& port_;
  MixTable& table_;
  uint32_t rate_;
  size_t frame_;

  std::optional<MixerInput> input_;
  SpeechMeter meter_;
  MixLimiter limiter_;
  bool open_ = false;  // Its gate.
  bool sounds_ = false;
  bool missed_ = true;
  char key_ = 0;  // Its own that is down.
  std::array<int16_t, kMaxFrame> pcm_{}, out_{};
};

}  // namespace gw::media
