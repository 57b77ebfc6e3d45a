#include "media/path/key_ledger.h"

#include <gtest/gtest.h>

#include "tests/unit/support/manual_clock.h"

namespace gw::media {
namespace {

using enum KeyWay;

class KeyLedgerTest : public testing::Test {
 protected:
  bool says(char digit, KeyWay way) { return ledger_.is_new(digit, way, clock_.now()); }

  test::ManualClock clock_;
  KeyLedger ledger_;
};

TEST_F(KeyLedgerTest, a_key_pressed_twice_is_two_keys) {
  EXPECT_TRUE(says('1', Event));
  EXPECT_TRUE(says('1', Event));
}

TEST_F(KeyLedgerTest, a_key_said_in_three_ways_is_one) {
  EXPECT_TRUE(says('5', Info));
  clock_.advance(200ms);
  EXPECT_FALSE(says('5', InBand));
  clock_.advance(200ms);
  EXPECT_FALSE(says('5', Event));
}

TEST_F(KeyLedgerTest, each_press_is_paired_with_one_of_the_other_way) {
  EXPECT_TRUE(says('1', InBand));
  EXPECT_TRUE(says('1', InBand));
  EXPECT_FALSE(says('1', Info));
  EXPECT_FALSE(says('1', Info));
  EXPECT_TRUE(says('1', Info));
}

TEST_F(KeyLedgerTest, another_digit_is_another_key) {
  EXPECT_TRUE(says('1', InBand));
  EXPECT_TRUE(says('2', Info));
}

TEST_F(KeyLedgerTest, a_second_later_and_more_it_is_another_key) {
  EXPECT_TRUE(says('1', InBand));
  clock_.advance(KeyLedger::kSameKey + 1ms);
  EXPECT_TRUE(says('1', Info));
}

}  // namespace
}  // namespace gw::media
