#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <utility>

#include "base/mailbox.h"

namespace gw::acs::http {

// The way onto the Asio thread. Shared by whoever may speak late: it outlives the loop, and what is
// posted after the loop's end is dropped.
class Inbox {
 public:
  bool here() const { return std::this_thread::get_id() == thread_.load(); }
  void run_by_this_thread() { thread_ = std::this_thread::get_id(); }

  void post(Task task) { mailbox_.post(std::move(task)); }

  // At once on the Asio thread, else posted.
  void run(Task task) {
    if (here()) return task();
    post(std::move(task));
  }

  TaskMailbox& mailbox() { return mailbox_; }

 private:
  TaskMailbox mailbox_;
  std::atomic<std::thread::id> thread_{};
};

}  // namespace gw::acs::http
