#include "media/engine/turn_pace.h"

#include <gtest/gtest.h>

namespace gw::media {
namespace {

// Looks in a row at a loop that waits for `idle` of its time while so many packets come a second.
TurnPace paced(double idle, uint64_t packets_per_second) {
  TurnPace pace;
  TimePoint now{1h};
  uint64_t packets = 0;
  pace.look(now, packets);
  for (int i = 0; i < 4; ++i) {
    now += TurnPace::kPeriod;
    packets += packets_per_second / 4;
    pace.waited(
        Duration(static_cast<int64_t>(idle * static_cast<double>(TurnPace::kPeriod.count()))));
    EXPECT_TRUE(pace.due(now));
    pace.look(now, packets);
    EXPECT_FALSE(pace.due(now + 1ms));
  }
  return pace;
}

TEST(TurnPace, busy_is_the_share_of_time_that_was_not_waited) {
  EXPECT_NEAR(paced(0.9, 1000).busy(), 0.1, 1e-6);
  EXPECT_NEAR(paced(0.0, 1000).busy(), 1.0, 1e-6);
  EXPECT_NEAR(paced(1.0, 1000).busy(), 0.0, 1e-6);
}

TEST(TurnPace, an_idle_worker_waits_for_a_few_packets_but_never_longer_than_its_bound) {
  EXPECT_EQ(paced(0.95, 100).gather(), TurnPace::kLongest);
  EXPECT_NEAR(static_cast<double>(paced(0.9, 10000).gather().count()), 2e6 * 0.6561, 1e3);
}

TEST(TurnPace, a_busy_worker_does_not_wait) {
  EXPECT_LT(paced(0.4, 11000).gather(), 100us);
  EXPECT_EQ(paced(0.0, 20000).gather(), Duration{0});
}

TEST(TurnPace, without_packets_there_is_nothing_to_wait_for) {
  EXPECT_EQ(paced(1.0, 0).gather(), Duration{0});
}

TEST(TurnPace, a_loop_that_slept_long_tells_nothing) {
  TurnPace pace = paced(0.2, 10000);
  EXPECT_GT(pace.busy(), 0.7);
  pace.look(TimePoint{2h}, 100000);
  EXPECT_EQ(pace.busy(), 0);
  EXPECT_EQ(pace.gather(), Duration{0});
}

}  // namespace
}  // namespace gw::media
