#include "gateway/ops/chores.h"

#include <poll.h>

#include <utility>

#include "base/heap.h"

namespace gw::ops {

Chores::Chores() : thread_([this] { run(); }) {}

Chores::~Chores() {
  mailbox_.post([this] { stopping_ = true; });
  thread_.join();
}

bool Chores::post(Task task) {
  if (waiting_.fetch_add(1) >= kMostWaiting) {
    waiting_.fetch_sub(1);
    return false;
  }
  return mailbox_.post([this, task = std::move(task)]() mutable {
    task();
    waiting_.fetch_sub(1);
  });
}

void Chores::run() {
  heap::keep_no_cache();
  while (!stopping_) {
    pollfd wait{mailbox_.fd(), POLLIN, 0};
    ::poll(&wait, 1, -1);
    mailbox_.drain([](Task task) { task(); });
  }
  mailbox_.close();
}

}  // namespace gw::ops
