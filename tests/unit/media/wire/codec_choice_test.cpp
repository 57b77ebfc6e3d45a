// Which codecs an offer or answer names, and what is asked of the peer's Opus.
#include "tests/unit/media/wire/offer_answer_rig.h"

namespace gw::media::wire {
namespace {

using test::kChromiumOffer;

class CodecChoice : public OfferAnswerTest {};

TEST_F(CodecChoice, g722_is_offered_as_8000_under_its_static_number) {
  OfferAnswer leg(phone_side({Codec::G722, Codec::Pcmu}), random_);
  const Sdp offer = parsed(ok(leg.make_offer(Direction::SendRecv)));
  EXPECT_EQ(offer.media[0].formats, (std::vector<std::string>{"9", "0", "101"}));
  EXPECT_TRUE(offer.media[0].payloads[0].is("G722", 8000));
  const auto now =
      ok(leg.accept_answer(plain_offer("m=audio 4000 RTP/AVP 9 101\r\n"
                                       "a=rtpmap:101 telephone-event/8000\r\n")));
  ASSERT_EQ(1u, now.codecs.size());
  EXPECT_EQ(Codec::G722, now.codecs[0].codec);
  EXPECT_EQ(9, now.codecs[0].send_payload_type);
  ASSERT_EQ(1u, now.events.size());
  EXPECT_EQ(8000u, now.events[0].clock_rate);
}

TEST_F(CodecChoice, g722_without_an_rtpmap_is_understood) {
  OfferAnswer leg(phone_side({Codec::G722, Codec::Pcmu}), random_);
  const auto offer = ok(leg.accept_offer(plain_offer("m=audio 4000 RTP/AVP 0 9\r\n")));
  EXPECT_EQ(offer.codecs, (std::vector<Codec>{Codec::Pcmu, Codec::G722}));
  const Sdp answer = parsed(ok(leg.make_answer(Direction::SendRecv)));
  EXPECT_EQ(answer.media[0].formats, (std::vector<std::string>{"9"}));
  EXPECT_EQ(leg.negotiated()->codecs[0].codec, Codec::G722);
}

TEST_F(CodecChoice, a_browser_may_pass_g722_through) {
  OfferAnswer leg(browser_side({Codec::Opus, Codec::G722}), random_);
  ok(leg.accept_offer(kChromiumOffer));
  const Sdp answer = parsed(ok(leg.make_answer(Direction::SendRecv, {Codec::G722})));
  EXPECT_EQ(answer.media[0].formats, (std::vector<std::string>{"9", "13", "126"}));
}

TEST_F(CodecChoice, opus_asks_for_what_the_other_leg_hears) {
  struct Case {
    uint32_t rate;
    const char* fmtp;
  };
  const Case cases[] = {{8000,
                         "minptime=10;useinbandfec=1;maxplaybackrate=8000;sprop-maxcapturerate="
                         "8000;maxaveragebitrate=32000;usedtx=1;stereo=0"},
                        {16000,
                         "minptime=10;useinbandfec=1;maxplaybackrate=16000;sprop-maxcapturerate="
                         "16000;maxaveragebitrate=32000;usedtx=1;stereo=0"},
                        {48000, "minptime=10;useinbandfec=1;stereo=0"}};
  for (const Case& c : cases) {
    OfferAnswer browser(browser_side(), random_);
    browser.set_opus_rate(c.rate);
    ok(browser.accept_offer(kChromiumOffer));
    const Sdp answer = parsed(ok(browser.make_answer(Direction::SendRecv)));
    EXPECT_EQ(c.fmtp, answer.media[0].format(111)->fmtp);
    OfferAnswer phone(phone_side({Codec::Opus}), random_);
    phone.set_opus_rate(c.rate);
    const Sdp offer = parsed(ok(phone.make_offer(Direction::SendRecv)));
    EXPECT_EQ(c.fmtp, offer.media[0].format(111)->fmtp);
  }
}

TEST_F(CodecChoice, opus_is_narrowband_until_the_other_leg_is_known) {
  OfferAnswer leg(phone_side({Codec::Opus}), random_);
  const Sdp offer = parsed(ok(leg.make_offer(Direction::SendRecv)));
  EXPECT_NE(std::string::npos, offer.media[0].format(111)->fmtp.find("maxplaybackrate=8000"));
}

TEST_F(CodecChoice, comfort_noise_is_taken_beside_g711_and_g722_when_it_is_offered) {
  for (const auto& [codec, taken] :
       {std::pair{Codec::Pcmu, true}, {Codec::G722, true}, {Codec::Opus, false}}) {
    OfferAnswer leg(phone_side({codec}), random_);
    ok(
        leg.accept_offer(plain_offer("m=audio 4000 RTP/AVP 0 9 96 13\r\n"
                                     "a=rtpmap:96 opus/48000/2\r\n")));
    const Sdp answer = parsed(ok(leg.make_answer(Direction::SendRecv)));
    EXPECT_EQ(answer.media[0].formats.size(), taken ? 2u : 1u);
    ASSERT_EQ(leg.negotiated()->noise.has_value(), taken);
    if (!taken) continue;
    EXPECT_EQ(answer.media[0].formats[1], "13");
    EXPECT_TRUE(answer.media[0].payloads[1].is("CN", 8000));
    // It stays in our own re-INVITE.
    const Sdp again = parsed(ok(leg.make_offer(Direction::SendOnly)));
    EXPECT_NE(again.media[0].format(13), nullptr);
  }
}

TEST_F(CodecChoice, our_first_offer_has_no_comfort_noise_and_takes_none) {
  OfferAnswer leg(phone_side({Codec::Pcmu}), random_);
  const Sdp offer = parsed(ok(leg.make_offer(Direction::SendRecv)));
  EXPECT_EQ(offer.media[0].format(13), nullptr);
  EXPECT_FALSE(ok(leg.accept_answer(plain_offer("m=audio 4000 RTP/AVP 0 13\r\n"))).noise);
}

TEST_F(CodecChoice, a_peer_of_opus_may_ask_for_gaps_in_place_of_silence) {
  for (const std::string_view wanted : {"0", "1"}) {
    std::string lines = "m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 usedtx=";
    lines.append(wanted).append("\r\n");
    OfferAnswer leg(phone_side({Codec::Opus}), random_);
    ok(leg.accept_offer(plain_offer(lines)));
    ok(leg.make_answer(Direction::SendRecv));
    EXPECT_EQ(leg.negotiated()->codecs[0].dtx, wanted == "1");
  }
}

}  // namespace
}  // namespace gw::media::wire
