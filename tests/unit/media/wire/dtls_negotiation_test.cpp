// Phones that offer DTLS-SRTP (RFC 5763), with or without ICE.
#include "tests/unit/media/wire/offer_answer_rig.h"

namespace gw::media::wire {
namespace {

using test::replaced;

constexpr std::string_view kPrint =
    "AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:"
    "89";

std::string dtls_offer(std::string_view setup = "actpass", std::string_view more = "") {
  return plain_offer(
      "m=audio 4000 UDP/TLS/RTP/SAVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
      "a=fingerprint:sha-256 " +
      std::string(kPrint) + "\r\na=setup:" + std::string(setup) + "\r\n" + std::string(more));
}

LocalStream dtls_side(SrtpPolicy srtp = SrtpPolicy::Offered) {
  LocalStream local = phone_side(kAll, srtp);
  local.fingerprint = {"sha-256", "AA:BB:CC"};
  return local;
}

class DtlsNegotiation : public OfferAnswerTest {};

TEST_F(DtlsNegotiation, a_phone_is_answered_with_our_certificate_and_no_ice) {
  OfferAnswer leg(dtls_side(), random_);
  ok(leg.accept_offer(dtls_offer("actpass",
                                 "a=ice-ufrag:cMhf\r\na=ice-pwd:4SPI7HrMdUJ0ksHn4ocYGW2Y\r\n"
                                 "a=candidate:1 1 udp 2113937151 192.0.2.1 4000 typ host\r\n"
                                 "a=rtcp-mux\r\n")));
  const Sdp answer = parsed(ok(leg.make_answer(Direction::SendRecv)));
  const SdpMedia& m = answer.media.at(0);
  EXPECT_EQ(m.protocol, "UDP/TLS/RTP/SAVP");
  EXPECT_EQ(m.port, 16400);
  ASSERT_EQ(m.fingerprints.size(), 1u);
  EXPECT_EQ(m.fingerprints[0].value, "AA:BB:CC");
  EXPECT_EQ(m.setup, "passive");
  EXPECT_TRUE(m.rtcp_mux);
  EXPECT_TRUE(m.cryptos.empty());
  EXPECT_TRUE(m.ice_ufrag.empty());
  EXPECT_TRUE(m.candidates.empty());
  EXPECT_FALSE(answer.ice_lite);
  const StreamParameters& now = *leg.negotiated();
  ASSERT_TRUE(now.dtls);
  EXPECT_EQ(now.dtls->our_setup, DtlsSetup::Passive);
  ASSERT_EQ(now.dtls->fingerprints.size(), 1u);
  EXPECT_EQ(now.dtls->fingerprints[0].value, kPrint);
  EXPECT_EQ(now.remote_rtp, SocketAddress::parse("192.0.2.1:4000"));
  EXPECT_TRUE(now.rtcp_mux);
  EXPECT_FALSE(now.sdes);
}

TEST_F(DtlsNegotiation, reports_have_their_own_port_unless_mux_was_offered) {
  OfferAnswer leg(dtls_side(), random_);
  ok(leg.accept_offer(dtls_offer()));
  const Sdp answer = parsed(ok(leg.make_answer(Direction::SendRecv)));
  EXPECT_FALSE(answer.media[0].rtcp_mux);
  EXPECT_EQ(leg.negotiated()->remote_rtcp, SocketAddress::parse("192.0.2.1:4001"));
}

TEST_F(DtlsNegotiation, roles_follow_the_offer) {
  const struct {
    const char* offered;
    const char* answered;
    DtlsSetup ours;
  } cases[] = {{"actpass", "passive", DtlsSetup::Passive},
               {"active", "passive", DtlsSetup::Passive},
               {"passive", "active", DtlsSetup::Active}};
  for (const auto& c : cases) {
    OfferAnswer leg(dtls_side(), random_);
    ok(leg.accept_offer(dtls_offer(c.offered)));
    const Sdp answer = parsed(ok(leg.make_answer(Direction::SendRecv)));
    EXPECT_EQ(answer.media[0].setup, c.answered) << c.offered;
    EXPECT_EQ(leg.negotiated()->dtls->our_setup, c.ours) << c.offered;
  }
}

TEST_F(DtlsNegotiation, certificate_and_role_may_stand_at_session_level) {
  const std::string lines =
      "a=fingerprint:sha-256 " + std::string(kPrint) + "\r\na=setup:active\r\n";
  const std::string offer =
      replaced(plain_offer("m=audio 4000 UDP/TLS/RTP/SAVPF 0\r\n"), "m=audio", lines + "m=audio");
  OfferAnswer leg(dtls_side(), random_);
  ok(leg.accept_offer(offer));
  const Sdp answer = parsed(ok(leg.make_answer(Direction::SendRecv)));
  EXPECT_EQ(answer.media[0].protocol, "UDP/TLS/RTP/SAVPF");
  EXPECT_EQ(leg.negotiated()->dtls->fingerprints.at(0).value, kPrint);
}

TEST_F(DtlsNegotiation, what_sets_up_no_dtls_is_not_acceptable) {
  const std::string offers[] = {
      plain_offer("m=audio 4000 UDP/TLS/RTP/SAVP 0\r\na=setup:actpass\r\n"),
      dtls_offer("holdconn")};
  for (const std::string& offer : offers) {
    OfferAnswer leg(dtls_side(), random_);
    const auto refused = leg.accept_offer(offer);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::NotAcceptable);
  }
}

TEST_F(DtlsNegotiation, policy_holds_for_dtls_as_for_sdes) {
  OfferAnswer off(dtls_side(SrtpPolicy::Off), random_);
  EXPECT_FALSE(off.accept_offer(dtls_offer()));
  OfferAnswer required(dtls_side(SrtpPolicy::Required), random_);
  EXPECT_TRUE(required.accept_offer(dtls_offer()));
  EXPECT_TRUE(required.make_answer(Direction::SendRecv));
}

TEST_F(DtlsNegotiation, of_a_plain_and_a_dtls_line_the_encrypted_one_is_taken) {
  const std::string both =
      replaced(dtls_offer(), "m=audio 4000 UDP", "m=audio 4100 RTP/AVP 0\r\nm=audio 4000 UDP");
  OfferAnswer leg(dtls_side(), random_);
  ok(leg.accept_offer(both));
  const Sdp answer = parsed(ok(leg.make_answer(Direction::SendRecv)));
  EXPECT_EQ(answer.media.at(0).port, 0);
  EXPECT_NE(answer.media.at(1).port, 0);
}

TEST_F(DtlsNegotiation, a_reinvite_of_ours_goes_on_with_the_same_association) {
  OfferAnswer leg(dtls_side(), random_);
  ok(leg.accept_offer(dtls_offer("passive")));
  ok(leg.make_answer(Direction::SendRecv));
  const Sdp offer = parsed(ok(leg.make_offer(Direction::SendOnly)));
  EXPECT_EQ(offer.media[0].protocol, "UDP/TLS/RTP/SAVP");
  EXPECT_EQ(offer.media[0].setup, "actpass");
  EXPECT_EQ(offer.media[0].fingerprints.at(0).value, "AA:BB:CC");
  const auto now = ok(leg.accept_answer(dtls_offer("passive", "a=recvonly\r\n")));
  EXPECT_EQ(now.dtls->our_setup, DtlsSetup::Active);
  // RFC 8842 5.3: actpass again asks for no other role.
  ok(leg.accept_offer(dtls_offer("actpass")));
  ok(leg.make_answer(Direction::SendRecv));
  EXPECT_EQ(leg.negotiated()->dtls->our_setup, DtlsSetup::Active);
  ok(leg.make_offer(Direction::SendRecv));
  EXPECT_FALSE(leg.accept_answer(plain_offer()));
}

TEST_F(DtlsNegotiation, our_first_offer_never_speaks_of_dtls) {
  for (const auto policy : {SrtpPolicy::Off, SrtpPolicy::Offered, SrtpPolicy::Required}) {
    OfferAnswer leg(dtls_side(policy), random_);
    const Sdp offer = parsed(ok(leg.make_offer(Direction::SendRecv)));
    EXPECT_TRUE(offer.media[0].fingerprints.empty());
    EXPECT_TRUE(offer.media[0].setup.empty());
    EXPECT_FALSE(leg.accept_answer(dtls_offer("active")));
  }
}

// RFC 8827 6.5: a browser's keys come by DTLS and by nothing else.
TEST_F(DtlsNegotiation, sdes_from_a_browser_is_refused) {
  OfferAnswer leg(browser_side(), random_);
  const auto refused = leg.accept_offer(plain_offer(
      "m=audio 4000 RTP/SAVPF 0\r\na=rtcp-mux\r\n"
      "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:SUKFvzEPzv/Jrwi77sl2MxskJLeju5gWyzT5lVr7\r\n"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::NotAcceptable);
}

}  // namespace
}  // namespace gw::media::wire
