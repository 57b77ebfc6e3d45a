#include "gateway/ops/loop_watch.h"

#include <utility>

#include "base/heap.h"

namespace gw::ops {

void LoopWatch::add(std::string name, Post post) {
  Loop loop;
  loop.stalled = &metrics_.gauge("gw_loop_stalled", "1 while the loop of this thread stands still.",
                                 {{"loop", name}});
  loop.name = std::move(name);
  loop.post = std::move(post);
  loops_.push_back(std::move(loop));
}

bool LoopWatch::look() {
  bool all_move = true;
  for (Loop& loop : loops_) {
    const uint64_t beats = loop.beats->load(std::memory_order_relaxed);
    // Beats that were not run do not pile up behind a stalled loop.
    const bool idle = beats == loop.asked;
    switch (loop.watch.look(beats)) {
      case StallWatch::News::None: break;
      case StallWatch::News::Stalled: log_.error("loop stands still", {{"loop", loop.name}}); break;
      case StallWatch::News::Moving: log_.warn("loop moves again", {{"loop", loop.name}}); break;
    }
    loop.stalled->Set(loop.watch.stalled() ? 1 : 0);
    all_move = all_move && !loop.watch.stalled();
    if (!idle) continue;
    ++loop.asked;
    loop.post([beats = loop.beats] {
      beats->fetch_add(1, std::memory_order_relaxed);
      heap::give_back_cached();
    });
  }
  heap::give_back_cached();
  return all_move;
}

}  // namespace gw::ops
