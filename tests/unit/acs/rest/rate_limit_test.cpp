#include "acs/rest/rate_limit.h"

#include <gtest/gtest.h>

namespace gw::test {
namespace {

using acs::rest::RateLimit;

constexpr TimePoint kStart{std::chrono::hours(1)};

TEST(RateLimit, takes_a_burst_then_so_much_a_second) {
  RateLimit limit({2, 4, 100});
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(limit.take("a", kStart)) << i;
  EXPECT_EQ(limit.take("a", kStart), Duration(500ms));
  EXPECT_EQ(limit.take("a", kStart + 250ms), Duration(250ms));
  EXPECT_FALSE(limit.take("a", kStart + 500ms));
  EXPECT_TRUE(limit.take("a", kStart + 500ms));
}

TEST(RateLimit, callers_do_not_share) {
  RateLimit limit({1, 1, 100});
  EXPECT_FALSE(limit.take("a", kStart));
  EXPECT_TRUE(limit.take("a", kStart));
  EXPECT_FALSE(limit.take("b", kStart));
}

TEST(RateLimit, looking_takes_nothing) {
  RateLimit limit({1, 1, 100});
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(limit.look("a", kStart));
  EXPECT_FALSE(limit.take("a", kStart));
  EXPECT_TRUE(limit.look("a", kStart));
  EXPECT_FALSE(limit.look("a", kStart + 1s));
}

TEST(RateLimit, remembers_so_many_callers_and_those_in_debt_first) {
  RateLimit limit({0.001, 2, 3});
  limit.take("spent", kStart);
  limit.take("spent", kStart);
  for (int i = 0; i < 100; ++i) limit.take("passing-" + std::to_string(i), kStart);
  EXPECT_TRUE(limit.take("spent", kStart));
}

TEST(RateLimit, zero_is_no_limit) {
  RateLimit limit({0, 0, 1});
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(limit.take("a", kStart));
}

}  // namespace
}  // namespace gw::test
