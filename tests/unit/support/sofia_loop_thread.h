#pragma once

#include <future>
#include <memory>
#include <thread>
#include <type_traits>
#include <utility>

#include "base/metrics.h"
#include "sip/sofia_loop.h"

namespace gw::test {

// A SofiaLoop on a thread of its own. on() runs something there and waits for what it returns.
class SofiaLoopThread {
 public:
  SofiaLoopThread() {
    std::promise<void> up;
    thread_ = std::thread([this, &up] {
      loop_ = std::make_unique<sip::SofiaLoop>(metrics_);
      up.set_value();
      loop_->run();
      loop_.reset();
    });
    up.get_future().wait();
  }
  ~SofiaLoopThread() {
    loop_->stop();
    thread_.join();
  }
  SofiaLoopThread(const SofiaLoopThread&) = delete;
  SofiaLoopThread& operator=(const SofiaLoopThread&) = delete;

  template <class F>
  auto on(F&& body) -> std::invoke_result_t<F> {
    std::packaged_task<std::invoke_result_t<F>()> task(std::forward<F>(body));
    auto result = task.get_future();
    loop_->post([&task] { task(); });
    return result.get();
  }

  sip::SofiaLoop& loop() { return *loop_; }
  Metrics& metrics() { return metrics_; }

 private:
  Metrics metrics_;
  std::unique_ptr<sip::SofiaLoop> loop_;
  std::thread thread_;
};

}  // namespace gw::test
