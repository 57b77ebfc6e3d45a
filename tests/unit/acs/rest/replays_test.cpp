#include "acs/rest/replays.h"

#include <gtest/gtest.h>

#include "tests/unit/support/manual_clock.h"

namespace gw::acs::rest {
namespace {

class ReplaysTest : public testing::Test {
 protected:
  bool is_copy(const std::string& signature, std::string_view id = "") const {
    return replays_.is_copy(signature, id, clock_.now());
  }
  void performed(const std::string& signature, std::string_view id = "") {
    replays_.performed(signature, id, clock_.now());
  }

  test::ManualClock clock_;
  Replays replays_;
};

TEST_F(ReplaysTest, equal_requests_of_one_second_and_a_client_s_own_repeats_are_no_copies) {
  EXPECT_FALSE(is_copy("a"));
  performed("a");
  EXPECT_FALSE(is_copy("a"));
  performed("a");
  clock_.advance(Replays::kRepeats);
  EXPECT_FALSE(is_copy("a"));
}

TEST_F(ReplaysTest, what_comes_a_minute_after_the_first_is_a_copy_as_long_as_its_date_is_good) {
  performed("a");
  clock_.advance(Replays::kRepeats);
  performed("a");  // Whoever repeats it within the minute does not win another.
  clock_.advance(1s);
  EXPECT_TRUE(is_copy("a"));
  EXPECT_FALSE(is_copy("b"));
  clock_.advance(Replays::kRemembered - Replays::kRepeats - 1s);
  EXPECT_TRUE(is_copy("a"));
}

TEST_F(ReplaysTest,
       with_the_id_of_the_first_it_is_answered_from_memory_and_with_another_it_is_a_copy) {
  performed("a", "id-of-the-first");
  performed("b");
  clock_.advance(2min);
  EXPECT_FALSE(is_copy("a", "id-of-the-first"));
  EXPECT_TRUE(is_copy("a", "another-id"));
  EXPECT_TRUE(is_copy("a"));
  EXPECT_TRUE(is_copy("b"));
}

TEST_F(ReplaysTest, it_forgets_what_is_old_and_never_holds_more_than_it_may) {
  performed("old");
  clock_.advance(Replays::kRemembered + 1s);
  performed("new");
  EXPECT_EQ(replays_.size(), 1u);
  for (size_t i = 0; i < Replays::kMost + 10; ++i) performed("s" + std::to_string(i));
  EXPECT_EQ(replays_.size(), Replays::kMost);
}

}  // namespace
}  // namespace gw::acs::rest
