#pragma once

#include <array>
#include <memory>
#include <optional>

#include "base/ids.h"
#include "media/codec/half_band.h"
#include "media/codec/three_halves.h"
#include "media/path/deadline.h"
#include "media/path/media_port.h"
#include "media/path/mixer_input.h"
#include "media/path/pcm_stream.h"
#include "media/path/sound_port.h"

namespace gw::media {

// A leg whose network is a stream of PCM: an application of media streaming, or a call in the
// cloud. What it is told it says at once, in frames of 20 ms; when nothing comes it says silence.
// What the stream brings it plays by our clock, through a MixerInput, so that clocks which differ
// neither pile up nor break. Told apart (unmixed), everyone who sounds is a frame of its own, four
// at most.
//
// Owned by a MediaSession; its worker's thread. No allocation after it was made.
class StreamPort final : public SoundPort {
 public:
  struct Settings {
    PortId id;
    bool says = true;   // What the call says goes to the stream ...
    bool plays = true;  // ... and what the stream says to the call.
    bool unmixed = false;
  };
  static constexpr Duration kTick = MixerInput::kTick;
  static constexpr size_t kMostVoices = 4;
  static constexpr Duration kFillAfter = 2 * kTick;  // Less is a packet that is late.

  StreamPort(const Settings& settings, std::shared_ptr<PcmStream> stream, PortObserver& observer,
             TimePoint& earliest);

  Deadline& deadline() { return deadline_; }
  void enter_worker(TimePoint& earliest, TimePoint now);
  TimePoint on_timer(TimePoint now);  // Packet path.

  void set_held(bool held) { held_ = held; }  // Silence both ways.
  void set_muted(bool muted) { muted_ = muted; }
  void receive_key(const KeyPress& key, TimePoint now);  // The stream's peer pressed it.
  void send_keys(std::string_view keys, Duration length);
  PortStats stats() const;

  // SoundPort
  PortId id() const override { return settings_.id; }
  void on_wired(SoundPort* other, TimePoint now) override;
  void on_rewired(SoundPort& other, TimePoint now) override;
  void on_other_changed(TimePoint now) override;
  uint32_t best_rate() const override { return kWideband; }
  std::optional<uint32_t> mixing_rate() const override { return kWideband; }
  void prepare_to_play(uint32_t rate) override;
  bool hears(TimePoint) const override { return !held_ && settings_.says; }
  bool passes(Codec) const override { return false; }
  std::optional<Codec> codec() const override { return std::nullopt; }
  void pass(InboundAudio&, TimePoint) override {}
  bool passes_events(Codec, uint32_t) const override { return false; }
  void pass_event(InboundAudio&, TimePoint) override {}
  void press(const KeyPress& key, TimePoint now) override;
  void play(std::span<const int16_t> pcm, int64_t position, bool restarted, TimePoint now) override;
  bool hears_each() const override { return settings_.unmixed && settings_.says && !held_; }
  void play_one(PortId from, std::span<const int16_t> pcm, TimePoint now) override;

 private:
  static constexpr size_t kFrame = samples_for(kTick, kWideband);
  using Frame = std::array<int16_t, kFrame>;

  // From 8 or 16 kHz to the stream's rate.
  struct Outward {
    PortId from;
    TimePoint used{};
    Upsampler doubled;
    ThreeHalvesUp more;
  };

  void take_heard(TimePoint now);
  void play_tick(TimePoint now);
  void say_tick(TimePoint now);
  void collect(std::span<const int16_t> pcm, TimePoint now);
  bool told_apart() const;
  PortId from() const { return settings_.unmixed ? other_->id() : PortId{}; }
  void say(std::span<const int16_t> pcm, Outward& way, PortId from, bool silent);
  Outward& way_of(PortId from, TimePoint now);
  uint32_t rate_to_other() const;

  const Settings settings_;
  const std::shared_ptr<PcmStream> stream_;
  PortObserver& observer_;
  Deadline deadline_;

  SoundPort* other_ = nullptr;
  bool held_ = false, muted_ = false;
  TimePoint next_tick_ = kNever;

  MixerInput from_stream_{kWideband};
  ThreeHalvesDown fewer_;
  Downsampler halved_;
  int64_t position_ = 0;  // At 16 kHz.
  bool restarted_ = true;

  uint32_t played_rate_ = kWideband;  // Of what is played to us.
  Upsampler doubled_;
  Frame partial_;  // Of what was told, less than a frame.
  size_t partial_size_ = 0;
  TimePoint said_{};  // When the last frame of sound was.
  Outward mixed_;
  std::array<Outward, 2 * kMostVoices> voices_;
  uint64_t frames_in_ = 0, frames_out_ = 0, octets_in_ = 0, octets_out_ = 0;
  PcmFrame frame_;
};

}  // namespace gw::media
