#pragma once

#include "base/result.h"

namespace gw::sip {

// Our functions stand in for Sofia's by name (TLS, randomness); a link that silently drops them would leave the daemon with
// Sofia's own. Fails naming the first symbol that does not resolve to this executable. Call before any SofiaLoop; it
// also installs the monotonic clock.
Result<void> sofia_seam_check();

}  // namespace gw::sip
