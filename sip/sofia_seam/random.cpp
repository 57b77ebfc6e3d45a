#include <openssl/rand.h>

#include <cstddef>
#include <cstdint>

#include "base/assert.h"

// Sofia draws tags, branches and Call-IDs from a 64-bit linear congruential generator; two of them
// give away the rest.
extern "C" void* su_randmem(void* memory, size_t size) {
  constexpr size_t kPart = size_t{1} << 20;
  auto* out = static_cast<unsigned char*>(memory);
  while (size > 0) {
    const size_t part = size < kPart ? size : kPart;
    GW_ASSERT(RAND_bytes(out, static_cast<int>(part)) == 1);
    out += part;
    size -= part;
  }
  return memory;
}

extern "C" uint64_t su_random64() {
  uint64_t value = 0;
  su_randmem(&value, sizeof value);
  return value;
}
