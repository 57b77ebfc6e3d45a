#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/metrics.h"
#include "base/stall_watch.h"

namespace gw::ops {

// Sees whether the loops that take tasks still move: each is posted a beat and has to run it before
// the next. With it each thread, ours included, gives back what it keeps of freed memory. Owned by
// App; signalling thread, whose own loop moves when look() is called.
class LoopWatch {
 public:
  using Post = std::function<void(std::function<void()>)>;  // Onto the loop's thread; from the
                                                            // signalling thread.

  LoopWatch(Metrics& metrics, Log log) : metrics_(metrics), log_(log) {}

  void add(std::string name, Post post);
  bool look();  // Once a second; false while a loop stands still.

 private:
  struct Loop {
    std::string name;
    Post post;
    std::shared_ptr<std::atomic<uint64_t>> beats = std::make_shared<std::atomic<uint64_t>>(0);
    uint64_t asked = 0;
    StallWatch watch;
    Gauge* stalled = nullptr;
  };

  Metrics& metrics_;
  const Log log_;
  std::vector<Loop> loops_;
};

}  // namespace gw::ops
