#pragma once

#include <array>
#include <memory>

#include "base/clock.h"
#include "media/codec/codec.h"
#include "media/transport/counters.h"
#include "media/transport/transport.h"

namespace gw::media {

// What takes decoded sound: the other leg's side of a MediaPort. Packet path.
class PcmSink {
 public:
  virtual ~PcmSink() = default;
  // At the rate that the sink was prepared for. `position` counts samples at that rate on the
  // source's timeline; `restarted` says that it has no connection with what came before.
  virtual void play(std::span<const int16_t> pcm, int64_t position, bool restarted,
                    TimePoint now) = 0;
};

// A leg's packets as an unbroken line of PCM: order, late packets, loss (rules 3-5 of the media
// path). The jitter buffer has target 0: a clean stream leaves as it arrives. A missing packet is
// given up when its successor comes (FEC or concealment in its place) or 40 ms after it was due;
// only after reordering was seen does the successor wait for it. Owned by a MediaPort; its
// worker's thread. No allocation after prepare().
class AudioSource {
 public:
  static constexpr Duration kDeadline = 40ms;      // After the time a packet was expected.
  static constexpr Duration kReorderWait = 20ms;   // Once reordering was seen ...
  static constexpr Duration kReorderMemory = 10s;  // ... and for this long after.
  static constexpr size_t kMaxHeld = 4;
  // How long concealment goes on without packets: libopus turns into comfort noise and fades, so it
  // bridges DTX; repeated pitch of G.711 sounds like a machine soon.
  static constexpr Duration kConcealOpus = 1s;
  static constexpr Duration kConcealG711 = 60ms;

  struct Frame {
    Codec codec = Codec::Pcmu;
    std::span<const std::byte> payload;
    int64_t sequence = 0;   // Extended.
    int64_t timestamp = 0;  // Extended, in units of the codec's RTP clock.
    bool restarted = false;
  };

  explicit AudioSource(MediaCounters& counters) : counters_(counters) {}

  // Makes the decoder, if there is none yet; at another rate than before all are made anew, and the
  // line begins anew. Not on the packet path.
  void prepare(Codec codec, uint32_t rate);
  void release();  // Nothing is decoded any more.
  bool prepared(Codec codec) const { return decoders_[static_cast<size_t>(codec)] != nullptr; }

  // `packet` holds the frame; it is kept when the frame has to wait. Packet path.
  void push(PacketPtr& packet, const Frame& frame, PcmSink& sink, TimePoint now);
  // Concealment, and the end of waiting. Returns when to call again. Packet path.
  TimePoint on_timer(PcmSink& sink, TimePoint now);
  TimePoint deadline() const;
  void let_go();   // Packets that wait go back to their pool: another worker goes on.
  void restart();  // Wired to another leg, or paused.

  uint64_t late() const { return late_; }
  Duration concealed_time() const { return concealed_time_; }  // Of sound that did not come.

 private:
  struct Held {
    PacketPtr packet;
    Frame frame;
  };

  AudioDecoder* decoder(Codec codec) { return decoders_[static_cast<size_t>(codec)].get(); }
  int64_t position_of(const Frame& frame) const;
  void begin(const Frame& frame);
  bool is_late(const Frame& frame, int64_t position, size_t samples, TimePoint now);
  bool hold(PacketPtr& packet, const Frame& frame, TimePoint now);
  void release_in_order(PcmSink& sink, TimePoint now);
  void emit(const Frame& frame, PcmSink& sink, TimePoint now);
  void replace_lost(const Frame& successor, int64_t position, PcmSink& sink, TimePoint now);
  void conceal_next(PcmSink& sink, TimePoint now);
  Duration frame_time() const;

  MediaCounters& counters_;
  std::array<std::unique_ptr<AudioDecoder>, kCodecs> decoders_;
  uint32_t rate_ = kNarrowband;

  bool playing_ = false;
  bool restart_due_ = true;
  Codec codec_ = Codec::Pcmu;
  int64_t last_sequence_ = 0;  // Newest that was played.
  int64_t next_position_ = 0;
  size_t frame_samples_ = kSamplesPer20Ms;
  TimePoint expected_{};  // When the next packet should come.
  Duration concealed_{0};
  bool paused_ = false;  // Concealment is over; nothing is due.

  TimePoint late_since_ = kNever;
  TimePoint reordered_until_{};
  TimePoint hold_until_ = kNever;
  std::array<Held, kMaxHeld> held_;
  size_t held_count_ = 0;

  uint64_t late_ = 0;
  Duration concealed_time_{0};
  std::array<int16_t, kMaxFrameSamples> pcm_;
};

}  // namespace gw::media
