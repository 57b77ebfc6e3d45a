#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "base/clock.h"
#include "base/net.h"
#include "base/random.h"
#include "media/wire/remote_audio.h"
#include "media/wire/stun.h"

namespace gw::media {

// Asks an address that media came from whether the browser is there: a check of ours, the one thing
// that a lite agent does not do. A NAT forgets its binding in the middle of a call, the browser
// goes on sending and notices nothing: its next check may be 2.5 s away. That its packets are
// authentic lets them be heard, but no more; they may be copies that somebody on the way was
// quicker with, and RFC 7675 wants consent before anything is sent to an address. Who answers under
// the browser's password, from that address, to a transaction that only that address was told, is
// the browser. Bytes in, bytes out. Owned by a WebRtcTransport; the worker's thread.
class PathProbe {
 public:
  static constexpr Duration kAgain = 100ms;  // Whatever comes, no more than ten a second leave.
  static constexpr int kMost = 10;           // To one address; then it waits for the browser's own.

  explicit PathProbe(Random& random) : random_(random) {}

  // Media came from `from`. The size of the check to send there; 0 = none is due.
  size_t ask(const SocketAddress& from, const wire::IceCredentials& ours,
             const wire::IceCredentials& peers, TimePoint now, std::span<std::byte> out);
  // `from` answered: it is the browser's. It is asked no more.
  bool proven_by(std::span<const std::byte> datagram, const SocketAddress& from);
  const SocketAddress& asked() const { return asked_; }  // May be empty.
  void stop() { asked_ = {}; }

 private:
  Random& random_;
  SocketAddress asked_;
  wire::StunTransactionId transaction_{};
  std::string password_;
  int left_ = 0;
  TimePoint next_{};
};

}  // namespace gw::media
