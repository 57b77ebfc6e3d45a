#include "gateway/ops/process_limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

namespace gw::ops {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ProcessLimits, defaults_fit_a_machine_with_eight_thousand_descriptors) {
  EXPECT_THAT(shortfalls({}, 8192), IsEmpty());
}

TEST(ProcessLimits,
     a_login_shells_thousand_descriptors_are_too_few_and_the_number_that_is_needed_is_named) {
  EXPECT_THAT(shortfalls({}, 1024),
              ElementsAre(AllOf(HasSubstr("6256"), HasSubstr("1024"), HasSubstr("LimitNOFILE"))));
}

TEST(ProcessLimits, ports_that_carry_fewer_calls_than_allowed_are_named) {
  config::Config config;
  config.media.engine.port_low = 20000;
  config.media.engine.port_high = 20399;
  config.limits.max_calls = 100;
  EXPECT_THAT(shortfalls(config, 8192), IsEmpty());
  config.limits.max_calls = 101;
  EXPECT_THAT(shortfalls(config, 8192),
              ElementsAre(AllOf(HasSubstr("20000-20399"), HasSubstr("carries 100 calls"))));
}

TEST(ProcessLimits, descriptors_are_raised_to_what_the_system_allows) {
  rlimit old{};
  ASSERT_EQ(0, ::getrlimit(RLIMIT_NOFILE, &old));
  rlimit low = old;
  low.rlim_cur = 256;
  ASSERT_EQ(0, ::setrlimit(RLIMIT_NOFILE, &low));
  const Descriptors raised = raise_descriptors();
  rlimit now{};
  ASSERT_EQ(0, ::getrlimit(RLIMIT_NOFILE, &now));
  EXPECT_EQ(256u, raised.before);
  EXPECT_EQ(old.rlim_max, raised.now);
  EXPECT_EQ(old.rlim_max, now.rlim_cur);
  ::setrlimit(RLIMIT_NOFILE, &old);
}

}  // namespace
}  // namespace gw::ops
