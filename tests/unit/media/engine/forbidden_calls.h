#pragma once

#include <cstdint>
#include <ostream>

#if !defined(GW_SANITIZED) && defined(__GLIBC__)
#define GW_COUNTS_FORBIDDEN_CALLS 1
#endif

namespace gw::test {

// What the packet path does not do: allocate, lock. Counted while armed, on threads whose name
// begins with "media-": every way into the allocator, and every lock of the C library, whoever asks
// (libopus, SpanDSP and OpenSSL too).
struct ForbiddenCalls {
  uint64_t allocations = 0, locks = 0;
  bool operator==(const ForbiddenCalls&) const = default;

  static void arm();
  static ForbiddenCalls disarm();
};

inline std::ostream& operator<<(std::ostream& out, const ForbiddenCalls& calls) {
  return out << calls.allocations << " allocations and " << calls.locks << " locks";
}

}  // namespace gw::test
