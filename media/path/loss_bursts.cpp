#include "media/path/loss_bursts.h"

#include <algorithm>

namespace gw::media {
namespace {

double ratio(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

void LossBursts::note(bool received) {
  if (received) {
    ++received_;
    ++since_loss_;
    in_run_ = false;
    return;
  }
  ++lost_;
  if (!in_run_) ++runs_;
  in_run_ = true;
  // RFC 3611 A.2, but that the first loss of all ends no burst.
  if (since_loss_ >= kGmin || burst_losses_ == 0) {
    if (burst_losses_ == 1) {
      ++c14_;
    } else if (burst_losses_ > 1) {
      ++c13_;
    }
    burst_losses_ = 1;
    c11_ += since_loss_;
  } else {
    ++burst_losses_;
    if (since_loss_ == 0) {
      ++c33_;
    } else {
      ++c23_;
      c22_ += since_loss_ - 1;
    }
  }
  since_loss_ = 0;
}

LossBursts::Summary LossBursts::summary() const {
  Summary s;
  const uint64_t all = received_ + lost_;
  if (all == 0) return s;
  const double rate = ratio(lost_, all);
  if (runs_ > 0 && rate < 1) s.burst_ratio = std::max(1.0, ratio(lost_, runs_) * (1 - rate));
  // The burst or the lone loss that nothing has ended yet.
  const uint64_t c13 = c13_ + (burst_losses_ > 1 ? 1 : 0);
  const uint64_t c14 = c14_ + (burst_losses_ == 1 ? 1 : 0);
  const uint64_t c11 = c11_ + (since_loss_ >= kGmin ? since_loss_ : 0);
  if (c13 == 0) {
    s.gap_density = rate;
    s.gap_packets = static_cast<double>(all);
    return s;
  }
  const uint64_t burst_received = c22_ + c23_;
  const uint64_t burst_lost = c33_ + c23_ + c13;
  s.burst_density = ratio(burst_lost, burst_received + burst_lost);
  s.burst_packets = ratio(burst_received + burst_lost, c13);
  s.gap_density = ratio(c14, c11 + c14);
  s.gap_packets = ratio(c11 + c14, c13);
  return s;
}

}  // namespace gw::media
