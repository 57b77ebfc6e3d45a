#pragma once

#include <cstdint>

#include "base/clock.h"

namespace gw::media {

// How losses lie in a stream (RFC 3611 4.7.2, A.2): bursts, where fewer than 16 packets come
// between two losses, and the gaps between bursts. Five per cent evenly are hidden by concealment;
// five per cent at once are not. Owned by an RtpReceiver. No allocation.
class LossBursts {
 public:
  static constexpr uint64_t kGmin = 16;  // RFC 3611's recommendation.

  struct Summary {
    double burst_density = 0, gap_density = 0;  // Loss within, 0..1.
    double burst_packets = 0, gap_packets = 0;  // Mean lengths; no burst = all is one gap.
    // Mean length of a run of losses over that of random loss of the same rate (ITU-T G.107
    // BurstR).
    double burst_ratio = 1;
  };

  void note(bool received);  // Each packet of the stream, in order. Packet path.
  Summary summary() const;

 private:
  uint64_t since_loss_ = 0;    // Packets received since the last loss.
  uint64_t burst_losses_ = 0;  // Of the burst that is going on; 1 = a loss alone, 0 = none yet.
  // Transitions between the model's states, in RFC 3611's names: 1 gap received, 2 burst received,
  // 3 burst lost, 4 gap lost.
  uint64_t c11_ = 0, c13_ = 0, c14_ = 0, c22_ = 0, c23_ = 0, c33_ = 0;
  uint64_t received_ = 0, lost_ = 0, runs_ = 0;
  bool in_run_ = false;
};

}  // namespace gw::media
