#include "tests/unit/media/wire/offer_answer_rig.h"

namespace gw::media::wire {
namespace {

using test::kBaresipOffer;
using test::kCarrierOffer;

class OurOffer : public OfferAnswerTest {};

TEST_F(OurOffer, our_offer_has_our_order_and_the_usual_numbers) {
  OfferAnswer leg(phone_side({Codec::Pcma, Codec::Opus}), random_);
  const Sdp offer = parsed(ok(leg.make_offer(Direction::SendRecv)));
  ASSERT_EQ(offer.media.size(), 1u);
  const SdpMedia& m = offer.media[0];
  EXPECT_EQ(m.protocol, "RTP/AVP");
  EXPECT_EQ(m.formats, (std::vector<std::string>{"8", "111", "101", "110"}));
  EXPECT_TRUE(m.format(111)->is("opus", 48000));
  EXPECT_EQ(m.format(111)->channels, 2);
  EXPECT_EQ(m.format(101)->fmtp, "0-16");
  EXPECT_TRUE(m.cryptos.empty());
  EXPECT_EQ(m.ptime, 20u);
  OfferAnswer met(phone_side({Codec::Pcma, Codec::Opus}), random_);
  const Sdp first = parsed(ok(met.make_offer(Direction::SendRecv, {Codec::Opus})));
  EXPECT_EQ(first.media[0].formats.front(), "111");
}

TEST_F(OurOffer, the_answers_numbers_are_for_sending_ours_for_receiving) {
  OfferAnswer leg(phone_side(), random_);
  ok(leg.make_offer(Direction::SendRecv));
  const auto now = ok(leg.accept_answer(
      plain_offer("m=audio 4000 RTP/AVP 98 99 0\r\na=rtpmap:98 opus/48000/2\r\na=fmtp:98 "
                  "maxplaybackrate=16000;useinbandfec=1\r\n"
                  "a=rtpmap:99 telephone-event/8000\r\na=maxptime:20\r\n")));
  ASSERT_EQ(now.codecs.size(), 2u);
  EXPECT_EQ(now.codecs[0].codec, Codec::Opus);
  EXPECT_EQ(now.codecs[0].send_payload_type, 98);
  EXPECT_EQ(now.codecs[0].receive_payload_type, 111);
  EXPECT_EQ(now.codecs[0].max_playback_rate, 16000u);
  EXPECT_TRUE(now.codecs[0].fec);
  EXPECT_EQ(now.codecs[1].codec, Codec::Pcmu);
  ASSERT_EQ(now.events.size(), 1u);
  EXPECT_EQ(now.events[0].send_payload_type, 99);
  EXPECT_EQ(now.events[0].receive_payload_type, 101);
}

TEST_F(OurOffer, answers_that_do_not_fit_the_offer_are_refused) {
  const struct {
    const char* why;
    std::string answer;
    ErrorCode code;
  } cases[] = {
      {"rejected", plain_offer("m=audio 0 RTP/AVP 0\r\n"), ErrorCode::NotAcceptable},
      {"no media", plain_offer(""), ErrorCode::Protocol},
      {"video", plain_offer("m=video 4000 RTP/AVP 0\r\n"), ErrorCode::Protocol},
      {"a codec that was not offered", plain_offer("m=audio 4000 RTP/AVP 8\r\n"),
       ErrorCode::NotAcceptable},
      {"SAVP", plain_offer("m=audio 4000 RTP/SAVP 0\r\n"), ErrorCode::NotAcceptable},
      {"a name", plain_offer("m=audio 4000 RTP/AVP 0\r\n", "IP4 x.example"),
       ErrorCode::NotAcceptable},
      {"garbage", "v=0\r\nm=\r\n", ErrorCode::Protocol},
  };
  for (const auto& c : cases) {
    OfferAnswer leg(phone_side({Codec::Pcmu}), random_);
    ok(leg.make_offer(Direction::SendRecv));
    const auto result = leg.accept_answer(c.answer);
    ASSERT_FALSE(result) << c.why;
    EXPECT_EQ(result.error().code, c.code) << c.why;
    EXPECT_EQ(leg.state(), OfferAnswer::State::OfferSent) << c.why;
    EXPECT_EQ(leg.negotiated(), nullptr) << c.why;
    EXPECT_TRUE(leg.accept_answer(plain_offer())) << c.why;  // A good one still counts.
  }
}

TEST_F(OurOffer, a_second_fork_may_answer_the_same_offer) {
  OfferAnswer leg(phone_side(), random_);
  ok(leg.make_offer(Direction::SendRecv));
  ok(leg.accept_answer(plain_offer("m=audio 4000 RTP/AVP 0\r\n")));                   // 183
  const auto now = ok(leg.accept_answer(plain_offer("m=audio 5000 RTP/AVP 8\r\n")));  // 200
  EXPECT_EQ(now.remote_rtp.port(), 5000);
  EXPECT_EQ(now.codecs[0].codec, Codec::Pcma);
  // Not any more once the peer has renegotiated.
  ok(leg.accept_offer(plain_offer()));
  ok(leg.make_answer(Direction::SendRecv));
  EXPECT_FALSE(leg.accept_answer(plain_offer()));
}

TEST_F(OurOffer, late_offer_is_made_by_us_and_answered_in_the_ack) {
  OfferAnswer leg(phone_side(), random_);
  ok(leg.make_offer(Direction::SendRecv));
  EXPECT_EQ(leg.state(), OfferAnswer::State::OfferSent);
  const auto glare = leg.accept_offer(plain_offer());
  ASSERT_FALSE(glare);
  EXPECT_EQ(glare.error().code, ErrorCode::Conflict);
  ok(leg.accept_answer(kCarrierOffer));
  EXPECT_EQ(leg.negotiated()->codecs[0].codec, Codec::Pcma);
}

TEST_F(OurOffer, steps_out_of_turn_are_conflicts) {
  OfferAnswer leg(phone_side(), random_);
  EXPECT_EQ(leg.accept_answer(plain_offer()).error().code, ErrorCode::Conflict);
  EXPECT_EQ(leg.make_answer(Direction::SendRecv).error().code, ErrorCode::Conflict);
  ok(leg.accept_offer(plain_offer()));
  EXPECT_EQ(leg.accept_offer(plain_offer()).error().code, ErrorCode::Conflict);
  EXPECT_EQ(leg.make_offer(Direction::SendRecv).error().code, ErrorCode::Conflict);
  EXPECT_EQ(leg.accept_answer(plain_offer()).error().code, ErrorCode::Conflict);
  ok(leg.make_answer(Direction::SendRecv));
  ok(leg.make_offer(Direction::SendRecv));
  EXPECT_EQ(leg.make_offer(Direction::SendRecv).error().code, ErrorCode::Conflict);
}

TEST_F(OurOffer, rollback_leaves_the_last_negotiation_in_force) {
  OfferAnswer leg(phone_side(), random_);
  leg.rollback();  // Nothing to take back.
  ok(leg.accept_offer(plain_offer()));
  ok(leg.make_answer(Direction::SendRecv));
  ok(leg.make_offer(Direction::SendOnly));
  leg.rollback();
  EXPECT_EQ(leg.state(), OfferAnswer::State::Idle);
  EXPECT_EQ(leg.negotiated()->direction, Direction::SendRecv);
  EXPECT_FALSE(leg.accept_answer(plain_offer()));
  ok(leg.accept_offer(kBaresipOffer));
  leg.rollback();
  EXPECT_EQ(leg.negotiated()->remote_rtp, SocketAddress::parse("192.0.2.1:4000"));
  EXPECT_TRUE(leg.make_offer(Direction::SendRecv));
}

TEST_F(OurOffer, the_version_grows_with_a_change_and_only_then) {
  OfferAnswer leg(phone_side(), random_);
  const Sdp first = parsed(ok(leg.make_offer(Direction::SendRecv)));
  ok(leg.accept_answer(plain_offer()));
  const Sdp refresh = parsed(ok(leg.make_offer(Direction::SendRecv)));
  EXPECT_EQ(refresh.origin.session_id, first.origin.session_id);
  EXPECT_EQ(refresh.origin.version, first.origin.version);
  ok(leg.accept_answer(plain_offer()));
  const Sdp hold = parsed(ok(leg.make_offer(Direction::SendOnly)));
  EXPECT_EQ(hold.origin.version, first.origin.version + 1);
  leg.rollback();
  const Sdp after = parsed(ok(leg.make_offer(Direction::SendOnly)));
  EXPECT_EQ(after.origin.version, first.origin.version + 2);
  EXPECT_EQ(after.origin.session_id, first.origin.session_id);
}

TEST_F(OurOffer, hold_and_refresh_keep_the_codec_in_use) {
  OfferAnswer leg(phone_side({Codec::Opus, Codec::Pcmu, Codec::Pcma}), random_);
  ok(leg.accept_offer(kBaresipOffer));
  ok(leg.make_answer(Direction::SendRecv, {Codec::Pcma}));
  const Sdp offer = parsed(ok(leg.make_offer(Direction::SendOnly)));
  EXPECT_EQ(offer.media[0].formats.front(), "8");
  leg.rollback();
  ok(leg.accept_offer(kBaresipOffer));
  ok(leg.make_answer(Direction::SendRecv));
  EXPECT_EQ(leg.negotiated()->codecs[0].codec, Codec::Pcma);
  // A wish still changes it, and a peer that does not offer it any more.
  const Sdp other = parsed(ok(leg.make_offer(Direction::SendRecv, {Codec::Opus})));
  EXPECT_EQ(other.media[0].formats.front(), "96");
  leg.rollback();
  ok(leg.accept_offer(plain_offer("m=audio 4000 RTP/AVP 0\r\n")));
  ok(leg.make_answer(Direction::SendRecv));
  EXPECT_EQ(leg.negotiated()->codecs[0].codec, Codec::Pcmu);
}

TEST_F(OurOffer, payload_numbers_keep_their_meaning_for_the_session) {
  OfferAnswer leg(phone_side(), random_);
  // The peer calls Opus 101: our usual number of telephone-event.
  ok(leg.accept_offer(plain_offer("m=audio 4000 RTP/AVP 0 101\r\na=rtpmap:101 opus/48000/2\r\n")));
  ok(leg.make_answer(Direction::SendRecv));
  const Sdp offer = parsed(ok(leg.make_offer(Direction::SendRecv)));
  EXPECT_TRUE(offer.media[0].format(101)->is("opus", 48000));
  size_t events = 0;
  for (const SdpFormat& f : offer.media[0].payloads)
    events += f.encoding == "telephone-event" && f.payload_type != 101;
  EXPECT_EQ(events, 2u);
}

}  // namespace
}  // namespace gw::media::wire
