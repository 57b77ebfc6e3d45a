#include "media/path/look_ahead.h"

#include <algorithm>
#include <utility>

namespace gw::media {

bool LookAhead::hold(InboundAudio& audio, Duration length, TimePoint now) {
  if (count_ == kMaxHeld) return false;
  Held& held = held_[count_++];
  held.packet = std::move(audio.packet);
  held.rtp = audio.rtp;  // Its payload points into the packet, which does not move.
  held.codec = audio.codec;
  held.sequence = audio.sequence;
  held.timestamp = audio.timestamp;
  held.restarted = audio.restarted;
  held.length = length;
  held.came = now;
  length_ += length;
  return true;
}

std::optional<LookAhead::Held> LookAhead::next(TimePoint now) {
  if (count_ == 0) return std::nullopt;
  if (length_ - held_[0].length < kDepth && now < due()) return std::nullopt;
  Held first = std::move(held_[0]);
  std::move(held_.begin() + 1, held_.begin() + static_cast<ptrdiff_t>(count_), held_.begin());
  --count_;
  length_ -= first.length;
  return first;
}

void LookAhead::clear() {
  for (Held& held : held_) held.packet.reset();
  count_ = 0;
  length_ = Duration{0};
}

}  // namespace gw::media
