#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "base/net.h"
#include "media/wire/offer_answer.h"

namespace gw::media {

// The lite side of ICE (RFC 8445 2.5): answers checks, follows the peer's nomination, watches its
// consent (RFC 7675). Bytes in, bytes out. Owned by a WebRtcTransport; the worker's thread.
class IceLite {
 public:
  static constexpr Duration kConsentLost = 15s;

  struct Outcome {
    size_t response = 0;     // Written to `out`: send it back to where the check came from.
    bool authentic = false;  // The check proved that it knows our password.
    bool nominated = false;  // USE-CANDIDATE: `from` is now the peer.
    bool confirmed = false;  // USE-CANDIDATE, whether or not `from` was the peer already.
    bool moved = false;      // The peer was elsewhere before.
    bool renewed = false;    // First nomination after an ICE restart: the old credentials are void.
  };

  explicit IceLite(wire::IceCredentials local) : local_(std::move(local)) {}

  // RFC 8445 9: the pair in use, and its credentials, hold until a new one is nominated. Returns
  // the credentials that hold no more: those of a restart that came to nothing.
  wire::IceCredentials restart(wire::IceCredentials local, TimePoint now);

  Outcome on_check(std::span<const std::byte> datagram, const SocketAddress& from, TimePoint now,
                   std::span<std::byte> out);

  const SocketAddress& peer() const { return peer_; }  // The nominated address; may be empty.
  // The peer answered a check of ours from there: that is a nomination and its consent in one.
  void follow(const SocketAddress& peer, TimePoint now) {
    peer_ = peer;
    last_check_ = now;
  }
  // Nothing leads there any more: the next nomination begins anew.
  void forget_peer() { peer_ = {}; }
  const wire::IceCredentials& local() const { return local_; }
  const wire::IceCredentials& previous() const { return previous_; }

  // Since when the peer could have spoken; consent runs from here until the first check.
  void start_waiting(TimePoint now) { last_check_ = now; }
  TimePoint consent_ends() const { return last_check_ + kConsentLost; }

 private:
  wire::IceCredentials local_, previous_;
  SocketAddress peer_;
  TimePoint last_check_{};
};

// Our half of a check's USERNAME "ours:theirs".
std::string_view local_ufrag(std::string_view username);

}  // namespace gw::media
