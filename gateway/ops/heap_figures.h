#pragma once

#include <cstdint>

#include "base/metrics.h"

namespace gw::ops {

// Bytes that the process has allocated and not freed: what a leak makes grow. Of jemalloc when it
// is linked, else of glibc; 0 under a sanitizer, whose allocator says neither. Any thread; some
// microseconds.
uint64_t heap_in_use();

// gw_heap_bytes, asked at each exposition.
void show_heap(Metrics& metrics);

}  // namespace gw::ops
