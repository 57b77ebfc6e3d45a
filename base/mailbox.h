#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/task.h"

namespace gw {

// How threads talk: a queue and one eventfd that the reading loop registers. Any thread posts, one
// thread takes. What was posted after close() is refused and destroyed on the poster's thread;
// nothing is lost in silence.
template <class T>
class Mailbox {
 public:
  Mailbox() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) { GW_ASSERT(fd_ >= 0); }
  ~Mailbox() { ::close(fd_); }
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // False when the reader has closed.
  bool post(T item) {
    bool wakes = false;
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return false;
      queue_.push_back(std::move(item));
      wakes = !std::exchange(woken_, true);  // One wake-up for a whole batch.
    }
    if (wakes) write_event();
    return true;
  }

  // Without waking the reader: to wake a thread costs more than most of what it is told. wake()
  // must follow soon.
  bool post_quietly(T item) {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    queue_.push_back(std::move(item));
    return true;
  }
  void wake() {
    bool wakes = false;
    {
      const std::lock_guard lock(mutex_);
      wakes = !queue_.empty() && !std::exchange(woken_, true);
    }
    if (wakes) write_event();
  }

  // The reader's thread: hands every waiting item to `take`, in order.
  template <class F>
  void drain(F&& take) {
    uint64_t ignored = 0;
    [[maybe_unused]] const auto n = ::read(fd_, &ignored, sizeof ignored);
    {
      const std::lock_guard lock(mutex_);
      woken_ = false;
      batch_.swap(queue_);
    }
    for (T& item : batch_) take(std::move(item));
    batch_.clear();
  }

  // The reader's thread, at its end. Items that nobody took are destroyed here.
  void close() {
    std::vector<T> rest;
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
      rest.swap(queue_);
    }
  }

  int fd() const { return fd_; }

 private:
  void write_event() {
    const uint64_t one = 1;
    [[maybe_unused]] const auto n = ::write(fd_, &one, sizeof one);
  }

  const int fd_;
  std::mutex mutex_;
  bool closed_ = false;
  bool woken_ = false;  // Since the reader last took what was there.
  std::vector<T> queue_;
  std::vector<T> batch_;  // Keeps its capacity: no allocation once warm.
};

using TaskMailbox = Mailbox<Task>;

}  // namespace gw
