#include "base/heap.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace gw::heap {
namespace {

TEST(Heap, what_is_allocated_is_counted_until_it_is_freed) {
  const uint64_t before = in_use();
  if (before == 0) GTEST_SKIP() << "a sanitizer's allocator keeps no account";
  auto held = std::make_unique<std::vector<char>>(4'000'000, 'x');
  EXPECT_GE(in_use(), before + 4'000'000 - 100'000);
  EXPECT_EQ('x', held->back());
  held.reset();
  EXPECT_LT(in_use(), before + 100'000);
}

// Whether or not the allocator knows of caches: here it is glibc's or a sanitizer's.
TEST(Heap, thread_without_cached_blocks_allocates_as_any) {
  std::thread([] {
    keep_no_cache();
    const auto held = std::make_unique<std::vector<char>>(100'000, 'x');
    give_back_cached();
    EXPECT_EQ('x', held->back());
  }).join();
}

}  // namespace
}  // namespace gw::heap
