#include "acs/edge/replay_ring.h"

#include "acs/edge/frames.h"

namespace gw::acs::edge {
namespace {
constexpr size_t kMaxEvents = 256;
constexpr size_t kMaxEventBytes = 65536;
}  // namespace

const std::string& ReplayRing::add(std::string_view body) {
  events_.push_back({++last_, frames::event_frame(last_, body)});
  bytes_ += events_.back().frame.size();
  // The newest stays whatever its size: it is being sent.
  while (events_.size() > 1 && (events_.size() > kMaxEvents || bytes_ > kMaxEventBytes)) {
    bytes_ -= events_.front().frame.size();
    events_.pop_front();
  }
  return events_.back().frame;
}

bool ReplayRing::acknowledge(uint64_t seq) {
  if (seq > last_) return false;
  while (!events_.empty() && events_.front().seq <= seq) {
    bytes_ -= events_.front().frame.size();
    events_.pop_front();
  }
  return true;
}

bool ReplayRing::has_all_after(uint64_t seq) const {
  if (seq >= last_) return seq == last_;
  return !events_.empty() && events_.front().seq <= seq + 1;
}

void ReplayRing::restart() {
  events_.clear();
  bytes_ = 0;
  last_ = 0;
}

}  // namespace gw::acs::edge
