#pragma once

#include <array>
#include <memory>

#include "base/clock.h"
#include "media/codec/codec.h"
#include "media/path/frame_queue.h"
#include "media/path/jitter_buffer.h"
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

// A leg's packets as an unbroken line of PCM: order, late packets, loss, jitter (rules 3-5 of the
// media path). A missing packet is given up when its successor comes (its FEC or concealment in its
// place), or 40 ms after it was due; only after reordering was seen does the successor wait for it.
// Without a jitter buffer, or at its target of 0, a clean stream leaves as it arrives; otherwise
// each frame leaves when it is due. At most two leave within half a frame's time, whatever came or
// was lost. Owned by a MediaPort; its worker's thread. No allocation after prepare().
class AudioSource {
 public:
  static constexpr Duration kDeadline = 40ms;     // After the time a packet was expected.
  static constexpr Duration kBufferGrace = 10ms;  // The same when the jitter buffer waited already.
  static constexpr Duration kReorderWait = 20ms;  // Once reordering was seen ...
  static constexpr Duration kReorderMemory = 10s;  // ... and for this long after.
  // How long concealment goes on without packets: libopus turns into comfort noise and fades, so it
  // bridges DTX; repeated pitch of G.711 sounds like a machine soon.
  static constexpr Duration kConcealOpus = 1s;
  static constexpr Duration kConcealG711 = 60ms;

  using Frame = SourceFrame;

  explicit AudioSource(MediaCounters& counters) : counters_(counters) {}

  // Makes the decoder, if there is none yet; at another rate than before all are made anew, and the
  // line begins anew. Not on the packet path.
  void prepare(Codec codec, uint32_t rate);
  void release();  // Nothing is decoded any more.
  bool prepared(Codec codec) const { return decoder(codec) != nullptr; }
  void set_playout(const Playout& playout) { jitter_.set_playout(playout); }
  // Else silence in place of what is missing, at the same times: what concealment is measured by.
  void set_conceals(bool conceals) { conceals_ = conceals; }

  // `packet` holds the frame; it is taken when the frame is played or has to wait. Packet path.
  void push(PacketPtr& packet, const Frame& frame, PcmSink& sink, TimePoint now);
  // Concealment, and the end of waiting. Returns when to call again. Packet path.
  TimePoint on_timer(PcmSink& sink, TimePoint now);
  TimePoint deadline() const;
  void let_go();   // Packets that wait go back to their pool: another worker goes on.
  void restart();  // Wired to another leg, or paused.

  uint64_t late() const { return late_; }
  // What was played last.
  std::span<const int16_t> last() const {
    return workshop_ ? std::span<const int16_t>(workshop_->pcm).first(frame_samples_)
                     : std::span<const int16_t>();
  }
  Duration concealed_time() const { return concealed_time_; }  // Of sound that did not come.
  Duration buffered() const { return jitter_.target(); }

 private:
  // What decoding needs and passing on does not: most ports never have it.
  struct Workshop {
    std::array<std::unique_ptr<AudioDecoder>, kCodecs> decoders;
    FrameQueue queue;
    std::array<int16_t, kMaxFrameSamples> pcm;
  };

  AudioDecoder* decoder(Codec codec) const {
    return workshop_ ? workshop_->decoders[static_cast<size_t>(codec)].get() : nullptr;
  }
  int64_t position_of(const Frame& frame) const;
  // Clocks of cheap phones are a few samples off from frame to frame; more is a hole.
  int64_t slack() const { return static_cast<int64_t>(frame_samples_ / 4); }
  Duration frame_time() const { return duration_of(frame_samples_, rate_); }

  void begin(const Frame& frame);
  bool is_late(const Frame& frame, int64_t position, size_t samples, TimePoint now);
  void play_due(PcmSink& sink, TimePoint now);
  bool misses(const Frame& successor) const;
  bool was_lost(const Frame& successor) const { return successor.sequence > last_sequence_ + 1; }
  TimePoint front_due() const;
  TimePoint concealment_due() const;
  TimePoint pace() const { return played_before_ + frame_time() / 2; }

  void play(const Frame& frame, PcmSink& sink, TimePoint now);
  void fill_before(const Frame& successor, PcmSink& sink, TimePoint now);
  void make_up(std::span<int16_t> out, const Frame* successor, size_t rest);
  void conceal_next(PcmSink& sink, TimePoint now);
  void hand_over(std::span<const int16_t> pcm, int64_t position, PcmSink& sink, TimePoint now);

  MediaCounters& counters_;
  std::unique_ptr<Workshop> workshop_;  // There while playing_.
  JitterBuffer jitter_;
  uint32_t rate_ = kNarrowband;

  bool conceals_ = true;
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
  TimePoint hold_until_ = kNever;            // For what is missing before the front of the queue.
  TimePoint played_at_{}, played_before_{};  // The last frame that left, and the one before.

  uint64_t late_ = 0;
  Duration concealed_time_{0};
};

}  // namespace gw::media
