#include "gateway/ops/loop_watch.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace gw::ops {
namespace {

class LoopWatchTest : public testing::Test {
 protected:
  void SetUp() override {
    watch_.add("web", [this](std::function<void()> task) { web_.push_back(std::move(task)); });
    watch_.add("admin", [](std::function<void()> task) { task(); });
  }
  void run_web() {
    for (auto& task : std::exchange(web_, {})) task();
  }

  Metrics metrics_;
  std::vector<std::function<void()>> web_;
  LoopWatch watch_{metrics_, Log{}};
};

TEST_F(LoopWatchTest, loops_that_run_their_tasks_move) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(watch_.look());
    run_web();
  }
}

TEST_F(LoopWatchTest, loop_that_runs_nothing_stands_still_until_it_does) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(watch_.look());
    run_web();
  }
  EXPECT_TRUE(watch_.look());
  EXPECT_TRUE(watch_.look());
  EXPECT_TRUE(watch_.look());
  EXPECT_FALSE(watch_.look());
  EXPECT_NE(std::string::npos, metrics_.expose().find("gw_loop_stalled{loop=\"web\"} 1"));
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(watch_.look());
  EXPECT_EQ(1u, web_.size());  // One beat waits, not one a second.
  run_web();
  EXPECT_TRUE(watch_.look());
  EXPECT_NE(std::string::npos, metrics_.expose().find("gw_loop_stalled{loop=\"web\"} 0"));
}

}  // namespace
}  // namespace gw::ops
