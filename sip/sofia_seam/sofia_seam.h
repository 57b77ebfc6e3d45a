#pragma once

#include <cstdint>
#include <functional>

#include "base/clock.h"
#include "base/net.h"
#include "base/result.h"
#include "base/task.h"

namespace gw::sip {

// Our functions stand in for Sofia's by name (TLS, randomness); a link that silently drops them
// would leave the daemon with Sofia's own. Fails naming the first symbol that does not resolve to
// this executable. Call before the first listener.
Result<void> sofia_seam_check();

// Sofia's timers count on CLOCK_MONOTONIC from here on: a wall clock stepped back by an hour froze
// them all for an hour. Every SofiaLoop calls it; idempotent. Never read the time of day from
// Sofia.
void install_monotonic_clock();

// Called on this thread whenever timers of Sofia's have rung, before its loop sleeps; empty =
// nobody.
void after_sofia_timers(std::function<void()> told);

// TCP and TLS connections that were hung up on because there were too many already. Any thread.
uint64_t refused_connections();

// Whose new TCP and TLS connections are dropped before a byte of them is read, on this thread;
// empty = nobody's. Open ones are left alone: the calls of a banned source go on.
void turn_away(std::function<bool(const SocketAddress& source)> whom);

// Whether Sofia may send its own refusal (400, 413, 505) of what it cannot read to this address, on
// this thread; asked once for each. Empty = always.
void ask_before_refusing(std::function<bool(const SocketAddress& to)> may);

// How this thread's TLS layer is woken when handshakes wait for their turn: runs a task after a
// while. Empty = no handshake waits.
void set_handshake_timer(std::function<void(Duration, Task)> after);

// TLS handshakes that had to wait, and those that waited in vain. Any thread.
struct HandshakeWaits {
  uint64_t waited = 0, gave_up = 0;
};
HandshakeWaits handshake_waits();

}  // namespace gw::sip
