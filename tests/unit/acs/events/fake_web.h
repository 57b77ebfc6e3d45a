#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "acs/events/web_client.h"
#include "tests/unit/support/manual_clock.h"

namespace gw::test {

// Somebody else's server: the test sees what comes and answers it when it likes.
class FakeWeb final : public acs::events::WebClient {
 public:
  void send(acs::events::WebRequest request, Done done) override {
    requests.push_back(std::move(request));
    open.push_back(std::move(done));
  }
  // Answers the oldest request that has no answer yet.
  void answer(unsigned status, std::string body = "",
              std::vector<std::pair<std::string, std::string>> headers = {}) {
    acs::http::Response response;
    response.status = status;
    response.body = std::move(body);
    response.headers = std::move(headers);
    reply(std::move(response));
  }
  void fail_with(ErrorCode code) { reply(fail(code, "no answer")); }
  std::string header(size_t request, std::string_view name) const {
    for (const auto& [key, value] : requests.at(request).headers) {
      if (key == name) return value;
    }
    return {};
  }

  std::vector<acs::events::WebRequest> requests;
  std::vector<Done> open;

 private:
  void reply(Result<acs::http::Response> response) {
    const Done done = std::move(open.at(answered_));
    ++answered_;
    done(std::move(response));
  }
  size_t answered_ = 0;
};

// Timers that the test lets fire.
class Later {
 public:
  explicit Later(ManualClock& clock) : clock_(clock) {}
  void after(Duration delay, std::function<void()> task) {
    tasks_.emplace(clock_.now() + delay, std::move(task));
  }
  void run_for(Duration length) {
    const TimePoint end = clock_.now() + length;
    while (!tasks_.empty() && tasks_.begin()->first <= end) {
      auto node = tasks_.extract(tasks_.begin());
      clock_.advance_to(node.key());
      node.mapped()();
    }
    clock_.advance_to(end);
  }
  size_t waiting() const { return tasks_.size(); }

 private:
  ManualClock& clock_;
  std::multimap<TimePoint, std::function<void()>> tasks_;
};

}  // namespace gw::test
