#include "sip/load_shedder.h"

#include <gtest/gtest.h>

namespace gw::sip {
namespace {

class LoadShedderTest : public testing::Test {
 protected:
  void probes(int count, Duration lag) {
    for (int i = 0; i < count; ++i) shedder.on_lag(lag, now += 100ms);
  }

  Metrics metrics;
  TimePoint now{1h};
  LoadShedder shedder{100ms, metrics, {}};
};

TEST_F(LoadShedderTest, one_late_probe_is_a_hiccup_two_are_load) {
  probes(10, 1ms);
  probes(1, 150ms);
  EXPECT_EQ(shedder.load(), Load::Normal);
  probes(1, 150ms);
  EXPECT_EQ(shedder.load(), Load::NoNewCalls);
}

TEST_F(LoadShedderTest, strangers_registers_go_at_twice_that_and_all_at_four_times) {
  probes(20, 150ms);
  EXPECT_EQ(shedder.load(), Load::NoNewCalls);
  probes(20, 250ms);
  EXPECT_EQ(shedder.load(), Load::NoStrangers);
  probes(20, 500ms);
  EXPECT_EQ(shedder.load(), Load::NoRegisters);
}

TEST_F(LoadShedderTest, it_ends_only_below_half_and_after_a_second_a_level_at_a_time) {
  probes(20, 150ms);
  probes(100, 60ms);
  EXPECT_EQ(shedder.load(), Load::NoNewCalls) << "between half and all of it nothing changes";
  probes(9, 1ms);
  EXPECT_EQ(shedder.load(), Load::NoNewCalls);
  probes(4, 1ms);
  EXPECT_EQ(shedder.load(), Load::Normal);

  probes(10, 1s);
  ASSERT_EQ(shedder.load(), Load::NoRegisters);
  probes(14, 0ms);
  EXPECT_EQ(shedder.load(), Load::NoStrangers);
  probes(30, 0ms);
  EXPECT_EQ(shedder.load(), Load::Normal);
}

TEST_F(LoadShedderTest, a_limit_of_zero_is_never_and_ends_it_at_once) {
  probes(10, 1s);
  shedder.set_limit(0s);
  EXPECT_EQ(shedder.load(), Load::Normal);
  probes(10, 1s);
  EXPECT_EQ(shedder.load(), Load::Normal);
}

TEST_F(LoadShedderTest, the_level_is_a_metric) {
  probes(20, 250ms);
  EXPECT_NE(metrics.expose().find("gw_sip_shedding 2"), std::string::npos);
}

}  // namespace
}  // namespace gw::sip
