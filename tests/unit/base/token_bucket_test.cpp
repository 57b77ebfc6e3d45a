#include "base/token_bucket.h"

#include <gtest/gtest.h>

namespace gw {
namespace {

constexpr TimePoint kStart{1h};

TEST(TokenBucket, gives_a_burst_at_once_and_then_its_rate) {
  TokenBucket bucket;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(bucket.take(2, 5, kStart)) << i;
  EXPECT_FALSE(bucket.take(2, 5, kStart));
  EXPECT_FALSE(bucket.take(2, 5, kStart + 499ms));
  EXPECT_TRUE(bucket.take(2, 5, kStart + 500ms));
  EXPECT_FALSE(bucket.take(2, 5, kStart + 500ms));
}

TEST(TokenBucket, saves_no_more_than_a_burst) {
  TokenBucket bucket;
  EXPECT_TRUE(bucket.take(2, 3, kStart));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(2, 3, kStart + 1h));
  EXPECT_FALSE(bucket.take(2, 3, kStart + 1h));
}

TEST(TokenBucket, a_charge_goes_into_debt_which_takes_its_time) {
  TokenBucket bucket;
  EXPECT_DOUBLE_EQ(-3, bucket.charge(5, 1, 2, kStart));
  EXPECT_DOUBLE_EQ(-1, bucket.charge(0, 1, 2, kStart + 2s));
  EXPECT_DOUBLE_EQ(0, bucket.charge(0, 1, 2, kStart + 3s));
  EXPECT_DOUBLE_EQ(-20, bucket.charge(1000, 1, 2, kStart + 3s)) << "ten bursts at most";
}

TEST(TokenBucket, a_clock_that_stands_still_or_steps_back_gives_nothing) {
  TokenBucket bucket;
  EXPECT_TRUE(bucket.take(1, 1, kStart));
  EXPECT_FALSE(bucket.take(1, 1, kStart - 1h));
}

}  // namespace
}  // namespace gw
