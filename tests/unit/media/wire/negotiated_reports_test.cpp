// What offers and answers say of RTCP and of telephone-event.
#include <gtest/gtest.h>

#include "media/wire/offer_answer.h"
#include "tests/unit/media/wire/offers.h"
#include "tests/unit/support/fixed_random.h"

namespace gw::media::wire {
namespace {

LocalStream phone_side() {
  LocalStream local;
  local.codecs = {Codec::Pcmu, Codec::Pcma, Codec::Opus};
  local.rtp = *SocketAddress::parse("192.0.2.100:16400");
  return local;
}

std::string offer_of(std::string_view lines, std::string_view session_lines = "") {
  return "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n" +
         std::string(session_lines) +
         "m=audio 4000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n" + std::string(lines);
}

class NegotiatedReports : public testing::Test {
 protected:
  std::string answer(const std::string& offer) {
    EXPECT_TRUE(ours_.accept_offer(offer));
    return ours_.make_answer(Direction::SendRecv).value_or("refused");
  }

  test::FixedRandom random_;
  OfferAnswer ours_{phone_side(), random_};
};

TEST_F(NegotiatedReports, voip_metrics_are_agreed_when_they_are_offered_at_either_level) {
  for (const bool session : {false, true}) {
    const std::string line = "a=rtcp-xr:rcvr-rtt=all:10000 stat-summary=loss voip-metrics\r\n";
    OfferAnswer ours(phone_side(), random_);
    ASSERT_TRUE(ours.accept_offer(session ? offer_of("", line) : offer_of(line)));
    const auto sdp = ours.make_answer(Direction::SendRecv);
    ASSERT_TRUE(sdp);
    EXPECT_NE(sdp->find("a=rtcp-xr:voip-metrics\r\n"), std::string::npos);
    EXPECT_TRUE(ours.negotiated()->voip_metrics);
  }
}

TEST_F(NegotiatedReports, extended_reports_of_other_kinds_are_not_promised) {
  const std::string sdp = answer(offer_of("a=rtcp-xr:rcvr-rtt=all voip-metricsx\r\n"));
  EXPECT_EQ(sdp.find("rtcp-xr"), std::string::npos);
  EXPECT_FALSE(ours_.negotiated()->voip_metrics);
}

TEST_F(NegotiatedReports, we_offer_rtcp_mux_and_take_either_answer) {
  for (const bool agreed : {true, false}) {
    OfferAnswer ours(phone_side(), random_);
    const auto offer = ours.make_offer(Direction::SendRecv);
    ASSERT_TRUE(offer);
    EXPECT_NE(offer->find("a=rtcp-mux\r\n"), std::string::npos);
    const auto result = ours.accept_answer(offer_of(agreed ? "a=rtcp-mux\r\n" : ""));
    ASSERT_TRUE(result);
    EXPECT_EQ(result->rtcp_mux, agreed);
    EXPECT_EQ(result->remote_rtcp.port(), agreed ? 4000 : 4001);
    // A re-INVITE says what was agreed.
    // The next offer says the same as the first: a refresh is no change.
    EXPECT_NE(ours.make_offer(Direction::SendRecv)->find("a=rtcp-mux"), std::string::npos);
  }
}

TEST_F(NegotiatedReports, rtcp_mux_is_answered_when_it_is_offered_and_only_then) {
  EXPECT_NE(answer(offer_of("a=rtcp-mux\r\n")).find("a=rtcp-mux"), std::string::npos);
  OfferAnswer other(phone_side(), random_);
  ASSERT_TRUE(other.accept_offer(offer_of("")));
  EXPECT_EQ(other.make_answer(Direction::SendRecv)->find("a=rtcp-mux"), std::string::npos);
}

TEST_F(NegotiatedReports,
       a_leg_whose_keys_go_another_way_neither_offers_nor_answers_telephone_event) {
  LocalStream local = phone_side();
  local.events = false;
  OfferAnswer offers(local, random_);
  EXPECT_EQ(offers.make_offer(Direction::SendRecv)->find("telephone-event"), std::string::npos);
  OfferAnswer answers(local, random_);
  ASSERT_TRUE(answers.accept_offer(offer_of("")));
  EXPECT_EQ(answers.make_answer(Direction::SendRecv)->find("telephone-event"), std::string::npos);
  EXPECT_TRUE(answers.negotiated()->events.empty());
}

}  // namespace
}  // namespace gw::media::wire
