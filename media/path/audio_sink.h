#pragma once

#include <array>
#include <memory>

#include "media/codec/codec.h"
#include "media/path/rtp_sender.h"
#include "media/transport/counters.h"
#include "media/transport/transport.h"

namespace gw::media {

// What leaves toward a leg: PCM into packets of the negotiated codec and ptime, packets of the
// other leg passed on, events, silence. One RtpSender numbers them all. Owned by a MediaPort; its
// worker's thread. No allocation after prepare().
class AudioSink {
 public:
  AudioSink(RtpSender sender, Transport& transport, PacketPool& pool, MediaCounters& counters);

  // After each negotiation.
  void set_format(Codec codec, uint8_t payload_type, Duration ptime, const OpusSettings& opus);
  // Makes the encoder, if there is none yet. Not on the packet path.
  void prepare();
  bool prepared() const { return encoder_ != nullptr; }

  Codec codec() const { return codec_; }
  size_t frame_samples() const { return frame_samples_; }
  Duration ptime() const {
    return Duration(1s) * static_cast<int64_t>(frame_samples_) / kSampleRate;
  }

  // The other leg's packet, in our numbers; `payload_type` is that of audio or of events.
  void pass(Packet& packet, const wire::RtpPacket& parsed, uint8_t payload_type, int64_t sequence,
            int64_t timestamp, bool restarted, TimePoint now);  // Packet path.
  // PCM on the other leg's timeline, in any portions (rule 8: the rest waits for the next).
  void play(std::span<const int16_t> pcm, int64_t position, bool restarted,
            TimePoint now);  // Packet path.
  // One frame of ours: exactly frame_samples().
  void play_generated(std::span<const int16_t> pcm, TimePoint now);  // Packet path.
  void play_silence(TimePoint now);                                  // One frame. Packet path.
  void send_event(std::span<const std::byte> payload, uint8_t payload_type, bool marker,
                  uint32_t timestamp, TimePoint now);  // Packet path.

  void set_expected_loss(unsigned percent);
  void set_complexity(int complexity);
  void drop_residue() { residue_ = 0; }
  RtpSender& sender() { return sender_; }
  const RtpSender& sender() const { return sender_; }
  uint64_t packets() const { return packets_; }
  uint64_t octets() const { return octets_; }

 private:
  void flush(TimePoint now);
  bool settled_silence(std::span<const int16_t> pcm);
  void send_frame(std::span<const int16_t> pcm, int64_t position, bool restarted, TimePoint now);
  void transmit(PacketPtr packet, wire::RtpHeader header, uint8_t payload_type, size_t payload_size,
                TimePoint now);
  void hand_over(Packet& packet, size_t payload_size, TimePoint now);

  RtpSender sender_;
  Transport& transport_;
  PacketPool& pool_;
  MediaCounters& counters_;

  Codec codec_ = Codec::Pcmu;
  uint8_t payload_type_ = 0;
  size_t frame_samples_ = kSamplesPer20Ms;
  OpusSettings opus_;
  std::unique_ptr<AudioEncoder> encoder_;

  std::array<int16_t, kMaxFrameSamples> frame_;  // Collects what is under one frame.
  size_t residue_ = 0;
  int64_t residue_position_ = 0;
  bool residue_restarted_ = false;

  unsigned silent_frames_ = 0;  // In a row.
  uint64_t packets_ = 0, octets_ = 0;
};

}  // namespace gw::media
