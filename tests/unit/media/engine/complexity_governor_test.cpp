#include "media/engine/complexity_governor.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace gw::media {
namespace {

// What a worker would be busy with so many calls at a complexity: codec cost and 25 us of relay.
double share(int calls, int complexity) {
  const double codec = complexity == 0   ? 35
                       : complexity == 1 ? 39
                       : complexity == 2 ? 53
                       : complexity == 3 ? 58
                       : complexity <= 5 ? 70
                       : complexity <= 7 ? 90
                                         : 115;
  return std::min(1.0, calls * (codec + 25) / 20000);
}

int settle(ComplexityGovernor& governor, int calls, int looks = 400) {
  for (int i = 0; i < looks; ++i) governor.look(share(calls, governor.complexity()), false);
  return governor.complexity();
}

TEST(ComplexityGovernor, begins_at_the_ceiling_and_stays_there_with_time_to_spare) {
  for (const int ceiling : {0, 1, 2, 3, 5, 7, 10}) {
    ComplexityGovernor governor(ceiling);
    EXPECT_EQ(governor.complexity(), ceiling);
    EXPECT_EQ(settle(governor, 20), ceiling);
    EXPECT_TRUE(governor.at_ceiling());
  }
}

TEST(ComplexityGovernor, a_ceiling_between_two_steps_is_the_step_that_libopus_makes_of_it) {
  EXPECT_EQ(ComplexityGovernor(4).complexity(), 5);  // The same code in libopus.
  EXPECT_EQ(ComplexityGovernor(6).complexity(), 7);
  EXPECT_EQ(ComplexityGovernor(9).complexity(), 10);
}

TEST(ComplexityGovernor, one_look_at_a_busy_thread_goes_down_as_far_as_it_must) {
  ComplexityGovernor governor(10);
  EXPECT_TRUE(governor.look(1.0, false));
  EXPECT_LE(governor.complexity(), 5);
  EXPECT_FALSE(governor.at_ceiling());
}

TEST(ComplexityGovernor, late_timers_count_as_busy_but_not_those_of_an_idle_thread) {
  ComplexityGovernor governor(5);
  EXPECT_FALSE(governor.look(0.3, true));
  EXPECT_TRUE(governor.at_ceiling());
  EXPECT_TRUE(governor.look(0.7, true));
  EXPECT_EQ(governor.complexity(), 3);
}

TEST(ComplexityGovernor, comes_back_a_step_at_a_time_after_patience) {
  ComplexityGovernor governor(5);
  while (governor.complexity() > 0) governor.look(1.0, false);
  for (int i = 0; i + 1 < ComplexityGovernor::kPatience; ++i) {
    EXPECT_FALSE(governor.look(0.2, false));
  }
  EXPECT_TRUE(governor.look(0.2, false));
  EXPECT_EQ(governor.complexity(), 1);
}

TEST(ComplexityGovernor, one_busy_look_begins_patience_anew) {
  ComplexityGovernor governor(5);
  governor.look(0.86, false);
  const int low = governor.complexity();
  for (int i = 0; i < 10 * ComplexityGovernor::kPatience; ++i) {
    governor.look(i % (ComplexityGovernor::kPatience - 1) == 0 ? 0.75 : 0.1, false);
  }
  EXPECT_EQ(governor.complexity(), low);
}

TEST(ComplexityGovernor, never_swings_at_a_steady_load) {
  for (int calls = 10; calls <= 400; calls += 5) {
    ComplexityGovernor governor(10);
    const int settled = settle(governor, calls);
    for (int i = 0; i < 1000; ++i) {
      governor.look(share(calls, governor.complexity()), false);
      ASSERT_EQ(governor.complexity(), settled) << calls << " calls";
    }
  }
}

TEST(ComplexityGovernor, more_calls_never_mean_more_complexity) {
  int before = 10;
  for (int calls = 10; calls <= 400; calls += 5) {
    ComplexityGovernor governor(10);
    const int settled = settle(governor, calls);
    EXPECT_LE(settled, before) << calls << " calls";
    before = settled;
  }
  EXPECT_EQ(before, 0);
}

}  // namespace
}  // namespace gw::media
