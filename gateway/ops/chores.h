#pragma once

#include <atomic>
#include <thread>

#include "base/mailbox.h"
#include "base/task.h"

namespace gw::ops {

// A thread for what may take its time (a file to write, a recording to read), so that no loop does.
// One thing after the other, in order. Owned by App; any thread posts.
class Chores {
 public:
  static constexpr size_t kMostWaiting = 1000;

  Chores();
  ~Chores();  // Does what waits, then joins.
  Chores(const Chores&) = delete;
  Chores& operator=(const Chores&) = delete;

  bool post(Task task);  // False: too much waits.

 private:
  void run();

  TaskMailbox mailbox_;
  std::atomic<size_t> waiting_{0};
  bool stopping_ = false;  // The thread's.
  std::thread thread_;
};

}  // namespace gw::ops
