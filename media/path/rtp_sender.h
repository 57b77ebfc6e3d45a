#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "media/wire/rtcp.h"
#include "media/wire/rtp.h"

namespace gw::media {

// The sending end of one RTP stream: our SSRC, sequence numbers and timestamps (RFC 3550), one
// unbroken line of them through holds, transfers, prompts and changes of source. Owned by a
// MediaPort; its worker's thread. No allocation.
//
// What is sent has one of two origins. Mapped: from a source with a timeline of its own (the other
// leg's packets, or PCM made from them): timestamp = source + constant, so that its gaps show.
// Generated: made here, tick by tick (silence, tones, prompts). Each change between them continues
// by wall time.
class RtpSender {
 public:
  RtpSender(uint32_t ssrc, uint16_t first_sequence, uint32_t first_timestamp)
      : ssrc_(ssrc), next_sequence_(first_sequence), next_timestamp_(first_timestamp) {}

  // Another codec: the same line goes on at another clock.
  void set_clock(uint32_t clock_rate);
  uint32_t clock() const { return clock_; }

  // A packet of the other leg passes: sequence and timestamp = input + constant. `restarted` says
  // that the input has no connection with what came before. Null for a late packet from before the
  // last change of origin: its number may have been used since.
  std::optional<wire::RtpHeader> forward(int64_t sequence, int64_t timestamp, bool restarted,
                                         TimePoint now);  // Packet path.

  // A frame that was made from the other leg's packets; `units` long, at `position` of its
  // timeline (in our clock). Frames that were left out leave a gap in both numbers. Null when its
  // place in time was filled already.
  std::optional<wire::RtpHeader> mapped(int64_t position, uint32_t units, bool restarted,
                                        TimePoint now);  // Packet path.

  // A frame generated here.
  wire::RtpHeader generated(uint32_t units, TimePoint now);  // Packet path.
  // A telephone event: timestamps are the event's own, on our line; `units` is what a tick lasts.
  uint32_t generated_timestamp(uint32_t units, TimePoint now);
  wire::RtpHeader event(uint32_t timestamp, bool marker);

  // Another leg speaks from here on: its numbers have no connection with what came before.
  void new_source() {
    timeline_holds_ = false;
    anchor_sequence_ = 0;
  }
  // The same source by another way: its numbers are others, but what comes next follows what was
  // sent last, unless it comes late.
  void same_source() {
    new_source();
    follows_ = true;
  }
  void on_sent(size_t payload_octets, TimePoint now);  // Packet path.
  void restart_talk_spurt() { marker_due_ = true; }    // After hold, DTMF or a prompt.

  uint32_t ssrc() const { return ssrc_; }
  uint64_t packets() const { return packets_; }
  uint64_t octets() const { return octets_; }
  bool has_sent() const { return packets_ > 0; }
  TimePoint last_sent() const { return last_sent_; }
  // For a sender report: the timestamp that corresponds to now.
  wire::SenderInfo sender_info(TimePoint now, WallTime wall) const;

 private:
  enum class Origin { None, Forwarded, Mapped, Generated };

  uint32_t units_since_sent(TimePoint now) const;
  uint32_t continue_at(TimePoint now) const;
  uint32_t begin_at(TimePoint now);
  wire::RtpHeader header(uint16_t sequence, uint32_t timestamp);
  void note(uint16_t sequence, uint32_t timestamp, uint32_t units);

  const uint32_t ssrc_;

  uint32_t clock_ = 8000;
  uint16_t next_sequence_;
  uint32_t next_timestamp_;  // If nothing was left out.
  bool marker_due_ = true;

  Origin origin_ = Origin::None;
  bool follows_ = false;           // The next begins where the last ended.
  bool timeline_holds_ = false;    // timestamp_offset_ may still be used.
  uint16_t sequence_offset_ = 0;   // Forwarded: output = input + offset.
  uint32_t timestamp_offset_ = 0;  // Forwarded and mapped.
  int64_t anchor_sequence_ = 0;    // Of the source: where the offset began to hold.
  int64_t last_position_ = 0;      // Of the source, newest.
  TimePoint last_position_at_{};
  int64_t next_position_ = 0;  // Mapped: where the next frame should begin.

  uint64_t packets_ = 0, octets_ = 0;
  uint32_t last_timestamp_ = 0, last_units_ = 160;
  TimePoint last_sent_{};
};

}  // namespace gw::media
