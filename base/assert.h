#pragma once

namespace gw {
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);
}

// A broken invariant of our own code; never reachable from input. Stays in release builds.
#define GW_ASSERT(expression) \
  ((expression) ? static_cast<void>(0) : ::gw::assertion_failed(#expression, __FILE__, __LINE__))
