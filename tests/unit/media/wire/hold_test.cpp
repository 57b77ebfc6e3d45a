#include "tests/unit/media/wire/offer_answer_rig.h"

namespace gw::media::wire {
namespace {

class HoldNegotiation : public OfferAnswerTest {};

TEST_F(HoldNegotiation, directions_are_mirrored_and_cut) {
  const struct {
    const char* peer;
    Direction wanted, answered;
    bool held;
  } cases[] = {
      {"a=sendrecv", Direction::SendRecv, Direction::SendRecv, false},
      {"", Direction::SendRecv, Direction::SendRecv, false},
      {"a=sendonly", Direction::SendRecv, Direction::RecvOnly, true},
      {"a=recvonly", Direction::SendRecv, Direction::SendOnly, false},
      {"a=inactive", Direction::SendRecv, Direction::Inactive, true},
      {"a=sendrecv", Direction::SendOnly, Direction::SendOnly, false},
      {"a=sendrecv", Direction::Inactive, Direction::Inactive, false},
      {"a=sendonly", Direction::SendOnly, Direction::Inactive, true},  // Both hold.
      {"a=recvonly", Direction::RecvOnly, Direction::Inactive, false},
  };
  for (const auto& c : cases) {
    OfferAnswer leg(phone_side(), random_);
    const auto summary = ok(
        leg.accept_offer(plain_offer("m=audio 4000 RTP/AVP 0\r\n" + std::string(c.peer) + "\r\n")));
    EXPECT_EQ(summary.held, c.held) << c.peer;
    const Sdp answer = parsed(ok(leg.make_answer(c.wanted)));
    EXPECT_EQ(answer.media[0].direction, c.answered) << c.peer;
    EXPECT_EQ(leg.negotiated()->direction, c.answered) << c.peer;
    EXPECT_EQ(leg.negotiated()->remote_held, c.held) << c.peer;
  }
}

TEST_F(HoldNegotiation, the_old_hold_by_a_null_address_is_mirrored) {
  for (const char* address : {"IP4 0.0.0.0", "IP6 ::"}) {
    OfferAnswer leg(phone_side(), random_);
    ok(leg.accept_offer(plain_offer()));
    ok(leg.make_answer(Direction::SendRecv));
    const auto summary = ok(leg.accept_offer(plain_offer("m=audio 4000 RTP/AVP 0\r\n", address)));
    EXPECT_TRUE(summary.held);
    EXPECT_EQ(summary.direction, Direction::RecvOnly);
    const Sdp answer = parsed(ok(leg.make_answer(Direction::SendRecv)));
    EXPECT_EQ(answer.media[0].direction, Direction::RecvOnly);
    EXPECT_EQ(answer.media[0].port, 16400);
    EXPECT_EQ(answer.connection->address, "192.0.2.100");
    EXPECT_TRUE(leg.negotiated()->remote_rtp.empty());
    // And back.
    ok(leg.accept_offer(plain_offer()));
    ok(leg.make_answer(Direction::SendRecv));
    EXPECT_FALSE(leg.negotiated()->remote_held);
    EXPECT_EQ(leg.negotiated()->direction, Direction::SendRecv);
  }
}

TEST_F(HoldNegotiation, an_answer_to_our_hold_does_not_hold_us) {
  const struct {
    Direction offered;
    const char* answer;
    Direction ours;
    bool held;
  } cases[] = {
      {Direction::SendOnly, "a=recvonly", Direction::SendOnly, false},
      {Direction::SendOnly, "a=inactive", Direction::Inactive, true},
      {Direction::SendOnly, "a=sendrecv", Direction::SendOnly, false},  // Wrong, and cut.
      {Direction::Inactive, "a=inactive", Direction::Inactive, false},
      {Direction::RecvOnly, "a=sendonly", Direction::RecvOnly, false},
      {Direction::SendRecv, "a=sendonly", Direction::RecvOnly, true},
      {Direction::SendRecv, "a=sendrecv", Direction::SendRecv, false},
  };
  for (const auto& c : cases) {
    OfferAnswer leg(phone_side(), random_);
    ok(leg.make_offer(c.offered));
    const auto now = ok(leg.accept_answer(
        plain_offer("m=audio 4000 RTP/AVP 0\r\n" + std::string(c.answer) + "\r\n")));
    EXPECT_EQ(now.direction, c.ours) << c.answer;
    EXPECT_EQ(now.remote_held, c.held) << c.answer;
  }
}

TEST_F(HoldNegotiation, a_hold_by_the_peer_outlives_our_own_inactive_offer) {
  OfferAnswer leg(phone_side(), random_);
  ok(leg.accept_offer(plain_offer("m=audio 4000 RTP/AVP 0\r\na=sendonly\r\n")));
  ok(leg.make_answer(Direction::SendRecv));
  ok(leg.make_offer(Direction::Inactive));
  EXPECT_TRUE(
      ok(leg.accept_answer(plain_offer("m=audio 4000 RTP/AVP 0\r\na=inactive\r\n"))).remote_held);
}

}  // namespace
}  // namespace gw::media::wire
