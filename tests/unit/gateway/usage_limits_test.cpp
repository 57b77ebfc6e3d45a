#include "gateway/policy/usage_limits.h"

#include <gtest/gtest.h>

#include "tests/unit/gateway/kept_usage.h"
#include "tests/unit/support/manual_clock.h"

namespace gw::policy {
namespace {

using Limit = UsageLimits::Limit;

const Party kPhone{PartyKind::Phone, "101"};
const Party kOther{PartyKind::Phone, "102"};

class UsageLimitsTest : public testing::Test {
 protected:
  Limit against(const config::DialPolicy& policy, const char* number,
                UsageLimits::Running running = {}, const Party& party = kPhone) {
    return limits_.against(party, policy, number, running, clock_.wall());
  }
  test::ManualClock clock_;
  test::KeptUsage kept_;
  UsageLimits limits_{kept_, clock_.wall()};
};

TEST_F(UsageLimitsTest, nothing_is_limited_by_default) {
  limits_.spend(kPhone, 100h, clock_.wall());
  EXPECT_EQ(against({}, "+1", {1000, 100h}), Limit::None);
}

TEST_F(UsageLimitsTest, calls_at_once) {
  const config::DialPolicy policy{.max_calls = 2};
  EXPECT_EQ(against(policy, "+1", {1, {}}), Limit::None);
  EXPECT_EQ(against(policy, "+1", {2, {}}), Limit::Calls);
}

TEST_F(UsageLimitsTest, minutes_of_calls_that_are_over_and_of_those_that_are_not) {
  const config::DialPolicy policy{.minutes_per_day = 10};
  limits_.spend(kPhone, 6min, clock_.wall());
  EXPECT_EQ(against(policy, "+1", {1, 3min + 59s}), Limit::None);
  EXPECT_EQ(against(policy, "+1", {1, 4min}), Limit::Minutes);
  EXPECT_EQ(against(policy, "+1", {1, 4min}, kOther), Limit::None);
  EXPECT_FALSE(limits_.out_of_minutes(kPhone, policy, 3min, clock_.wall()));
  EXPECT_TRUE(limits_.out_of_minutes(kPhone, policy, 4min, clock_.wall()));
}

TEST_F(UsageLimitsTest, different_numbers_and_one_of_them_again_as_often_as_wanted) {
  const config::DialPolicy policy{.destinations_per_day = 2};
  for (const char* number : {"+12065550101", "+12065550102"}) {
    EXPECT_EQ(against(policy, number), Limit::None);
    limits_.begin(kPhone, policy, number, clock_.wall());
  }
  EXPECT_EQ(against(policy, "+12065550103"), Limit::Destinations);
  EXPECT_EQ(against(policy, "+12065550101"), Limit::None);
  EXPECT_EQ(against(policy, "+12065550103", {}, kOther), Limit::None);
}

TEST_F(UsageLimitsTest, asking_alone_uses_nothing_up) {
  const config::DialPolicy policy{.destinations_per_day = 1};
  EXPECT_EQ(against(policy, "+12065550101"), Limit::None);
  EXPECT_EQ(against(policy, "+12065550102"), Limit::None);
}

TEST_F(UsageLimitsTest, a_new_day_begins_with_nothing_used) {
  const config::DialPolicy policy{.minutes_per_day = 10, .destinations_per_day = 1};
  limits_.spend(kPhone, 10min, clock_.wall());
  limits_.begin(kPhone, policy, "+12065550101", clock_.wall());
  EXPECT_EQ(against(policy, "+12065550101"), Limit::Minutes);
  clock_.advance(24h);
  EXPECT_EQ(against(policy, "+12065550102"), Limit::None);
}

TEST_F(UsageLimitsTest, a_restart_forgets_nothing_of_today) {
  const config::DialPolicy policy{.minutes_per_day = 10, .destinations_per_day = 2};
  limits_.spend(kPhone, 4min, clock_.wall());
  limits_.spend(kPhone, 5min, clock_.wall());
  limits_.begin(kPhone, policy, "+12065550101", clock_.wall());
  limits_.begin(kPhone, policy, "+12065550101", clock_.wall());
  limits_.begin(kPhone, policy, "+12065550102", clock_.wall());
  UsageLimits after(kept_, clock_.wall());
  EXPECT_FALSE(after.out_of_minutes(kPhone, policy, 59s, clock_.wall()));
  EXPECT_TRUE(after.out_of_minutes(kPhone, policy, 1min, clock_.wall()));
  EXPECT_EQ(after.against(kPhone, policy, "+12065550102", {}, clock_.wall()), Limit::None);
  EXPECT_EQ(after.against(kPhone, policy, "+12065550103", {}, clock_.wall()), Limit::Destinations);
  EXPECT_EQ(after.against(kOther, policy, "+12065550103", {}, clock_.wall()), Limit::None);
  clock_.advance(24h);
  UsageLimits tomorrow(kept_, clock_.wall());
  EXPECT_EQ(tomorrow.against(kPhone, policy, "+12065550103", {9, 9min}, clock_.wall()),
            Limit::None);
}

TEST_F(UsageLimitsTest, what_costs_nothing_and_a_number_once_more_are_not_written) {
  const config::DialPolicy policy{.destinations_per_day = 2};
  limits_.spend(kPhone, 0s, clock_.wall());
  limits_.begin(kPhone, {}, "+12065550101", clock_.wall());
  EXPECT_TRUE(kept_.days.empty());
}

}  // namespace
}  // namespace gw::policy
