#include "tests/unit/media/wire/offer_answer_rig.h"

namespace gw::media::wire {
namespace {

using test::kChromiumOffer;
using test::replaced;

class BrowserAnswer : public OfferAnswerTest {};

TEST_F(BrowserAnswer, chromiums_offer_gets_an_ice_lite_passive_answer) {
  OfferAnswer leg(browser_side(), random_);
  const auto summary = ok(leg.accept_offer(kChromiumOffer));
  EXPECT_EQ(summary.codecs, (std::vector<Codec>{Codec::Opus, Codec::Pcmu}));
  EXPECT_FALSE(summary.held);  // Its 0.0.0.0 is a placeholder.
  EXPECT_FALSE(summary.ice_restart);
  const std::string text = ok(leg.make_answer(Direction::SendRecv));
  const Sdp answer = parsed(text);
  EXPECT_TRUE(answer.ice_lite);
  ASSERT_EQ(answer.bundles.size(), 1u);
  EXPECT_EQ(answer.bundles[0], std::vector<std::string>{"0"});
  ASSERT_EQ(answer.media.size(), 1u);
  const SdpMedia& m = answer.media[0];
  EXPECT_EQ(m.protocol, "UDP/TLS/RTP/SAVPF");
  EXPECT_EQ(m.port, 40000);
  EXPECT_EQ(m.mid, "0");
  EXPECT_TRUE(m.rtcp_mux);
  EXPECT_EQ(m.setup, "passive");
  EXPECT_EQ(m.ice_ufrag, "uFrA");
  EXPECT_EQ(m.ice_pwd, "0123456789012345678901");
  EXPECT_EQ(m.fingerprints[0].value, "AA:BB:CC");
  EXPECT_EQ(m.formats, (std::vector<std::string>{"111", "110", "126"}));
  EXPECT_EQ(m.format(111)->fmtp,
            "minptime=10;useinbandfec=1;maxplaybackrate=8000;sprop-maxcapturerate=8000;"
            "maxaveragebitrate=32000;usedtx=1;stereo=0");
  ASSERT_EQ(m.candidates.size(), 3u);
  EXPECT_EQ(m.candidates[0].address, "192.0.2.100");
  EXPECT_EQ(m.candidates[1].address, "2001:db8::100");
  EXPECT_GT(m.candidates[0].priority, m.candidates[1].priority);
  EXPECT_EQ(m.candidates[0].priority, 2130706431u);
  EXPECT_EQ(m.candidates[2].transport, "tcp");
  EXPECT_EQ(m.candidates[2].tcptype, "passive");
  EXPECT_EQ(m.candidates[2].address, "192.0.2.100");
  EXPECT_EQ(m.candidates[2].port, 40000);
  EXPECT_LT(m.candidates[2].priority, m.candidates[1].priority);
  EXPECT_TRUE(m.end_of_candidates);
  EXPECT_EQ(m.msid, "gwcname audio");
  ASSERT_EQ(m.ssrcs.size(), 1u);
  EXPECT_EQ(m.ssrcs[0].ssrc, 12345u);
  EXPECT_TRUE(m.extmaps.empty());
  EXPECT_EQ(text.find("rtcp-fb"), text.npos);

  const StreamParameters* now = leg.negotiated();
  ASSERT_TRUE(now->dtls);
  EXPECT_EQ(now->dtls->our_setup, DtlsSetup::Passive);
  EXPECT_EQ(now->dtls->fingerprints.at(0).hash, "sha-256");
  ASSERT_TRUE(now->remote_ice);
  EXPECT_EQ(now->remote_ice->ufrag, "cMhf");
  EXPECT_TRUE(now->rtcp_mux);
  EXPECT_TRUE(now->remote_rtp.empty());
  EXPECT_EQ(now->remote_ssrcs, std::vector<uint32_t>{4202094205u});
  EXPECT_EQ(now->events.at(0).clock_rate, 48000u);
  EXPECT_EQ(now->events.at(1).send_payload_type, 126);
}

TEST_F(BrowserAnswer, a_browser_may_pass_g711_through) {
  OfferAnswer leg(browser_side(), random_);
  ok(leg.accept_offer(kChromiumOffer));
  const Sdp answer = parsed(ok(leg.make_answer(Direction::SendRecv, {Codec::Pcmu})));
  EXPECT_EQ(answer.media[0].formats, (std::vector<std::string>{"0", "13", "126"}));
}

TEST_F(BrowserAnswer, an_ice_restart_is_noticed) {
  OfferAnswer leg(browser_side(), random_);
  ok(leg.accept_offer(kChromiumOffer));
  ok(leg.make_answer(Direction::SendRecv));
  EXPECT_FALSE(ok(leg.accept_offer(kChromiumOffer)).ice_restart);
  ok(leg.make_answer(Direction::SendRecv));
  const std::string restarted = replaced(kChromiumOffer, "a=ice-ufrag:cMhf", "a=ice-ufrag:newU");
  EXPECT_TRUE(ok(leg.accept_offer(restarted)).ice_restart);
  leg.set_local_ice({"next", "abcdefghijklmnopqrstuv"});
  const Sdp answer = parsed(ok(leg.make_answer(Direction::SendRecv)));
  EXPECT_EQ(answer.media[0].ice_ufrag, "next");
  EXPECT_TRUE(leg.negotiated()->ice_restart);
  EXPECT_EQ(leg.negotiated()->remote_ice->ufrag, "newU");
}

TEST_F(BrowserAnswer, a_held_browser_has_no_track_of_ours) {
  OfferAnswer leg(browser_side(), random_);
  ok(leg.accept_offer(replaced(kChromiumOffer, "a=sendrecv", "a=recvonly")));
  EXPECT_EQ(parsed(ok(leg.make_answer(Direction::SendRecv))).media[0].msid, "gwcname audio");
  EXPECT_EQ(leg.negotiated()->direction, Direction::SendOnly);
  ok(leg.accept_offer(replaced(kChromiumOffer, "a=sendrecv", "a=inactive")));
  const Sdp answer = parsed(ok(leg.make_answer(Direction::SendRecv)));
  EXPECT_EQ(answer.media[0].direction, Direction::Inactive);
  EXPECT_EQ(answer.media[0].msid, "");
}

TEST_F(BrowserAnswer, browsers_without_the_means_are_refused) {
  const struct {
    const char* what;
    const char* with;
  } cases[] = {
      {"a=fingerprint:sha-256 D5", "a=x:"},
      {"a=ice-ufrag:cMhf", "a=ice-ufrag:c"},
      {"a=ice-pwd:4SPI7HrMdUJ0ksHn4ocYGW2Y", "a=ice-pwd:short"},
      {"a=rtcp-mux", "a=x"},
      {"a=setup:actpass", "a=setup:passive"},
      {"UDP/TLS/RTP/SAVPF", "RTP/AVP"},
      {"m=audio 9 ", "m=audio 0 "},
  };
  for (const auto& c : cases) {
    OfferAnswer leg(browser_side(), random_);
    const auto result = leg.accept_offer(replaced(kChromiumOffer, c.what, c.with));
    ASSERT_FALSE(result) << c.what;
    EXPECT_EQ(result.error().code, ErrorCode::NotAcceptable) << c.what;
  }
  OfferAnswer leg(browser_side(), random_);
  EXPECT_EQ(leg.make_offer(Direction::SendRecv).error().code, ErrorCode::InvalidArgument);
}

TEST_F(BrowserAnswer, credentials_and_fingerprint_may_stand_at_session_level) {
  // Firefox writes the fingerprint there.
  const std::string_view print =
      "a=fingerprint:sha-256 "
      "D5:8B:9D:89:00:02:86:AC:0E:26:48:88:64:EC:70:13:81:11:B5:6F:C3:46:55:30:C9:46:05:10:FB:4E:"
      "87:50\r\n";
  const std::string moved =
      replaced(replaced(kChromiumOffer, print, ""), "t=0 0\r\n", "t=0 0\r\n" + std::string(print));
  OfferAnswer leg(browser_side(), random_);
  ok(leg.accept_offer(moved));
  ok(leg.make_answer(Direction::SendRecv));
  EXPECT_EQ(leg.negotiated()->dtls->fingerprints.size(), 1u);
}

}  // namespace
}  // namespace gw::media::wire
