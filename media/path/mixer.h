#pragma once

#include <array>
#include <memory>
#include <vector>

#include "media/engine/media_engine.h"
#include "media/path/mix_seat.h"

namespace gw::media {

// Wires three ports and more: each hears all others and not itself, every 20 ms by our own clock,
// at 16 kHz when two of them have it (to one alone nobody says more than 8 kHz hold). Codecs, SSRC
// and sequence stay in the ports (rule 1 of the media path), so that nothing breaks when a Relay
// becomes a Mixer or a Mixer a Relay.
//
// Those who say nothing hear the same: where their codec and its settings are the same too, one of
// them encodes and the others send what it made. In a conference of more than kMixAll the noise of
// those who say nothing is left out. Sound that is for some alone (SoundPort::audience) is theirs
// beside what all hear. Owned by a MediaSession; its worker's thread. Ticks neither
// allocate nor lock.
class Mixer final : public MixTable {
 public:
  static constexpr Duration kTick = MixerInput::kTick;
  static constexpr size_t kMixAll = 4;
  static constexpr size_t kMostApart = 4;  // Voices that are told apart, as ACS does.
  static constexpr size_t kMost = kMaxParties;

  // `number`: whose it is; that decides when it ticks. First after a tick at least, so that by then
  // each party has brought a packet.
  Mixer(uint64_t number, TimePoint now);

  // `goes_on`: the port is in a conversation that this mixer continues. Not on the packet path.
  void add(SoundPort& port, bool goes_on, TimePoint now);
  void remove(SoundPort& port, TimePoint now);
  // Gives up the last two for a wire between them: what waits of each is played to the other.
  void hand_back(TimePoint now);

  TimePoint on_timer(TimePoint now);  // Packet path.
  TimePoint next_tick() const { return next_tick_; }

  size_t size() const { return seats_.size(); }
  bool full() const { return seats_.size() >= kMost; }
  uint32_t rate() const { return rate_; }
  bool quiet() const;     // Nobody speaks.
  bool key_down() const;  // Somebody holds a key that the others are told of.
  bool speaks(const SoundPort& port) const;

  // MixTable
  void on_key(const MixSeat& from, const KeyPress& key, TimePoint now) override;
  void on_key_down(const MixSeat& from, char digit, TimePoint now) override;
  void on_key_sounds(const MixSeat& from, bool began_here, Duration heard) override;
  void on_key_up(const MixSeat& from, const KeyPress& key, TimePoint now) override;
  bool all_hear_tones(const MixSeat& from) const override;
  void on_participant_changed(TimePoint now) override;

 private:
  void prepare(TimePoint now);
  void release(MixSeat& seat, TimePoint now);
  void tick(TimePoint now);
  void sum_up();
  void choose_leaders(TimePoint now);
  static bool well_led(const MixSeat& seat);
  MixSeat* find_leader(const MixSeat& seat) const;
  void follow(MixSeat& seat, MixSeat* leader);
  bool is_whispered_to(const MixSeat& listener) const;
  void tell_everybody(TimePoint now);
  void tell_privately(MixSeat& listener, TimePoint now);
  void tell_apart(MixSeat& listener, TimePoint now);
  void tell_group(MixSeat& leader, std::span<const int16_t> all, TimePoint now);
  size_t frame() const { return samples_for(kTick, rate_); }

  std::vector<std::unique_ptr<MixSeat>> seats_;
  uint32_t rate_ = kNarrowband;
  TimePoint next_tick_;
  int64_t position_ = 0;

  std::array<int32_t, MixSeat::kMaxFrame> all_{};
  std::array<int16_t, MixSeat::kMaxFrame> pcm_{};
  std::array<std::byte, kMaxEncodedFrame> coded_;
  MixLimiter limiter_;
  int silent_ticks_ = 0;
};

}  // namespace gw::media
