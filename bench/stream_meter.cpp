#include "bench/stream_meter.h"

#include <algorithm>

namespace gw::bench {

void StreamMeter::received(uint32_t timestamp, WallTime at) {
  if (!anchored_) {
    if (sent_ == 0) return;  // What the daemon fills silence with before anybody speaks.
    anchored_ = true;
    anchor_timestamp_ = timestamp;
    anchor_frame_ = anchor_ == Anchor::First ? 0 : sent_ - 1;
  }
  const auto units = static_cast<int32_t>(timestamp - anchor_timestamp_);
  // Rounded down, also for what is older than the anchor.
  const int64_t step = units_;
  const int64_t frames =
      units >= 0 ? units / step : -((-static_cast<int64_t>(units) + step - 1) / step);
  const int64_t frame = anchor_frame_ + frames;
  if (frame < origin_) return;
  const auto place = static_cast<size_t>(frame - origin_);
  if (place >= arrived_.size() || arrived_[place]) return;
  arrived_[place] = true;
  const int64_t age = sent_ - frame;
  if (age < 1 || age > static_cast<int64_t>(kRecent)) return;
  latencies_.push_back((at - sent_at_[static_cast<size_t>(frame) % kRecent]).count());
}

uint64_t StreamMeter::arrived() const {
  const auto end = std::min(static_cast<size_t>(last_ - origin_), arrived_.size());
  uint64_t count = 0;
  for (auto place = static_cast<size_t>(first_ - origin_); place < end; ++place) {
    count += arrived_[place] ? 1 : 0;
  }
  return count;
}

}  // namespace gw::bench
