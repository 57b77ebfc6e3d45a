#pragma once

#include <deque>
#include <functional>
#include <utility>
#include <vector>

#include "acs/cloud/api_client.h"
#include "tests/unit/support/manual_clock.h"

namespace gw::test {

// The network to the cloud in a test's hands: requests wait until the test answers them; time
// passes when it says so.
class FakeCarrier final : public acs::cloud::Carrier {
 public:
  explicit FakeCarrier(ManualClock& clock) : clock_(clock) {}

  void send(acs::cloud::WireRequest request, Duration deadline, Answer answer) override {
    sent.push_back(std::move(request));
    deadlines.push_back(deadline);
    answers_.push_back(std::move(answer));
  }
  void after(Duration delay, std::function<void()> task) override {
    waits.push_back(delay);
    tasks_.emplace_back(clock_.now() + delay, std::move(task));
  }

  bool waiting() const { return !answers_.empty(); }
  void answer(unsigned status, std::string body = "",
              std::vector<std::pair<std::string, std::string>> headers = {}) {
    acs::http::Response response = acs::http::Response::json(status, std::move(body));
    response.headers = std::move(headers);
    take()(std::move(response));
  }
  void lose() { take()(fail(ErrorCode::Timeout, "nothing came")); }

  void advance(Duration by) {
    clock_.advance(by);
    for (size_t i = 0; i < tasks_.size();) {
      if (tasks_[i].first > clock_.now()) {
        ++i;
        continue;
      }
      auto task = std::move(tasks_[i].second);
      tasks_.erase(tasks_.begin() + static_cast<std::ptrdiff_t>(i));
      task();
    }
  }

  std::vector<acs::cloud::WireRequest> sent;
  std::vector<Duration> deadlines, waits;

 private:
  Answer take() {
    Answer answer = std::move(answers_.front());
    answers_.pop_front();
    return answer;
  }

  ManualClock& clock_;
  std::deque<Answer> answers_;
  std::vector<std::pair<TimePoint, std::function<void()>>> tasks_;
};

}  // namespace gw::test
