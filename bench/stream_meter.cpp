#include "bench/stream_meter.h"

#include <algorithm>

namespace gw::bench {

void StreamMeter::anchor(uint32_t timestamp, int64_t frame) {
  anchored_ = true;
  anchor_timestamp_ = timestamp;
  anchor_frame_ = frame;
}

void StreamMeter::received(uint32_t timestamp, WallTime at, bool marker) {
  if (sent_ == 0) return;  // What the daemon fills silence with before anybody speaks.
  if (anchor_ == Anchor::Marked) {
    // The last of the beginning: its silence has a marker too, and may have waited to be read.
    if (marker && sent_ < static_cast<int64_t>(kRecent)) anchor(timestamp, 0);
    if (!anchored_) return;
  } else if (!anchored_) {
    anchor(timestamp, anchor_ == Anchor::First ? 0 : sent_ - 1);
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
  if (!exact() || age < 1 || age > static_cast<int64_t>(kRecent)) return;
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
