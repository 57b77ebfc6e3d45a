#include "tests/unit/media/wire/offer_answer_rig.h"

namespace gw::media::wire {
namespace {

using test::kBaresipOffer;
using test::kLinphoneOffer;

class AnswerToPhone : public OfferAnswerTest {};

TEST_F(AnswerToPhone, baresips_offer_is_answered_in_our_order_with_its_numbers) {
  OfferAnswer leg(phone_side({Codec::Opus, Codec::Pcma}), random_);
  const OfferSummary summary = ok(leg.accept_offer(kBaresipOffer));
  EXPECT_EQ(summary.codecs, (std::vector<Codec>{Codec::Pcma, Codec::Opus}));  // The peer's order.
  EXPECT_FALSE(summary.held);
  const Sdp answer = parsed(ok(leg.make_answer(Direction::SendRecv)));
  ASSERT_EQ(answer.media.size(), 1u);
  const SdpMedia& m = answer.media[0];
  EXPECT_EQ(m.protocol, "RTP/AVP");
  EXPECT_EQ(m.port, 16400);
  EXPECT_EQ(m.formats, (std::vector<std::string>{"96", "101"}));
  EXPECT_TRUE(m.payloads[0].is("opus", 48000));
  EXPECT_TRUE(m.payloads[1].is("telephone-event", 8000));
  EXPECT_TRUE(m.cryptos.empty());  // SRTP is off.
  EXPECT_EQ(answer.connection->address, "192.0.2.100");

  const StreamParameters* now = leg.negotiated();
  ASSERT_NE(now, nullptr);
  ASSERT_EQ(now->codecs.size(), 1u);
  EXPECT_EQ(now->codecs[0].codec, Codec::Opus);
  EXPECT_EQ(now->codecs[0].send_payload_type, 96);
  EXPECT_EQ(now->codecs[0].receive_payload_type, 96);
  ASSERT_EQ(now->events.size(), 1u);
  EXPECT_EQ(now->events[0].send_payload_type, 101);
  EXPECT_EQ(now->remote_rtp, SocketAddress::parse("192.0.2.2:14874"));
  EXPECT_EQ(now->remote_rtcp, SocketAddress::parse("192.0.2.2:14875"));
  EXPECT_EQ(now->ptime, Duration(20ms));
  EXPECT_FALSE(now->sdes);
}

TEST_F(AnswerToPhone, codecs_first_meets_the_other_leg) {
  OfferAnswer leg(phone_side(), random_);
  ok(leg.accept_offer(kBaresipOffer));
  ok(leg.make_answer(Direction::SendRecv, {Codec::Pcma}));
  EXPECT_EQ(leg.negotiated()->codecs[0].codec, Codec::Pcma);
  // A codec that the leg may not use does not come in by this door.
  OfferAnswer narrow(phone_side({Codec::Pcmu}), random_);
  ok(narrow.accept_offer(kBaresipOffer));
  ok(narrow.make_answer(Direction::SendRecv, {Codec::Opus}));
  EXPECT_EQ(narrow.negotiated()->codecs[0].codec, Codec::Pcmu);
}

TEST_F(AnswerToPhone, linphones_video_is_rejected_in_its_place) {
  OfferAnswer leg(phone_side({Codec::Opus}), random_);
  ok(leg.accept_offer(kLinphoneOffer));
  const Sdp answer = parsed(ok(leg.make_answer(Direction::SendRecv)));
  ASSERT_EQ(answer.media.size(), 2u);
  EXPECT_EQ(answer.media[0].protocol, "RTP/AVPF");
  EXPECT_EQ(answer.media[1].type, "video");
  EXPECT_EQ(answer.media[1].port, 0);
  EXPECT_EQ(answer.media[1].formats, std::vector<std::string>{"96"});
  // Opus: the events on its own clock first, then those at 8 kHz.
  ASSERT_EQ(leg.negotiated()->events.size(), 2u);
  EXPECT_EQ(leg.negotiated()->events[0].clock_rate, 48000u);
  EXPECT_EQ(leg.negotiated()->events[0].send_payload_type, 101);
  EXPECT_EQ(leg.negotiated()->events[1].send_payload_type, 100);
  EXPECT_TRUE(leg.negotiated()->codecs[0].fec);
}

TEST_F(AnswerToPhone, g711_takes_only_the_events_on_its_own_clock) {
  OfferAnswer leg(phone_side({Codec::Pcmu}), random_);
  ok(leg.accept_offer(kLinphoneOffer));
  const Sdp answer = parsed(ok(leg.make_answer(Direction::SendRecv)));
  EXPECT_EQ(answer.media[0].formats, (std::vector<std::string>{"0", "100"}));
  ASSERT_EQ(leg.negotiated()->events.size(), 1u);
  EXPECT_EQ(leg.negotiated()->events[0].clock_rate, 8000u);
}

TEST_F(AnswerToPhone, audio_behind_a_video_line_keeps_its_place) {
  OfferAnswer leg(phone_side(), random_);
  ok(leg.accept_offer(
      plain_offer("m=video 5000 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\nm=audio 4000 RTP/AVP 0\r\n"
                  "m=image 6000 udptl t38\r\n")));
  const Sdp answer = parsed(ok(leg.make_answer(Direction::SendRecv)));
  ASSERT_EQ(answer.media.size(), 3u);
  EXPECT_EQ(answer.media[0].port, 0);
  EXPECT_EQ(answer.media[1].port, 16400);
  EXPECT_EQ(answer.media[2].port, 0);
  EXPECT_EQ(answer.media[2].protocol, "UDPTL");
  // Our own re-offer keeps them too.
  const Sdp offer = parsed(ok(leg.make_offer(Direction::SendOnly)));
  ASSERT_EQ(offer.media.size(), 3u);
  EXPECT_EQ(offer.media[0].port, 0);
  EXPECT_EQ(offer.media[1].direction, Direction::SendOnly);
}

TEST_F(AnswerToPhone, unusable_offers_are_not_acceptable) {
  const struct {
    const char* why;
    std::string offer;
    SrtpPolicy srtp = SrtpPolicy::Offered;
    ErrorCode code = ErrorCode::NotAcceptable;
  } cases[] = {
      {"no media", plain_offer("")},
      {"no audio", plain_offer("m=video 4000 RTP/AVP 96\r\n")},
      {"audio rejected already", plain_offer("m=audio 0 RTP/AVP 0\r\n")},
      {"no codec in common", plain_offer("m=audio 4000 RTP/AVP 18 9 101\r\n")},
      {"only events",
       plain_offer("m=audio 4000 RTP/AVP 101\r\na=rtpmap:101 telephone-event/8000\r\n")},
      {"unknown transport", plain_offer("m=audio 4000 TCP/RTP/AVP 0\r\n")},
      {"DTLS from a phone", plain_offer("m=audio 4000 UDP/TLS/RTP/SAVP 0\r\n")},
      {"SAVP without crypto", plain_offer("m=audio 4000 RTP/SAVP 0\r\n")},
      {"SAVP with an unknown suite",
       plain_offer("m=audio 4000 RTP/SAVP 0\r\na=crypto:1 F8_128_HMAC_SHA1_80 "
                   "inline:SUKFvzEPzv/Jrwi77sl2MxskJLeju5gWyzT5lVr7\r\n")},
      {"SAVP, but srtp is off",
       plain_offer("m=audio 4000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 "
                   "inline:SUKFvzEPzv/Jrwi77sl2MxskJLeju5gWyzT5lVr7\r\n"),
       SrtpPolicy::Off},
      {"plain, but srtp is required", plain_offer(), SrtpPolicy::Required},
      {"a name in c=", plain_offer("m=audio 4000 RTP/AVP 0\r\n", "IP4 phone.example.com")},
      {"no c=", "v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n",
       SrtpPolicy::Off, ErrorCode::Protocol},
      {"IPv6 called IP4", plain_offer("m=audio 4000 RTP/AVP 0\r\n", "IP4 2001:db8::1"),
       SrtpPolicy::Off, ErrorCode::Protocol},
      {"no SDP", "hello", SrtpPolicy::Off, ErrorCode::Protocol},
  };
  for (const auto& c : cases) {
    OfferAnswer leg(phone_side(kAll, c.srtp), random_);
    const auto summary = leg.accept_offer(c.offer);
    ASSERT_FALSE(summary) << c.why;
    EXPECT_EQ(summary.error().code, c.code) << c.why;
    EXPECT_EQ(leg.state(), OfferAnswer::State::Idle) << c.why;
    EXPECT_FALSE(leg.make_answer(Direction::SendRecv)) << c.why;
  }
}

TEST_F(AnswerToPhone, ipv6_peers_are_understood) {
  LocalStream local = phone_side();
  local.rtp = *SocketAddress::parse("[2001:db8::100]:16400");
  OfferAnswer leg(local, random_);
  ok(leg.accept_offer(plain_offer("m=audio 4000 RTP/AVP 0\r\n", "IP6 2001:db8::1")));
  const Sdp answer = parsed(ok(leg.make_answer(Direction::SendRecv)));
  EXPECT_EQ(answer.connection->address_type, "IP6");
  EXPECT_EQ(answer.connection->address, "2001:db8::100");
  EXPECT_EQ(leg.negotiated()->remote_rtp, SocketAddress::parse("[2001:db8::1]:4000"));
}

TEST_F(AnswerToPhone, rtcp_goes_where_the_peer_says) {
  const struct {
    const char* lines;
    const char* rtcp;
    bool mux;
  } cases[] = {
      {"", "192.0.2.1:4001", false},
      {"a=rtcp:5005\r\n", "192.0.2.1:5005", false},
      {"a=rtcp:5005 IN IP4 192.0.2.9\r\n", "192.0.2.9:5005", false},
      {"a=rtcp:5005 IN IP4 some.name\r\n", "192.0.2.1:5005", false},
      {"a=rtcp-mux\r\n", "192.0.2.1:4000", true},
      {"a=rtcp-mux\r\na=rtcp:4001\r\n", "192.0.2.1:4000", true},
  };
  for (const auto& c : cases) {
    OfferAnswer leg(phone_side(), random_);
    ok(leg.accept_offer(plain_offer("m=audio 4000 RTP/AVP 0\r\n" + std::string(c.lines))));
    const Sdp answer = parsed(ok(leg.make_answer(Direction::SendRecv)));
    EXPECT_EQ(leg.negotiated()->remote_rtcp, SocketAddress::parse(c.rtcp)) << c.lines;
    EXPECT_EQ(leg.negotiated()->rtcp_mux, c.mux);
    EXPECT_EQ(answer.media[0].rtcp_mux, c.mux);
  }
}

TEST_F(AnswerToPhone, packet_time_is_the_peers_within_its_limit) {
  const struct {
    const char* lines;
    Codec codec;
    int ms;
  } cases[] = {
      {"", Codec::Pcmu, 20},
      {"a=ptime:30\r\n", Codec::Pcmu, 30},
      {"a=ptime:30\r\n", Codec::Opus, 20},
      {"a=ptime:60\r\na=maxptime:40\r\n", Codec::Opus, 40},
      {"a=maxptime:10\r\n", Codec::Pcmu, 10},
      {"a=ptime:25\r\n", Codec::Pcmu, 20},
      {"a=ptime:5\r\n", Codec::Pcmu, 10},
      {"a=ptime:200\r\n", Codec::Pcmu, 60},
      {"a=ptime:0\r\n", Codec::Pcmu, 20},
  };
  for (const auto& c : cases) {
    OfferAnswer leg(phone_side({c.codec}), random_);
    ok(leg.accept_offer(plain_offer("m=audio 4000 RTP/AVP 0 96\r\na=rtpmap:96 opus/48000/2\r\n" +
                                    std::string(c.lines))));
    const Sdp answer = parsed(ok(leg.make_answer(Direction::SendRecv)));
    EXPECT_EQ(leg.negotiated()->ptime, Duration(std::chrono::milliseconds(c.ms))) << c.lines;
    EXPECT_EQ(answer.media[0].ptime, static_cast<uint32_t>(c.ms)) << c.lines;
  }
}

}  // namespace
}  // namespace gw::media::wire
