#pragma once

#include <cstdint>

// What the allocator holds. Of jemalloc when it is linked, else of glibc; a sanitizer's allocator
// keeps no account, and what is asked of it here does nothing. Any thread.
namespace gw::heap {

// Bytes allocated and not freed: what a leak makes grow. Some microseconds.
uint64_t in_use();

// jemalloc keeps up to 700 kB of freed blocks a thread at hand, from all over its slabs. A thread
// that sleeps after its busiest hour holds that hour's memory by them: 10 MB after 400 calls a
// second.

// The calling thread's go back, some 50 microseconds' work; it fills anew.
void give_back_cached();
// The calling thread keeps none from now on. For one that allocates little, or frees what others
// allocated.
void keep_no_cache();

}  // namespace gw::heap
