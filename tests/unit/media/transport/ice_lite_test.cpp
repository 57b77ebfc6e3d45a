#include "media/transport/ice_lite.h"

#include <gtest/gtest.h>

#include "media/wire/stun.h"
#include "tests/unit/support/manual_clock.h"

namespace gw::media {
namespace {

const wire::IceCredentials kOurs{"ours1234", "ourPasswordOurPassword12"};

class IceLiteTest : public ::testing::Test {
 protected:
  struct Check {
    std::string username = "ours1234:theirs";
    std::string password = kOurs.pwd;
    bool use_candidate = true;
    bool claims_controlled = false;
  };
  IceLite::Outcome check(const Check& c, const SocketAddress& from) {
    wire::StunRequest request;
    request.transaction[0] = std::byte{9};
    request.username = c.username;
    request.password = c.password;
    request.use_candidate = c.use_candidate;
    (c.claims_controlled ? request.controlled : request.controlling) = 1;
    std::array<std::byte, 256> datagram;
    const size_t size = wire::write_stun_request(datagram, request);
    return ice_.on_check(std::span(datagram).first(size), from, clock_.now(), answer_);
  }
  std::optional<wire::StunMessage> answer(const IceLite::Outcome& o) {
    return wire::StunMessage::parse(std::span<const std::byte>(answer_).first(o.response));
  }

  test::ManualClock clock_;
  IceLite ice_{kOurs};
  std::array<std::byte, 256> answer_{};
  const SocketAddress a_ = *SocketAddress::parse("192.0.2.1:1000");
  const SocketAddress b_ = *SocketAddress::parse("[2001:db8::5]:2000");
};

TEST_F(IceLiteTest, check_with_use_candidate_nominates_and_is_answered_with_the_seen_address) {
  const auto outcome = check({}, b_);
  EXPECT_TRUE(outcome.authentic);
  EXPECT_TRUE(outcome.nominated);
  EXPECT_EQ(b_, ice_.peer());
  const auto message = answer(outcome);
  ASSERT_TRUE(message);
  EXPECT_EQ(wire::StunType::BindingSuccess, message->type);
  EXPECT_EQ(b_, message->xor_mapped);
  EXPECT_TRUE(message->authentic(kOurs.pwd));
}

TEST_F(IceLiteTest, check_without_nomination_is_answered_and_moves_nothing) {
  const auto outcome = check({.use_candidate = false}, a_);
  EXPECT_TRUE(outcome.authentic);
  EXPECT_GT(outcome.response, 0u);
  EXPECT_TRUE(ice_.peer().empty());
}

TEST_F(IceLiteTest, wrong_password_gets_no_answer_and_no_nomination) {
  check({}, a_);
  const auto outcome = check({.password = "somebodyElsesPassword"}, b_);
  EXPECT_FALSE(outcome.authentic);
  EXPECT_EQ(0u, outcome.response);
  EXPECT_EQ(a_, ice_.peer());
}

TEST_F(IceLiteTest, check_without_integrity_gets_no_answer) {
  EXPECT_EQ(0u, check({.password = ""}, a_).response);
}

TEST_F(IceLiteTest, peer_that_claims_to_be_controlled_gets_a_role_conflict) {
  const auto outcome = check({.claims_controlled = true}, a_);
  EXPECT_FALSE(outcome.authentic);
  ASSERT_TRUE(answer(outcome));
  EXPECT_EQ(487, answer(outcome)->error_code);
  EXPECT_TRUE(ice_.peer().empty());
}

TEST_F(IceLiteTest, latest_nomination_holds) {
  check({}, a_);
  EXPECT_TRUE(check({}, b_).nominated);
  EXPECT_EQ(b_, ice_.peer());
  EXPECT_FALSE(check({}, b_).nominated);  // Nothing moved.
}

TEST_F(IceLiteTest, old_pair_holds_after_a_restart_until_a_new_one_is_nominated) {
  check({}, a_);
  const wire::IceCredentials fresh{"fresh123", "freshPasswordFreshPassw0"};
  EXPECT_EQ("", ice_.restart(fresh, clock_.now()).ufrag);
  EXPECT_TRUE(check({}, a_).authentic);
  const Check of_fresh{.username = "fresh123:x", .password = fresh.pwd, .use_candidate = false};
  EXPECT_FALSE(check(of_fresh, b_).renewed);
  EXPECT_EQ(a_, ice_.peer());
  EXPECT_TRUE(check({}, a_).authentic);
  const auto outcome = check({.username = "fresh123:x", .password = fresh.pwd}, b_);
  EXPECT_TRUE(outcome.renewed);
  EXPECT_TRUE(outcome.moved);
  EXPECT_EQ(b_, ice_.peer());
  EXPECT_FALSE(check({}, a_).authentic);
  EXPECT_EQ(b_, ice_.peer());
}

TEST_F(IceLiteTest, second_restart_keeps_the_pair_in_use_and_drops_the_one_that_came_to_nothing) {
  check({}, a_);
  const wire::IceCredentials second{"second12", "secondPasswordSecondPas0"};
  ice_.restart(second, clock_.now());
  EXPECT_EQ("second12", ice_.restart({"third123", "thirdPasswordThirdPassw0"}, clock_.now()).ufrag);
  EXPECT_TRUE(check({}, a_).authentic);
  EXPECT_FALSE(check({.username = "second12:x", .password = second.pwd}, b_).authentic);
}

TEST_F(IceLiteTest, restart_gives_the_new_checks_time) {
  check({}, a_);
  clock_.advance(14s);
  ice_.restart({"fresh123", "freshPasswordFreshPassw0"}, clock_.now());
  EXPECT_EQ(clock_.now() + 15s, ice_.consent_ends());
}

TEST_F(IceLiteTest, consent_ends_fifteen_seconds_after_the_last_authentic_check) {
  check({}, a_);
  const TimePoint first = clock_.now();
  clock_.advance(10s);
  check({.password = "wrong"}, a_);
  EXPECT_EQ(first + 15s, ice_.consent_ends());
  check({}, a_);
  EXPECT_EQ(clock_.now() + 15s, ice_.consent_ends());
}

}  // namespace
}  // namespace gw::media
