#pragma once

#include <cstdint>

#include "base/result.h"

namespace gw::sip {

// Our functions stand in for Sofia's by name (TLS, randomness); a link that silently drops them
// would leave the daemon with Sofia's own. Fails naming the first symbol that does not resolve to
// this executable. Call before the first listener.
Result<void> sofia_seam_check();

// Sofia's timers count on CLOCK_MONOTONIC from here on: a wall clock stepped back by an hour froze
// them all for an hour. Every SofiaLoop calls it; idempotent. Never read the time of day from
// Sofia.
void install_monotonic_clock();

// TCP and TLS connections that were hung up on because there were too many already. Any thread.
uint64_t refused_connections();

}  // namespace gw::sip
