#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "media/engine/udp_socket.h"

namespace gw::media {

// The sockets of one phone leg.
struct RtpSockets {
  std::unique_ptr<UdpSocket> rtp, rtcp;
};

// Hands out bound pairs of ports: RTP random and even, RTCP the odd one above (RFC 3550 11). A
// returned pair rests before it is used again, so that late packets of one call are not heard in
// the next; only when nothing else is left does the one that rested longest go out early. Owned by
// the MediaEngine; signalling thread.
class PortPool {
 public:
  static constexpr Duration kRest = 5s;

  PortPool(uint16_t low, uint16_t high, UdpSocket::Options options, const Clock& clock,
           Random& random);

  Result<RtpSockets> take(const SocketAddress& address);
  void give_back(uint16_t rtp_port);

  size_t in_use() const { return in_use_; }
  size_t size() const { return state_.size(); }

 private:
  enum class State : uint8_t { Free, Used, Resting };
  struct Resting {
    size_t pair = 0;
    TimePoint until;
  };

  void wake_rested();
  // Conflict: somebody else holds one of the pair. Anything else: no other pair would do better.
  Result<RtpSockets> try_pair(size_t pair, SocketAddress address);

  const uint16_t first_;  // Even.
  const UdpSocket::Options options_;
  const Clock& clock_;
  Random& random_;

  std::vector<State> state_;  // One a pair.
  std::deque<Resting> resting_;
  size_t in_use_ = 0;
};

}  // namespace gw::media
