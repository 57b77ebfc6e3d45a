#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace gw::acs::edge {

// The events that a device has not acknowledged yet, numbered without a gap from 1. Bounded: beyond
// that the oldest go, and a device that comes back after them gets a snapshot instead. Owned by an
// EdgeSession.
class ReplayRing {
 public:
  // Numbers and keeps an event; what must be sent.
  const std::string& add(std::string_view body);

  bool acknowledge(uint64_t seq);  // False: the device cannot have seen that.
  bool has_all_after(uint64_t seq) const;

  template <class Send>
  void replay(uint64_t after, Send&& send) const {
    for (const Event& event : events_) {
      if (event.seq > after) send(event.frame);
    }
  }

  void restart();  // A new numbering, after a snapshot.
  uint64_t last() const { return last_; }

 private:
  struct Event {
    uint64_t seq;
    std::string frame;
  };
  std::deque<Event> events_;
  size_t bytes_ = 0;
  uint64_t last_ = 0;
};

}  // namespace gw::acs::edge
