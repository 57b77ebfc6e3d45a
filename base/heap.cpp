#include "base/heap.h"

#include <malloc.h>

// Only there when jemalloc is linked.
extern "C" __attribute__((weak)) int mallctl(const char* name, void* old_value, size_t* old_size,
                                             void* new_value, size_t new_size);

namespace gw::heap {

uint64_t in_use() {
  if (mallctl == nullptr) {
    const struct mallinfo2 glibc = ::mallinfo2();
    return glibc.uordblks + glibc.hblkhd;  // What it mapped alone is counted apart.
  }
  uint64_t epoch = 1;  // Its figures are those of the last epoch.
  mallctl("epoch", nullptr, nullptr, &epoch, sizeof epoch);
  size_t allocated = 0;
  size_t size = sizeof allocated;
  return mallctl("stats.allocated", &allocated, &size, nullptr, 0) == 0 ? allocated : 0;
}

void give_back_cached() {
  if (mallctl != nullptr) mallctl("thread.tcache.flush", nullptr, nullptr, nullptr, 0);
}

void keep_no_cache() {
  bool enabled = false;
  if (mallctl != nullptr) {
    mallctl("thread.tcache.enabled", nullptr, nullptr, &enabled, sizeof enabled);
  }
}

}  // namespace gw::heap
