#include "media/transport/source_latch.h"

#include <gtest/gtest.h>

#include "tests/unit/support/manual_clock.h"

namespace gw::media {
namespace {

class SourceLatchTest : public ::testing::Test {
 protected:
  void SetUp() override { latch_.open(sdp_, clock_.now()); }
  bool offer(const SocketAddress& from, bool authenticated = false) {
    if (!latch_.admits(from, authenticated, clock_.now())) return false;
    latch_.on_valid(from, clock_.now());
    return true;
  }

  test::ManualClock clock_;
  const SocketAddress sdp_ = *SocketAddress::parse("192.0.2.1:4000");
  const SocketAddress nat_ = *SocketAddress::parse("198.51.100.7:61000");
  const SocketAddress attacker_ = *SocketAddress::parse("203.0.113.66:4444");
  SourceLatch latch_;
};

TEST_F(SourceLatchTest, sends_to_the_sdp_address_until_something_came) {
  EXPECT_EQ(sdp_, latch_.target());
  EXPECT_FALSE(latch_.latched());
}

TEST_F(SourceLatchTest, first_valid_source_behind_nat_is_latched_and_no_other_after_it) {
  EXPECT_TRUE(offer(nat_));
  EXPECT_EQ(nat_, latch_.target());
  EXPECT_FALSE(offer(attacker_));
  clock_.advance(1h);
  EXPECT_FALSE(offer(attacker_));
  EXPECT_TRUE(offer(nat_));
}

TEST_F(SourceLatchTest, sdp_address_takes_over_from_a_stranger_that_was_first) {
  EXPECT_TRUE(offer(attacker_));
  clock_.advance(500ms);
  EXPECT_TRUE(offer(sdp_));
  EXPECT_EQ(sdp_, latch_.target());
  EXPECT_FALSE(offer(attacker_));
}

TEST_F(SourceLatchTest, latch_on_the_nat_address_is_settled_after_two_seconds) {
  EXPECT_TRUE(offer(nat_));
  clock_.advance(2001ms);
  EXPECT_FALSE(offer(sdp_));
  EXPECT_EQ(nat_, latch_.target());
}

TEST_F(SourceLatchTest, strangers_may_not_begin_after_the_window_but_the_sdp_address_may) {
  clock_.advance(SourceLatch::kWindow + 1ms);
  EXPECT_FALSE(offer(attacker_));
  EXPECT_TRUE(offer(sdp_));
}

TEST_F(SourceLatchTest, renegotiation_to_the_same_address_keeps_the_latch) {
  EXPECT_TRUE(offer(nat_));
  latch_.open(sdp_, clock_.now());
  EXPECT_EQ(nat_, latch_.target());
  EXPECT_FALSE(offer(attacker_));
}

TEST_F(SourceLatchTest, renegotiation_to_another_address_opens_anew) {
  EXPECT_TRUE(offer(nat_));
  const SocketAddress moved = *SocketAddress::parse("192.0.2.9:5000");
  latch_.open(moved, clock_.now());
  EXPECT_EQ(moved, latch_.target());
  EXPECT_TRUE(offer(moved));
}

TEST_F(SourceLatchTest, hold_by_an_empty_address_keeps_where_the_phone_was) {
  EXPECT_TRUE(offer(nat_));
  latch_.open(*SocketAddress::parse("0.0.0.0:4000"), clock_.now());
  EXPECT_EQ(nat_, latch_.target());
}

TEST_F(SourceLatchTest, authenticated_source_may_move_at_any_time) {
  EXPECT_TRUE(offer(nat_, true));
  clock_.advance(1h);
  const SocketAddress rebound = *SocketAddress::parse("198.51.100.7:62000");
  EXPECT_TRUE(offer(rebound, true));
  EXPECT_EQ(rebound, latch_.target());
}

TEST_F(SourceLatchTest, answered_call_opens_the_window_again_if_nothing_came_yet) {
  clock_.advance(SourceLatch::kWindow + 1ms);
  latch_.reopen(clock_.now());
  EXPECT_TRUE(offer(nat_));
  latch_.reopen(clock_.now());
  EXPECT_FALSE(offer(attacker_));
}

}  // namespace
}  // namespace gw::media
