#include "sip/sofia_seam/handshake_queue.h"

#include <algorithm>

namespace gw::sip::seam {
namespace {

constexpr Duration kLeast = 50us;  // So that a turn never lets all of a queue in.

}  // namespace

void HandshakeQueue::refill(TimePoint now) {
  if (filled_ == TimePoint{}) filled_ = now;
  const auto earned = std::chrono::duration_cast<Duration>((now - filled_) * kShare);
  left_ = std::min(kAhead, left_ + earned);
  filled_ = now;
}

HandshakeQueue::Turn HandshakeQueue::ask(int fd, TimePoint now) {
  refill(now);
  forget(fd);
  if (in_order_.empty() && left_ > Duration::zero()) return Turn::Now;
  if (in_order_.size() >= kMaxWaiting) return Turn::Full;
  in_order_.push_back({fd, now});
  by_fd_[fd] = std::prev(in_order_.end());
  return Turn::Wait;
}

void HandshakeQueue::took(Duration time, TimePoint now) {
  refill(now);
  left_ -= time;
  if (time >= kLeast) typical_ = (7 * typical_ + time) / 8;  // The last step of one is nothing.
}

void HandshakeQueue::forget(int fd) {
  const auto found = by_fd_.find(fd);
  if (found == by_fd_.end()) return;
  in_order_.erase(found->second);
  by_fd_.erase(found);
}

HandshakeQueue::Next HandshakeQueue::next(TimePoint now) {
  refill(now);
  Next out;
  Duration allowance = left_;
  while (!in_order_.empty()) {
    const Waiting first = in_order_.front();
    if (now - first.since > kLongestWait) {
      out.give_up.push_back(first.fd);
    } else if (allowance > Duration::zero()) {
      allowance -= std::max(kLeast, typical_);
      out.begin.push_back(first.fd);
    } else {
      break;
    }
    forget(first.fd);
  }
  return out;
}

}  // namespace gw::sip::seam
