#pragma once

#include <span>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "media/path/rtp_receiver.h"
#include "media/path/rtp_sender.h"
#include "media/transport/counters.h"
#include "media/transport/transport.h"

namespace gw::media {

// Both halves of one leg's RTCP: reports of ours about every 5 s (RFC 3550 6.2, randomised), what
// the peer's say of our stream. The other leg's reports end here (rule 7). Owned by a MediaPort;
// its worker's thread.
class RtcpSession {
 public:
  static constexpr Duration kInterval = 5s;

  RtcpSession(std::string cname, Random& random) : cname_(std::move(cname)), random_(random) {}

  void start(TimePoint now);  // First negotiation.
  void receive(std::span<const std::byte> compound, RtpReceiver& receiver, uint32_t our_ssrc,
               TimePoint now, WallTime wall, MediaCounters& counters);  // Packet path.
  TimePoint due() const { return due_; }
  struct Saying {
    std::optional<wire::VoipMetrics> voip;  // Where the peer wants them (RFC 3611).
    bool bye = false;                       // The stream ends here.
  };
  // Sends what is due.
  void send(Transport& transport, PacketPool& pool, RtpReceiver& receiver, const RtpSender& sender,
            TimePoint now, WallTime wall, const Saying& saying);

  Duration round_trip() const { return round_trip_; }
  // Of what we send, 0..1: as the last report says.
  double remote_loss() const { return remote_loss_; }
  double remote_mos() const { return remote_mos_; }  // As its XR says; 0 = it does not.
  // What to prepare for, by the last reports together.
  unsigned expected_loss_percent() const {
    return static_cast<unsigned>(expected_loss_ * 100 + 0.5);
  }
  bool peer_left() const { return peer_left_; }

 private:
  Duration next_interval(double mean) const;
  void take(const wire::VoipMetrics& metrics);

  const std::string cname_;
  Random& random_;
  TimePoint due_ = kNever;
  uint64_t reported_packets_ = 0;
  Duration round_trip_{0};
  double remote_loss_ = 0, expected_loss_ = 0, remote_mos_ = 0;
  bool peer_left_ = false;
};

}  // namespace gw::media
