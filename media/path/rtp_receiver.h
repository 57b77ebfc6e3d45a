#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "media/path/loss_bursts.h"
#include "media/wire/rtcp.h"
#include "media/wire/rtp.h"

namespace gw::media {

// The receiving end of one RTP stream: which source we follow, extended sequence numbers, loss,
// jitter, duplicates, and what RTCP says of them (RFC 3550 6.4.1, A.1, A.3, A.8). Computed on the
// raw stream, before any buffer. Owned by a MediaPort; its worker's thread. No allocation.
class RtpReceiver {
 public:
  // A jump beyond it is another stream, not loss (RFC 3550 A.1: MAX_DROPOUT).
  static constexpr int64_t kMaxDropout = 3000;
  static constexpr int64_t kMaxMisorder = 100;  // RFC 3550 A.1; more is a sender that began anew.
  // No packet is this late: what looks older than the newest comes after a gap of a whole turn.
  static constexpr Duration kStreamPaused = 2s;
  // Another SSRC is followed at once when ours has been silent this long, else when it sends two
  // packets in a row: two streams at a time (a loop, a fork) must not shred each other.
  static constexpr Duration kSourceSilent = 60ms;

  enum class Verdict { Accepted, Duplicate, TooOld, OtherSource };
  struct Arrival {
    Verdict verdict = Verdict::Accepted;
    int64_t sequence = 0;    // Extended.
    int64_t timestamp = 0;   // Extended.
    bool restarted = false;  // Another source or a new beginning: nothing before it counts.
  };

  // `timed` is false for telephone events: they repeat a timestamp and say nothing of jitter.
  Arrival accept(const wire::RtpHeader& header, uint32_t clock_rate, bool timed,
                 TimePoint now);                                      // Packet path.
  void on_sender_report(uint32_t ssrc, uint64_t ntp, TimePoint now);  // Packet path.

  // What to report, if anything came yet; the fraction is of the time since the last call.
  std::optional<wire::ReportBlock> report(TimePoint now);

  uint64_t packets() const { return total_received_; }
  uint64_t lost() const;  // Over all sources.
  Duration jitter() const;
  Duration packet_time() const;  // Of sound in a packet; 20 ms until it is known.
  // How losses lie; the newest 64 packets are not judged yet, they may come out of order.
  LossBursts::Summary bursts() const { return bursts_.summary(); }
  uint32_t ssrc() const { return ssrc_; }
  bool started() const { return started_; }
  TimePoint last_arrival() const { return last_arrival_; }

 private:
  bool follow(uint32_t ssrc, TimePoint now);
  void restart(const wire::RtpHeader& header);
  bool seen(int64_t sequence);
  void judge(int64_t ahead);
  void measure_jitter(int64_t timestamp, uint32_t clock_rate, TimePoint now);
  int64_t expected() const { return sequences_.newest() - first_ + 1; }

  bool started_ = false;
  uint32_t ssrc_ = 0;
  uint32_t candidate_ = 0;  // An SSRC that sent the last packet and is not followed yet.
  uint16_t bad_sequence_ = 0;
  bool have_bad_ = false;

  wire::ExtendedSequence sequences_;
  wire::ExtendedTimestamp timestamps_;
  int64_t first_ = 0;
  uint64_t window_ = 0;  // Bit i: newest - i was seen.
  uint64_t received_ = 0;
  LossBursts bursts_;

  uint64_t total_received_ = 0, lost_before_ = 0;
  int64_t reported_expected_ = 0;
  uint64_t reported_received_ = 0;

  TimePoint last_arrival_{};
  uint32_t jitter_clock_ = 0;
  double jitter_ = 0;  // In timestamp units.
  bool have_transit_ = false;
  int64_t jitter_timestamp_ = 0;
  TimePoint jitter_arrival_{};
  int64_t packet_units_ = 0;  // The shortest step between two packets.

  uint32_t last_sr_ = 0;
  TimePoint last_sr_arrival_{};
};

}  // namespace gw::media
