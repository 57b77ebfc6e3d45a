#include "gateway/call/trunk_health.h"

#include <gtest/gtest.h>

#include "gateway/call/trunk_search.h"
#include "sip/sofia_loop.h"
#include "tests/unit/support/fixed_random.h"
#include "tests/unit/support/manual_clock.h"

#include <sofia-sip/su_wait.h>

namespace gw {
namespace {

using State = TrunkHealth::State;

sip::NextHop hop(const std::string& address) {
  const SocketAddress at = *SocketAddress::parse(address);
  return {sip::Transport::Udp, at.host(), at.port(), at};
}

sip::Refusal refused(int status, bool local = false, int retry_after_s = 0) {
  sip::Refusal refusal;
  refusal.status = status;
  refusal.local = local;
  refusal.retry_after_s = retry_after_s;
  return refusal;
}

class TrunkHealthTest : public testing::Test {
 protected:
  test::ManualClock clock;
  Metrics metrics;
  TrunkHealth health{clock, metrics, {}};
  const sip::NextHop one = hop("127.0.0.1:5070"), two = hop("127.0.0.2:5070");
};

TEST_F(TrunkHealthTest, a_trunk_is_up_while_one_address_is_and_down_when_all_are) {
  EXPECT_EQ(health.state("acme"), State::Unknown);
  health.answered("acme", one, 200);
  health.failed("acme", two, "silence");
  EXPECT_EQ(health.state("acme"), State::Up);
  EXPECT_FALSE(health.is_down("acme", one));
  EXPECT_TRUE(health.is_down("acme", two));
  health.failed("acme", one, "silence");
  EXPECT_EQ(health.state("acme"), State::Down);
  health.answered("acme", two, 404);  // Whatever it says: it is there.
  EXPECT_EQ(health.state("acme"), State::Up);
}

TEST_F(TrunkHealthTest, what_is_down_is_unknown_again_after_its_time) {
  health.failed("acme", one, "silence");
  clock.advance(TrunkHealth::kPenalty - 1s);
  health.expire();
  EXPECT_TRUE(health.is_down("acme", one));
  clock.advance(1s);
  health.expire();
  EXPECT_FALSE(health.is_down("acme", one));
  EXPECT_EQ(health.state("acme"), State::Unknown);
}

TEST_F(TrunkHealthTest, a_503_holds_for_its_retry_after_though_options_are_answered) {
  health.answered("acme", one, 503, 60s);
  health.answered("acme", one, 200);
  EXPECT_TRUE(health.is_down("acme", one));
  clock.advance(60s);
  health.expire();
  health.answered("acme", one, 200);
  EXPECT_FALSE(health.is_down("acme", one));
}

TEST_F(TrunkHealthTest, a_retry_after_of_a_day_takes_no_carrier_away_for_a_day) {
  health.answered("acme", one, 503, 24h);
  clock.advance(6min);
  EXPECT_FALSE(health.is_down("acme", one));
}

class TrunkSearchTest : public TrunkHealthTest {
 protected:
  // The next place as "127.0.0.1:5070", "" when there is no more.
  std::string next(TrunkSearch& search) {
    std::optional<std::string> found;
    search.next([&](std::optional<TrunkSearch::Place> place) {
      found = place ? place->hop.address.to_string() : "";
    });
    for (int turn = 0; !found && turn < 1000; ++turn) su_root_step(loop.root(), 2);
    return found.value_or("nothing was told");
  }
  std::unique_ptr<TrunkSearch> search(std::vector<std::string> targets, bool emergency = false) {
    TrunkSearch::Settings settings{"acme", {}, {408, 480, 500, 503, 504}, emergency};
    for (const std::string& target : targets) {
      const SocketAddress at = *SocketAddress::parse(target);
      settings.targets.push_back({"sip:1@" + target, {}, {at.host(), at.port(), {}}});
    }
    return std::make_unique<TrunkSearch>(resolver, &health, std::move(settings), Log{});
  }

  sip::SofiaLoop loop{metrics};
  test::FixedRandom random;
  sip::Resolver resolver{loop, random, metrics};
};

TEST_F(TrunkSearchTest,
       goes_from_target_to_target_on_the_configured_statuses_and_on_local_failures) {
  const auto it = search({"127.0.0.1:5070", "127.0.0.2:5070", "127.0.0.3:5070", "127.0.0.4:5070"});
  EXPECT_EQ(next(*it), "127.0.0.1:5070");
  EXPECT_TRUE(it->goes_on_after(refused(500)));
  EXPECT_EQ(next(*it), "127.0.0.2:5070");
  EXPECT_TRUE(it->goes_on_after(refused(408, true)));
  EXPECT_EQ(next(*it), "127.0.0.3:5070");
  EXPECT_TRUE(health.is_down("acme", hop("127.0.0.2:5070")));
  EXPECT_TRUE(it->goes_on_after(refused(503, false, 1)));
  EXPECT_EQ(next(*it), "127.0.0.4:5070");
  EXPECT_FALSE(it->goes_on_after(refused(503)));
}

TEST_F(TrunkSearchTest, the_callees_own_answer_ends_it) {
  for (const int status : {404, 486, 603}) {
    const auto it = search({"127.0.0.1:5070", "127.0.0.2:5070"});
    next(*it);
    EXPECT_FALSE(it->goes_on_after(refused(status))) << status;
  }
}

TEST_F(TrunkSearchTest, an_emergency_goes_on_whatever_is_answered) {
  const auto it = search({"127.0.0.1:5070", "127.0.0.2:5070"}, true);
  next(*it);
  EXPECT_TRUE(it->goes_on_after(refused(404)));
  EXPECT_EQ(next(*it), "127.0.0.2:5070");
}

TEST_F(TrunkSearchTest, what_is_down_comes_last_and_is_tried_when_nothing_else_is_left) {
  health.failed("acme", one, "silence");
  const auto it = search({"127.0.0.1:5070", "127.0.0.2:5070"});
  EXPECT_EQ(next(*it), "127.0.0.2:5070");
  EXPECT_TRUE(it->goes_on_after(refused(503)));
  EXPECT_EQ(next(*it), "127.0.0.1:5070");
  EXPECT_FALSE(it->goes_on_after(refused(408, true)));
}

TEST_F(TrunkSearchTest, anything_heard_of_a_call_says_that_the_address_is_up) {
  const auto it = search({"127.0.0.1:5070"});
  next(*it);
  it->heard(180);
  EXPECT_EQ(health.state("acme"), State::Up);
}

}  // namespace
}  // namespace gw
