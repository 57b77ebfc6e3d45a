#include "gateway/ops/heap_figures.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace gw::ops {
namespace {

TEST(HeapFigures, what_is_allocated_is_counted_until_it_is_freed) {
  const uint64_t before = heap_in_use();
  if (before == 0) GTEST_SKIP() << "a sanitizer's allocator keeps no account";
  auto held = std::make_unique<std::vector<char>>(4'000'000, 'x');
  EXPECT_GE(heap_in_use(), before + 4'000'000 - 100'000);
  EXPECT_EQ('x', held->back());
  held.reset();
  EXPECT_LT(heap_in_use(), before + 100'000);
}

TEST(HeapFigures, are_a_metric) {
  Metrics metrics;
  show_heap(metrics);
  EXPECT_NE(std::string::npos, metrics.expose().find("gw_heap_bytes "));
}

}  // namespace
}  // namespace gw::ops
