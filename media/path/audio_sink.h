#pragma once

#include <array>
#include <memory>

#include "media/codec/codec.h"
#include "media/codec/half_band.h"
#include "media/path/rtp_sender.h"
#include "media/path/silence.h"
#include "media/tone/comfort_noise.h"
#include "media/transport/counters.h"
#include "media/transport/transport.h"
#include "media/wire/offer_answer.h"

namespace gw::media {

// What leaves toward a leg: PCM into packets of the negotiated codec and ptime, packets of the
// other leg passed on, events, silence. One RtpSender numbers them all. Owned by a MediaPort; its
// worker's thread. No allocation after prepare().
class AudioSink {
 public:
  static constexpr Duration kMaxPtime = 60ms;

  AudioSink(RtpSender sender, Transport& transport, PacketPool& pool, MediaCounters& counters);

  // After each negotiation.
  void set_format(const wire::NegotiatedCodec& codec, Duration ptime, const OpusSettings& opus);
  void set_noise(const std::optional<wire::NegotiatedNoise>& noise) { noise_ = noise; }
  // Makes the encoder for PCM at a rate; another one than before begins the line anew. Not on the
  // packet path.
  void prepare(uint32_t rate);
  void prepare() { prepare(rate_); }  // For what is generated here.

  Codec codec() const { return codec_.codec; }
  uint32_t best_rate() const;
  Duration ptime() const { return ptime_; }
  // Of a packet of play_silence(): Opus has one of 20 ms that costs no encoder.
  Duration silence_time() const { return codec() == Codec::Opus ? Duration(20ms) : ptime_; }
  // Of a frame of play_generated().
  size_t generated_samples() const { return samples_for(ptime_, kNarrowband); }

  // The other leg's packet, in our numbers; `payload_type` is that of audio or of events.
  void pass(Packet& packet, const wire::RtpPacket& parsed, uint8_t payload_type, int64_t sequence,
            int64_t timestamp, bool restarted, TimePoint now);  // Packet path.
  // PCM at the prepared rate on the other leg's timeline, in any portions (rule 8: the rest waits
  // for the next).
  void play(std::span<const int16_t> pcm, int64_t position, bool restarted,
            TimePoint now);  // Packet path.
  // Whole frames that are encoded by one sink and sent by many; `encoder` is null when this one has
  // another ptime than `frame`, or something that waits to become a frame.
  const AudioEncoder* encoder(Duration frame) const;
  size_t encode(std::span<const int16_t> pcm, std::span<std::byte> payload);  // Packet path.
  void play_coded(std::span<const std::byte> payload, int64_t position, bool restarted,
                  TimePoint now);  // Packet path.
  void continue_coding_of(const AudioSink& other);
  // One frame of ours, tones and prompts: exactly generated_samples(), always at 8 kHz.
  void play_generated(std::span<const int16_t> pcm, TimePoint now);  // Packet path.
  void play_silence(TimePoint now);                                  // One frame. Packet path.
  // A step of comfort noise: a CN packet, a frame that was encoded long ago, or noise through the
  // encoder of a codec that has neither. `first` of a silence. Returns when the next is due.
  Duration play_noise(NoiseLevel level, bool first, TimePoint now);  // Packet path.
  // The peer takes comfort noise, or would rather have gaps.
  bool rests_cheaply() const { return noise_ || (codec() == Codec::Opus && codec_.dtx); }
  bool sends_noise() const { return noise_.has_value(); }
  void send_event(std::span<const std::byte> payload, uint8_t payload_type, bool marker,
                  uint32_t timestamp, TimePoint now);  // Packet path.

  void set_expected_loss(unsigned percent);
  void set_complexity(int complexity);
  void move_to(PacketPool& pool) { pool_ = &pool; }  // Of another worker.
  void drop_residue() { residue_ = 0; }
  // The same sound comes by another wire: what is played next follows what was played last.
  void rewire();
  RtpSender& sender() { return sender_; }
  const RtpSender& sender() const { return sender_; }
  uint64_t packets() const { return packets_; }
  uint64_t octets() const { return octets_; }

 private:
  void flush(TimePoint now);
  void send_rest(TimePoint now);
  void send_generated(std::span<const std::byte> payload, uint8_t payload_type, Duration length,
                      TimePoint now);
  Duration play_opus_noise(NoiseLevel level, TimePoint now);
  void send_frame(std::span<const int16_t> pcm, int64_t position, bool restarted, TimePoint now);
  size_t frame_samples() const { return samples_for(ptime_, rate_); }
  uint32_t units_of(Duration length) const;
  size_t write_silence(std::span<std::byte> payload) const;
  void transmit(PacketPtr packet, wire::RtpHeader header, uint8_t payload_type, size_t payload_size,
                TimePoint now);
  void hand_over(Packet& packet, size_t payload_size, TimePoint now);

  RtpSender sender_;
  Transport& transport_;
  PacketPool* pool_;
  MediaCounters& counters_;

  // A silence is told again after this long (RFC 3389 leaves it open); Opus with DTX as libopus.
  static constexpr Duration kNoiseAgain = 1s;
  static constexpr Duration kDtxAgain = 400ms;

  wire::NegotiatedCodec codec_;
  std::optional<wire::NegotiatedNoise> noise_;
  Duration ptime_ = 20ms;
  OpusSettings opus_;
  uint32_t rate_ = kNarrowband;  // Of what is played.
  std::unique_ptr<AudioEncoder> encoder_;
  NoiseGenerator generator_;
  unsigned noise_turn_ = 0;
  Upsampler upsampler_;  // What is generated, when the encoder is wideband.

  // Collects what is under one frame; there once an encoder was.
  using Frame = std::array<int16_t, samples_for(kMaxPtime, kWideband)>;
  std::unique_ptr<Frame> frame_;
  size_t residue_ = 0;
  int64_t residue_position_ = 0;
  bool residue_restarted_ = false;
  bool rewired_ = false;

  Silence silence_;
  uint64_t packets_ = 0, octets_ = 0;
};

}  // namespace gw::media
