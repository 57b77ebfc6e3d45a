#pragma once

#include <functional>
#include <list>
#include <string>
#include <unordered_map>
#include <vector>

#include "acs/http/http_server.h"
#include "acs/rest/authenticator.h"
#include "base/clock.h"

namespace gw::acs::rest {

// Repeatable requests (OASIS, version 1.0): Repeatability-Request-ID and Repeatability-First-Sent.
// The same id of the same caller is performed once and answered the same each time, as long as it
// is remembered; what was first sent before that is refused with 412, since it may have been
// performed. Failures of the server's are forgotten, so that they can be tried again. Bounded.
// Asio thread.
class Repeatability {
 public:
  static constexpr Duration kRemembered = 10min;
  static constexpr size_t kMost = 10'000;  // At 2 kB each. The oldest are forgotten first.

  explicit Repeatability(const Clock& clock) : clock_(clock) {}

  // Answers `respond` from memory, or has `perform` answer it. Requests without the headers are
  // performed.
  void once(const http::Request& request, const Caller& caller, http::Respond respond,
            const std::function<void(http::Respond)>& perform);

  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string key;
    std::string asked;  // What the id stands for: verb, target, body.
    TimePoint at{};
    bool answered = false;
    http::Response answer;
    std::vector<http::Respond> waiting;  // The same again, while the first is being performed.
  };
  using Entries = std::list<Entry>;

  void forget_old();
  void settle(const std::string& key, const http::Response& answer);

  const Clock& clock_;
  Entries entries_;  // Oldest first.
  std::unordered_map<std::string, Entries::iterator> by_key_;
};

}  // namespace gw::acs::rest
