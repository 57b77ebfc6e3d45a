#pragma once

#include <list>
#include <unordered_map>

#include "base/clock.h"
#include "base/net.h"
#include "base/token_bucket.h"
#include "sip/sofia_seam/handshake_queue.h"

namespace gw::sip::seam {

// Bounds TLS handshakes: so many a second of one source, so many unfinished at once, and none
// longer than ten seconds. One per thread that runs Sofia.
class HandshakeGate {
 public:
  static constexpr double kPerSecond = 50;  // Of one source address ...
  static constexpr double kBurst = 500;  // ... an office behind NAT comes back after our restart.
  static constexpr size_t kMaxSources = 16'384;
  // As many as may wait for their turn: of a crowd that comes back at once all are
  // accepted before the first is read, and the oldest of them is nobody to hang up on.
  static constexpr size_t kMaxUnfinished = HandshakeQueue::kMaxWaiting;
  static constexpr Duration kLongest = 10s;

  // May this source begin a handshake on `fd`? Sockets whose time is up are shut down here, so that
  // Sofia hears of it.
  bool begin(int fd, const SocketAddress& source, TimePoint now);
  void resumed(int fd, TimePoint now);  // It waited for its turn (HandshakeQueue) until now.
  void finished(int fd);                // Done, failed or closed. Unknown ones are ignored.

  size_t unfinished() const { return oldest_first_.size(); }

 private:
  struct Handshake {
    int fd;
    TimePoint begun;
  };

  void shut_oldest();

  std::unordered_map<SocketAddress, TokenBucket> by_source_;
  std::list<Handshake> oldest_first_;
  std::unordered_map<int, std::list<Handshake>::iterator> by_fd_;
};

}  // namespace gw::sip::seam
