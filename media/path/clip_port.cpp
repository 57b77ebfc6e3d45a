#include "media/path/clip_port.h"

#include <algorithm>
#include <utility>

#include "media/path/phase.h"

namespace gw::media {

void ClipPort::play(ClipOrder order, TimePoint now) {
  clip_ = std::move(order.clip);
  loop_ = order.loop;
  serial_ = order.serial;
  to_ = std::move(order.to);
  place_ = 0;
  begins_ = true;
  next_tick_ = kNever;
  if (!clip_ || other_ == nullptr) return;
  other_->on_other_changed(now);  // Its sound may be wideband.
  look_at_rate();
  deadline_.at_latest(now);
}

void ClipPort::on_wired(SoundPort* other, TimePoint now) {
  other_ = other;
  begins_ = true;
  next_tick_ = kNever;
  look_at_rate();
  if (clip_) deadline_.at_latest(now);
}

void ClipPort::on_rewired(SoundPort& other, TimePoint now) {
  other_ = &other;
  look_at_rate();
  if (clip_) deadline_.at_latest(now);
}

void ClipPort::on_other_changed(TimePoint now) {
  look_at_rate();
  if (clip_) deadline_.at_latest(now);
}

// A seat of a mixer takes one rate, a leg the best that its codec has. Not on the packet path.
void ClipPort::look_at_rate() {
  if (other_ == nullptr) return;
  const uint32_t rate =
      other_->mixing_rate().value_or(other_->best_rate() >= kWideband ? kWideband : kNarrowband);
  if (rate != rate_) {
    place_ = place_ * rate / rate_;
    position_ = position_ * rate / rate_;
    rate_ = rate;
    begins_ = true;
  }
  if (clip_) other_->prepare_to_play(rate_);
}

// A mixer's seat has no id: it looks at the audience itself.
bool ClipPort::is_heard_there() const {
  if (to_.empty() || !other_->id()) return true;
  return std::ranges::find(to_, other_->id()) != to_.end();
}

// Packet path.
TimePoint ClipPort::on_timer(TimePoint now) {
  if (other_ == nullptr || !clip_) return kNever;
  if (!other_->hears(now) || !is_heard_there()) {
    next_tick_ = kNever;
    begins_ = true;
    return now + kTick;  // Not negotiated yet, held, keys are being sent; or not meant.
  }
  if (next_tick_ == kNever || now - next_tick_ > kMostTicksAtOnce * kTick) {
    next_tick_ = next_tick_of(id_.value, now);
  }
  for (; clip_ && next_tick_ <= now; next_tick_ += kTick) play_tick(now);
  return clip_ ? next_tick_ : kNever;
}

// Packet path, but for the clip's end.
void ClipPort::play_tick(TimePoint now) {
  const std::span<const int16_t> sound = clip_->at(rate_);
  const std::span<int16_t> frame = std::span(pcm_).first(samples_for(kTick, rate_));
  size_t filled = 0;
  while (filled < frame.size()) {
    const size_t part =
        std::min(frame.size() - filled, sound.size() - std::min(place_, sound.size()));
    std::copy_n(sound.begin() + static_cast<ptrdiff_t>(std::min(place_, sound.size())), part,
                frame.begin() + static_cast<ptrdiff_t>(filled));
    filled += part;
    place_ += part;
    if (place_ < sound.size()) continue;
    if (!loop_ || sound.empty()) break;
    place_ = 0;
  }
  std::fill(frame.begin() + static_cast<ptrdiff_t>(filled), frame.end(), int16_t{0});
  other_->play(frame, position_, std::exchange(begins_, false), now);
  position_ += static_cast<int64_t>(frame.size());
  if (loop_ && !sound.empty()) return;
  if (place_ < sound.size()) return;
  clip_.reset();
  observer_.on_port_event(ClipEnded{id_, serial_});
}

}  // namespace gw::media
