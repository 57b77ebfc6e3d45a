#pragma once

#include <list>
#include <unordered_map>
#include <vector>

#include "base/clock.h"

namespace gw::sip::seam {

// Whose turn it is to begin a TLS handshake. All of them together may take a quarter of the
// signalling thread's time, so that five thousand phones that come back at once do not stall
// calls: what a handshake costs (0.2 to 1 ms with P-256, more with RSA) is measured, and while the
// quarter is used up whoever comes waits in order of arrival. One per thread that runs Sofia; pure.
class HandshakeQueue {
 public:
  static constexpr double kShare = 0.25;
  static constexpr Duration kAhead = 50ms;  // What may be used at once after a quiet time.
  static constexpr size_t kMaxWaiting = 8'192;
  static constexpr Duration kLongestWait = 30s;  // Few clients are as patient.

  enum class Turn { Now, Wait, Full };
  Turn ask(int fd, TimePoint now);
  void took(Duration time, TimePoint now);  // One step of one handshake.
  void forget(int fd);                      // Closed. Unknown ones are ignored.

  // Those whose turn has come, or who waited too long; each is named once.
  struct Next {
    std::vector<int> begin, give_up;
  };
  Next next(TimePoint now);
  size_t waiting() const { return in_order_.size(); }

 private:
  struct Waiting {
    int fd;
    TimePoint since;
  };

  void refill(TimePoint now);

  Duration left_ = kAhead;    // Below zero after a step that took more than was left.
  Duration typical_ = 500us;  // What one handshake takes, smoothed.
  TimePoint filled_{};
  std::list<Waiting> in_order_;
  std::unordered_map<int, std::list<Waiting>::iterator> by_fd_;
};

}  // namespace gw::sip::seam
