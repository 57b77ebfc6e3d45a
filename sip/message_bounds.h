#pragma once

#include <optional>

#include "sip/sip_view.h"
#include "sip/sofia_sip.h"

namespace gw::sip {

// What one request may bring. A message of 64 KiB is the most that Sofia takes; these bounds are
// what any honest phone or carrier stays well below (a PASSporT is 1 to 2 kB, an INVITE with
// location 8 kB), so that whatever is done with headers later has bounded work.
inline constexpr size_t kMaxHeaders = 128;          // Values: three Vias in a line are three.
inline constexpr size_t kMaxHeaderLine = 8 * 1024;  // Of one that Sofia does not parse.
inline constexpr size_t kMaxHeaderBytes = 32 * 1024;
inline constexpr size_t kMaxUri = 1024;
inline constexpr size_t kMaxBody = 32 * 1024;

// 413, 414, 400 or 513 when a request is over a bound: asked after the parser and before anything.
std::optional<Rejection> over_bounds(const msg_t& message, const sip_t& request);

}  // namespace gw::sip
