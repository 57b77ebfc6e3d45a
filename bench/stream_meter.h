#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"

namespace gw::bench {

// What became of one stream on its way through the daemon: frames of 20 ms go in, packets of the
// other side's clock come out, and the timestamps say which is which (the output's is a function of
// the input's). One thread.
class StreamMeter {
 public:
  enum class Anchor {
    First,   // The first packet out is the first frame in: nothing else ever comes out.
    Marked,  // The daemon fills silence first: the frame that we began with comes out with a
             // marker.
    Newest,  // It is the newest one sent. Off by a constant at most, which counting does not mind.
  };

  // `units`: what one frame adds to the timestamps that come out.
  StreamMeter(uint32_t units, Anchor anchor) : units_(units), anchor_(anchor) {}

  void sent(WallTime at) { sent_at_[sent_++ % kRecent] = at; }

  // Some time before the window, so that it has soft edges: notes what arrives from here on, for
  // about `seconds`. The next packet is the anchor: what came out so far may have been the daemon's
  // own silence.
  void prepare(double seconds) {
    anchored_ = exact() && anchored_;
    origin_ = sent_;
    latencies_.clear();
    arrived_.assign(static_cast<size_t>(seconds * 50) + kRecent, false);
    latencies_.reserve(arrived_.size());
  }
  // The frames sent between these two count.
  void open_window() { first_ = last_ = sent_; }
  void close_window() { last_ = sent_; }

  void received(uint32_t timestamp, WallTime at, bool marker = false);

  uint64_t expected() const { return static_cast<uint64_t>(last_ - first_); }
  uint64_t arrived() const;
  // Nanoseconds from send to arrival of the frames since prepare(); none with Anchor::Newest.
  const std::vector<int64_t>& latencies() const { return latencies_; }
  int64_t sent_frames() const { return sent_; }

 private:
  bool exact() const { return anchor_ != Anchor::Newest; }
  void anchor(uint32_t timestamp, int64_t frame);

  static constexpr size_t kRecent = 64;  // Frames: more than any latency worth the name.

  const uint32_t units_;
  const Anchor anchor_;
  std::array<WallTime, kRecent> sent_at_{};
  int64_t sent_ = 0;

  bool anchored_ = false;
  uint32_t anchor_timestamp_ = 0;
  int64_t anchor_frame_ = 0;

  int64_t origin_ = 0, first_ = 0, last_ = 0;
  std::vector<bool> arrived_;  // From the frame origin_ on.
  std::vector<int64_t> latencies_;
};

}  // namespace gw::bench
