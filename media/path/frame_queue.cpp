#include "media/path/frame_queue.h"

#include <algorithm>
#include <utility>

namespace gw::media {

void FrameQueue::push(PacketPtr& packet, const SourceFrame& frame) {
  size_t at = count_++;
  for (; at > 0 && held_[at - 1].frame.sequence > frame.sequence; --at) {
    held_[at] = std::move(held_[at - 1]);
  }
  held_[at].packet = std::move(packet);
  held_[at].frame = frame;
}

void FrameQueue::pop() {
  held_[0].packet.reset();
  std::move(held_.begin() + 1, held_.begin() + static_cast<ptrdiff_t>(count_), held_.begin());
  --count_;
}

void FrameQueue::clear() {
  while (count_ > 0) held_[--count_].packet.reset();
}

}  // namespace gw::media
