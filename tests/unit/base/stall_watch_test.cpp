#include "base/stall_watch.h"

#include <gtest/gtest.h>

namespace gw {
namespace {

using News = StallWatch::News;

TEST(StallWatch, loop_that_moves_is_no_news) {
  StallWatch watch;
  for (uint64_t beats = 1; beats < 100; beats += 1 + beats % 7) {
    EXPECT_EQ(News::None, watch.look(beats));
  }
}

TEST(StallWatch, stall_is_told_once_at_the_third_look_and_its_end_once) {
  StallWatch watch;
  watch.look(5);
  EXPECT_EQ(News::None, watch.look(5));
  EXPECT_EQ(News::None, watch.look(5));
  EXPECT_FALSE(watch.stalled());
  EXPECT_EQ(News::Stalled, watch.look(5));
  EXPECT_TRUE(watch.stalled());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(News::None, watch.look(5));
  EXPECT_EQ(News::Moving, watch.look(6));
  EXPECT_FALSE(watch.stalled());
  EXPECT_EQ(News::None, watch.look(7));
}

TEST(StallWatch, one_beat_between_two_looks_is_enough) {
  StallWatch watch;
  for (uint64_t i = 0; i < 30; ++i) EXPECT_EQ(News::None, watch.look(i / 2 + 1));
}

TEST(StallWatch, loop_that_never_began_is_stalled) {
  StallWatch watch;
  watch.look(0);
  watch.look(0);
  EXPECT_EQ(News::Stalled, watch.look(0));
}

}  // namespace
}  // namespace gw
