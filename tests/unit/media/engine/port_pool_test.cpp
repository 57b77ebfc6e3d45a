#include "media/engine/port_pool.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <set>

#include "tests/unit/support/manual_clock.h"
#include "tests/unit/support/port_slice.h"

namespace gw::media {
namespace {

class PortPoolTest : public ::testing::Test {
 protected:
  PortPool pool(uint16_t pairs) {
    return PortPool(low_, static_cast<uint16_t>(low_ + 2 * pairs - 1), {}, clock_, random_);
  }

  const SocketAddress address_ = *SocketAddress::parse("127.0.0.1");
  test::ManualClock clock_;
  SystemRandom random_;
  const test::PortSlice slice_ = test::PortSlice::take(40).value();
  const uint16_t low_ = slice_.low();
};

TEST_F(PortPoolTest, rtp_is_even_and_rtcp_is_the_next) {
  auto ports = pool(20);
  const auto sockets = ports.take(address_);
  ASSERT_TRUE(sockets.has_value());
  EXPECT_EQ(0, sockets->rtp->address().port() % 2);
  EXPECT_EQ(sockets->rtp->address().port() + 1, sockets->rtcp->address().port());
  EXPECT_EQ(1u, ports.in_use());
}

TEST_F(PortPoolTest, no_pair_is_handed_out_twice_and_the_end_is_an_error) {
  auto ports = pool(5);
  std::set<uint16_t> seen;
  std::vector<RtpSockets> kept;
  for (;;) {
    auto sockets = ports.take(address_);
    if (!sockets) {
      EXPECT_EQ(ErrorCode::Exhausted, sockets.error().code);
      break;
    }
    EXPECT_TRUE(seen.insert(sockets->rtp->address().port()).second);
    kept.push_back(std::move(*sockets));
    ASSERT_LE(kept.size(), 5u);
  }
  EXPECT_EQ(kept.size(), 5u);
}

TEST_F(PortPoolTest, returned_pair_rests_while_another_is_free) {
  auto ports = pool(20);
  auto first = ports.take(address_);
  ASSERT_TRUE(first);
  const uint16_t port = first->rtp->address().port();
  first = fail(ErrorCode::Internal, "closed");
  ports.give_back(port);
  EXPECT_EQ(0u, ports.in_use());
  std::vector<RtpSockets> kept;
  for (int i = 0; i < 5; ++i) {
    auto next = ports.take(address_);
    ASSERT_TRUE(next);
    EXPECT_NE(port, next->rtp->address().port());
    kept.push_back(std::move(*next));
  }
}

TEST_F(PortPoolTest, an_early_second_use_beats_a_refused_call) {
  auto ports = pool(1);
  auto first = ports.take(address_);
  ASSERT_TRUE(first);
  const uint16_t port = first->rtp->address().port();
  first = fail(ErrorCode::Internal, "closed");
  ports.give_back(port);
  auto again = ports.take(address_);
  ASSERT_TRUE(again);
  EXPECT_EQ(port, again->rtp->address().port());
  EXPECT_EQ(1u, ports.in_use());
  EXPECT_FALSE(ports.take(address_));
}

TEST_F(PortPoolTest, exhausted_range_serves_again_as_soon_as_one_pair_is_back) {
  auto ports = pool(3);
  std::vector<RtpSockets> kept;
  while (auto sockets = ports.take(address_)) kept.push_back(std::move(*sockets));
  ASSERT_FALSE(kept.empty());
  for (int i = 0; i < 3; ++i) {
    ASSERT_FALSE(ports.take(address_).has_value());
    const uint16_t back = kept.back().rtp->address().port();
    kept.pop_back();
    ports.give_back(back);
    auto again = ports.take(address_);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(back, again->rtp->address().port());
    kept.push_back(std::move(*again));
  }
}

TEST_F(PortPoolTest, process_without_descriptors_is_told_at_once_and_serves_when_it_has_some) {
  auto ports = pool(20);
  rlimit before{};
  ASSERT_EQ(0, ::getrlimit(RLIMIT_NOFILE, &before));
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(0, ::setrlimit(RLIMIT_NOFILE, &none));
  const auto refused = ports.take(address_);
  ASSERT_EQ(0, ::setrlimit(RLIMIT_NOFILE, &before));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(ErrorCode::Exhausted, refused.error().code);
  EXPECT_NE(std::string::npos, refused.error().detail.find("no UDP socket"));
  EXPECT_EQ(0u, ports.in_use());
  EXPECT_TRUE(ports.take(address_).has_value());
}

TEST_F(PortPoolTest, returning_what_was_not_taken_changes_nothing) {
  auto ports = pool(2);
  ports.give_back(low_);
  ports.give_back(1);
  ports.give_back(65535);
  EXPECT_EQ(0u, ports.in_use());
  EXPECT_TRUE(ports.take(address_));
}

TEST(PacketPool, packets_come_back_and_an_empty_pool_says_so) {
  PacketPool pool(2);
  PacketPtr a = pool.take(), b = pool.take();
  ASSERT_TRUE(a && b);
  EXPECT_FALSE(pool.take());
  const Packet* last = a.get();
  a->resize(100);
  a.reset();
  PacketPtr again = pool.take();
  EXPECT_EQ(last, again.get());
  EXPECT_EQ(0u, again->size());
}

}  // namespace
}  // namespace gw::media
