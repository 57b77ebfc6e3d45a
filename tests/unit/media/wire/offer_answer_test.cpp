#include "media/wire/offer_answer.h"

#include <gtest/gtest.h>

#include "tests/unit/media/wire/offer_answer_rig.h"

namespace gw::media::wire {
namespace {

using test::kBaresipOffer;
using test::kCarrierOffer;
using test::kChromiumOffer;
using test::kLinphoneOffer;
using test::replaced;

// ---- Answers to phones ----

TEST_F(OfferAnswerTest, baresips_offer_is_answered_in_our_order_with_its_numbers) {
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

TEST_F(OfferAnswerTest, codecs_first_meets_the_other_leg) {
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

TEST_F(OfferAnswerTest, linphones_video_is_rejected_in_its_place) {
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

TEST_F(OfferAnswerTest, g711_takes_only_the_events_on_its_own_clock) {
  OfferAnswer leg(phone_side({Codec::Pcmu}), random_);
  ok(leg.accept_offer(kLinphoneOffer));
  const Sdp answer = parsed(ok(leg.make_answer(Direction::SendRecv)));
  EXPECT_EQ(answer.media[0].formats, (std::vector<std::string>{"0", "100"}));
  ASSERT_EQ(leg.negotiated()->events.size(), 1u);
  EXPECT_EQ(leg.negotiated()->events[0].clock_rate, 8000u);
}

TEST_F(OfferAnswerTest, audio_behind_a_video_line_keeps_its_place) {
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

TEST_F(OfferAnswerTest, unusable_offers_are_not_acceptable) {
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

TEST_F(OfferAnswerTest, ipv6_peers_are_understood) {
  LocalStream local = phone_side();
  local.rtp = *SocketAddress::parse("[2001:db8::100]:16400");
  OfferAnswer leg(local, random_);
  ok(leg.accept_offer(plain_offer("m=audio 4000 RTP/AVP 0\r\n", "IP6 2001:db8::1")));
  const Sdp answer = parsed(ok(leg.make_answer(Direction::SendRecv)));
  EXPECT_EQ(answer.connection->address_type, "IP6");
  EXPECT_EQ(answer.connection->address, "2001:db8::100");
  EXPECT_EQ(leg.negotiated()->remote_rtp, SocketAddress::parse("[2001:db8::1]:4000"));
}

TEST_F(OfferAnswerTest, rtcp_goes_where_the_peer_says) {
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

TEST_F(OfferAnswerTest, packet_time_is_the_peers_within_its_limit) {
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

// ---- Hold ----

TEST_F(OfferAnswerTest, directions_are_mirrored_and_cut) {
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

TEST_F(OfferAnswerTest, the_old_hold_by_a_null_address_is_mirrored) {
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

TEST_F(OfferAnswerTest, an_answer_to_our_hold_does_not_hold_us) {
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

TEST_F(OfferAnswerTest, a_hold_by_the_peer_outlives_our_own_inactive_offer) {
  OfferAnswer leg(phone_side(), random_);
  ok(leg.accept_offer(plain_offer("m=audio 4000 RTP/AVP 0\r\na=sendonly\r\n")));
  ok(leg.make_answer(Direction::SendRecv));
  ok(leg.make_offer(Direction::Inactive));
  EXPECT_TRUE(
      ok(leg.accept_answer(plain_offer("m=audio 4000 RTP/AVP 0\r\na=inactive\r\n"))).remote_held);
}

// ---- Our offers ----

TEST_F(OfferAnswerTest, our_offer_has_our_order_and_the_usual_numbers) {
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

TEST_F(OfferAnswerTest, the_answers_numbers_are_for_sending_ours_for_receiving) {
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

TEST_F(OfferAnswerTest, answers_that_do_not_fit_the_offer_are_refused) {
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

TEST_F(OfferAnswerTest, a_second_fork_may_answer_the_same_offer) {
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

TEST_F(OfferAnswerTest, late_offer_is_made_by_us_and_answered_in_the_ack) {
  OfferAnswer leg(phone_side(), random_);
  ok(leg.make_offer(Direction::SendRecv));
  EXPECT_EQ(leg.state(), OfferAnswer::State::OfferSent);
  const auto glare = leg.accept_offer(plain_offer());
  ASSERT_FALSE(glare);
  EXPECT_EQ(glare.error().code, ErrorCode::Conflict);
  ok(leg.accept_answer(kCarrierOffer));
  EXPECT_EQ(leg.negotiated()->codecs[0].codec, Codec::Pcma);
}

TEST_F(OfferAnswerTest, steps_out_of_turn_are_conflicts) {
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

TEST_F(OfferAnswerTest, rollback_leaves_the_last_negotiation_in_force) {
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

TEST_F(OfferAnswerTest, the_version_grows_with_a_change_and_only_then) {
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

TEST_F(OfferAnswerTest, hold_and_refresh_keep_the_codec_in_use) {
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

TEST_F(OfferAnswerTest, payload_numbers_keep_their_meaning_for_the_session) {
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

// ---- SDES ----

constexpr std::string_view kFourSuites =
    "m=audio 4000 RTP/SAVP 0\r\n"
    "a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:SUKFvzEPzv/Jrwi77sl2MxskJLeju5gWyzT5lVr7|2^31\r\n"
    "a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:SUKFvzEPzv/Jrwi77sl2MxskJLeju5gWyzT5lVr7\r\n"
    "a=crypto:3 AEAD_AES_256_GCM "
    "inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKis=\r\n"
    "a=crypto:7 AEAD_AES_128_GCM inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGw==\r\n";

TEST_F(OfferAnswerTest, gcm_is_chosen_first_with_the_offers_tag_and_a_key_of_ours) {
  OfferAnswer leg(phone_side(kAll, SrtpPolicy::Offered), random_);
  ok(leg.accept_offer(plain_offer(kFourSuites)));
  const Sdp answer = parsed(ok(leg.make_answer(Direction::SendRecv)));
  EXPECT_EQ(answer.media[0].protocol, "RTP/SAVP");
  ASSERT_EQ(answer.media[0].cryptos.size(), 1u);
  EXPECT_EQ(answer.media[0].cryptos[0].tag, 7u);
  EXPECT_EQ(answer.media[0].cryptos[0].suite, "AEAD_AES_128_GCM");
  const auto ours = usable(answer.media[0].cryptos[0]);
  ASSERT_TRUE(ours);
  ASSERT_TRUE(leg.negotiated()->sdes);
  EXPECT_EQ(leg.negotiated()->sdes->suite, SrtpSuite::AeadAes128Gcm);
  EXPECT_EQ(leg.negotiated()->sdes->send, ours->master);
  EXPECT_EQ(leg.negotiated()->sdes->receive.size, 28u);
  EXPECT_EQ(leg.negotiated()->sdes->receive.bytes[27], std::byte{27});
  EXPECT_NE(leg.negotiated()->sdes->send, leg.negotiated()->sdes->receive);
}

TEST_F(OfferAnswerTest, crypto_lines_that_we_cannot_do_are_stepped_over) {
  const struct {
    const char* line;
    bool usable;
  } cases[] = {
      {"AES_CM_128_HMAC_SHA1_80 inline:SUKFvzEPzv/Jrwi77sl2MxskJLeju5gWyzT5lVr7", true},
      {"AES_CM_128_HMAC_SHA1_80 inline:SUKFvzEPzv/Jrwi77sl2MxskJLeju5gWyzT5lVr7|2^48", true},
      {"AES_CM_128_HMAC_SHA1_80 inline:SUKFvzEPzv/Jrwi77sl2MxskJLeju5gWyzT5lVr7 WSH=64", true},
      {"AEAD_AES_128_GCM inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGw", true},  // Without '='.
      {"AES_CM_128_HMAC_SHA1_80 inline:SUKFvzEPzv/Jrwi77sl2MxskJLeju5gWyzT5lVr7|2^20|1:4", false},
      {"AES_CM_128_HMAC_SHA1_80 "
       "inline:SUKFvzEPzv/Jrwi77sl2MxskJLeju5gWyzT5lVr7;inline:SUKFvzEPzv/"
       "Jrwi77sl2MxskJLeju5gWyzT5lVr7",
       false},
      {"AES_CM_128_HMAC_SHA1_80 inline:SUKFvzEPzv/Jrwi77sl2MxskJLeju5gWyzT5lVr7 UNENCRYPTED_SRTP",
       false},
      {"AES_CM_128_HMAC_SHA1_80 inline:SUKFvzEPzv/Jrwi77sl2MxskJLeju5gWyzT5lVr7 KDR=1", false},
      {"AES_CM_128_HMAC_SHA1_80 inline:SUKFvzEPzv", false},
      {"AES_CM_128_HMAC_SHA1_80 inline:!!KFvzEPzv/Jrwi77sl2MxskJLeju5gWyzT5lVr7", false},
      {"AES_CM_128_HMAC_SHA1_80 inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGw==", false},
      {"AES_256_CM_HMAC_SHA1_80 inline:SUKFvzEPzv/Jrwi77sl2MxskJLeju5gWyzT5lVr7", false},
      {"AES_CM_128_HMAC_SHA1_80 SUKFvzEPzv/Jrwi77sl2MxskJLeju5gWyzT5lVr7", false},
  };
  for (const auto& c : cases) {
    OfferAnswer leg(phone_side(kAll, SrtpPolicy::Required), random_);
    const std::string offer =
        plain_offer("m=audio 4000 RTP/SAVP 0\r\na=crypto:1 " + std::string(c.line) + "\r\n");
    EXPECT_EQ(leg.accept_offer(offer).has_value(), c.usable) << c.line;
  }
}

TEST_F(OfferAnswerTest, crypto_in_a_plain_profile_is_taken_if_we_want_srtp) {
  for (const auto& [policy, secure] : {std::pair{SrtpPolicy::Off, false},
                                       {SrtpPolicy::Offered, true},
                                       {SrtpPolicy::Required, true}}) {
    OfferAnswer leg(phone_side(kAll, policy), random_);
    ok(leg.accept_offer(kBaresipOffer));
    const Sdp answer = parsed(ok(leg.make_answer(Direction::SendRecv)));
    EXPECT_EQ(answer.media[0].protocol, "RTP/AVP");
    EXPECT_EQ(answer.media[0].cryptos.size(), secure ? 1u : 0u);
    EXPECT_EQ(leg.negotiated()->sdes.has_value(), secure);
  }
}

TEST_F(OfferAnswerTest, of_a_secure_and_a_plain_line_policy_chooses) {
  const std::string both = plain_offer("m=audio 4000 RTP/AVP 0\r\n" + std::string(kFourSuites));
  const struct {
    SrtpPolicy policy;
    size_t chosen;
  } cases[] = {{SrtpPolicy::Off, 0}, {SrtpPolicy::Offered, 1}, {SrtpPolicy::Required, 1}};
  for (const auto& c : cases) {
    OfferAnswer leg(phone_side(kAll, c.policy), random_);
    ok(leg.accept_offer(both));
    const Sdp answer = parsed(ok(leg.make_answer(Direction::SendRecv)));
    ASSERT_EQ(answer.media.size(), 2u);
    EXPECT_NE(answer.media[c.chosen].port, 0);
    EXPECT_EQ(answer.media[1 - c.chosen].port, 0);
  }
}

TEST_F(OfferAnswerTest, our_offer_has_crypto_on_tls_legs_and_insists_when_required) {
  const struct {
    SrtpPolicy policy;
    bool tls;
    const char* protocol;
    size_t cryptos;
    bool plain_answer_ok;
  } cases[] = {
      {SrtpPolicy::Off, true, "RTP/AVP", 0, true},
      {SrtpPolicy::Offered, false, "RTP/AVP", 0, true},
      {SrtpPolicy::Offered, true, "RTP/AVP", 4, true},
      {SrtpPolicy::Required, true, "RTP/SAVP", 4, false},
  };
  for (const auto& c : cases) {
    LocalStream local = phone_side(kAll, c.policy);
    local.offer_crypto = c.tls;
    OfferAnswer leg(local, random_);
    const Sdp offer = parsed(ok(leg.make_offer(Direction::SendRecv)));
    EXPECT_EQ(offer.media[0].protocol, c.protocol);
    ASSERT_EQ(offer.media[0].cryptos.size(), c.cryptos);
    for (size_t i = 0; i < c.cryptos; ++i) {
      const auto line = usable(offer.media[0].cryptos[i]);
      ASSERT_TRUE(line);
      EXPECT_EQ(line->suite, kSrtpSuites[i]);
      EXPECT_EQ(line->tag, i + 1);
    }
    EXPECT_EQ(leg.accept_answer(plain_offer()).has_value(), c.plain_answer_ok);
  }
}

TEST_F(OfferAnswerTest, an_answers_crypto_must_be_one_we_offered) {
  LocalStream local = phone_side(kAll, SrtpPolicy::Required);
  OfferAnswer leg(local, random_);
  ok(leg.make_offer(Direction::SendRecv));
  const std::string key =
      " AES_CM_128_HMAC_SHA1_80 inline:SUKFvzEPzv/Jrwi77sl2MxskJLeju5gWyzT5lVr7\r\n";
  EXPECT_FALSE(leg.accept_answer(plain_offer("m=audio 4000 RTP/SAVP 0\r\na=crypto:9" + key)));
  EXPECT_FALSE(leg.accept_answer(plain_offer("m=audio 4000 RTP/SAVP 0\r\na=crypto:1" + key)));
  const auto now =
      ok(leg.accept_answer(plain_offer("m=audio 4000 RTP/SAVP 0\r\na=crypto:3" + key)));
  ASSERT_TRUE(now.sdes);
  EXPECT_EQ(now.sdes->suite, SrtpSuite::AesCm128HmacSha1_80);
}

TEST_F(OfferAnswerTest, our_key_stays_the_same_through_a_call) {
  OfferAnswer leg(phone_side(kAll, SrtpPolicy::Offered), random_);
  ok(leg.accept_offer(plain_offer(kFourSuites)));
  ok(leg.make_answer(Direction::SendRecv));
  const SdesPair before = *leg.negotiated()->sdes;
  ok(leg.accept_offer(plain_offer(kFourSuites)));
  ok(leg.make_answer(Direction::RecvOnly));
  EXPECT_EQ(*leg.negotiated()->sdes, before);
  const Sdp offer = parsed(ok(leg.make_offer(Direction::SendRecv)));
  ASSERT_EQ(offer.media[0].cryptos.size(), 1u);
  EXPECT_EQ(offer.media[0].protocol, "RTP/SAVP");
  EXPECT_EQ(usable(offer.media[0].cryptos[0])->master, before.send);
  OfferAnswer other(phone_side(kAll, SrtpPolicy::Offered), random_);
  ok(other.accept_offer(plain_offer(kFourSuites)));
  ok(other.make_answer(Direction::SendRecv));
  EXPECT_NE(other.negotiated()->sdes->send, before.send);
}

// ---- Browsers ----

TEST_F(OfferAnswerTest, chromiums_offer_gets_an_ice_lite_passive_answer) {
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
            "minptime=10;useinbandfec=1;maxplaybackrate=8000;sprop-maxcapturerate=8000;stereo=0");
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

TEST_F(OfferAnswerTest, a_browser_may_pass_g711_through) {
  OfferAnswer leg(browser_side(), random_);
  ok(leg.accept_offer(kChromiumOffer));
  const Sdp answer = parsed(ok(leg.make_answer(Direction::SendRecv, {Codec::Pcmu})));
  EXPECT_EQ(answer.media[0].formats, (std::vector<std::string>{"0", "126"}));
}

TEST_F(OfferAnswerTest, an_ice_restart_is_noticed) {
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

TEST_F(OfferAnswerTest, a_held_browser_has_no_track_of_ours) {
  OfferAnswer leg(browser_side(), random_);
  ok(leg.accept_offer(replaced(kChromiumOffer, "a=sendrecv", "a=recvonly")));
  EXPECT_EQ(parsed(ok(leg.make_answer(Direction::SendRecv))).media[0].msid, "gwcname audio");
  EXPECT_EQ(leg.negotiated()->direction, Direction::SendOnly);
  ok(leg.accept_offer(replaced(kChromiumOffer, "a=sendrecv", "a=inactive")));
  const Sdp answer = parsed(ok(leg.make_answer(Direction::SendRecv)));
  EXPECT_EQ(answer.media[0].direction, Direction::Inactive);
  EXPECT_EQ(answer.media[0].msid, "");
}

TEST_F(OfferAnswerTest, browsers_without_the_means_are_refused) {
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

TEST_F(OfferAnswerTest, credentials_and_fingerprint_may_stand_at_session_level) {
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

// ---- Properties ----

LocalStream any_side(Random& random) {
  LocalStream local = phone_side({});
  for (const Codec codec : kAll) {
    if (random.u32() % 3 != 0)
      local.codecs.insert(local.codecs.begin() + random.u32() % (local.codecs.size() + 1), codec);
  }
  if (local.codecs.empty()) local.codecs.push_back(Codec::Pcmu);
  local.srtp = static_cast<SrtpPolicy>(random.u32() % 3);
  local.offer_crypto = random.u32() % 2 == 0;
  local.rtp = *SocketAddress::parse("192.0.2." + std::to_string(1 + random.u32() % 250),
                                    static_cast<uint16_t>(1024 + 2 * (random.u32() % 30000)));
  local.ptime_ms = 10 * (1 + random.u32() % 6);
  return local;
}

// What one end sends must be what the other expects.
void expect_agreement(const StreamParameters& a, const OfferAnswer& a_side,
                      const StreamParameters& b) {
  ASSERT_FALSE(a.codecs.empty());
  ASSERT_EQ(b.codecs.size(), 1u);
  EXPECT_EQ(a.codecs[0].codec, b.codecs[0].codec);
  EXPECT_EQ(a.codecs[0].send_payload_type, b.codecs[0].receive_payload_type);
  EXPECT_EQ(b.codecs[0].send_payload_type, a.codecs[0].receive_payload_type);
  EXPECT_EQ(a.direction, mirrored(b.direction));
  EXPECT_EQ(b.remote_rtp, a_side.local().rtp);
  EXPECT_EQ(a.sdes.has_value(), b.sdes.has_value());
  if (a.sdes && b.sdes) {
    EXPECT_EQ(a.sdes->suite, b.sdes->suite);
    EXPECT_EQ(a.sdes->send, b.sdes->receive);
    EXPECT_EQ(b.sdes->send, a.sdes->receive);
  }
  ASSERT_EQ(a.events.size(), b.events.size());
  for (size_t i = 0; i < a.events.size(); ++i) {
    EXPECT_EQ(a.events[i].clock_rate, b.events[i].clock_rate);
    EXPECT_EQ(a.events[i].send_payload_type, b.events[i].receive_payload_type);
    EXPECT_EQ(b.events[i].send_payload_type, a.events[i].receive_payload_type);
  }
}

TEST_F(OfferAnswerTest, two_of_us_always_agree_through_any_number_of_rounds) {
  int agreed = 0;
  for (int round = 0; round < 400; ++round) {
    OfferAnswer one(any_side(random_), random_), two(any_side(random_), random_);
    for (int step = 0; step < 6; ++step) {
      OfferAnswer& a = random_.u32() % 2 == 0 ? one : two;
      OfferAnswer& b = &a == &one ? two : one;
      const auto wish = static_cast<Direction>(random_.u32() % 4);
      const std::string offer = ok(a.make_offer(wish, {kAll[random_.u32() % 3]}));
      if (!b.accept_offer(offer)) {
        a.rollback();
        continue;
      }
      if (random_.u32() % 5 == 0) {  // The call layer refuses.
        b.rollback();
        a.rollback();
        continue;
      }
      const std::string answer = ok(b.make_answer(static_cast<Direction>(random_.u32() % 4)));
      const auto result = a.accept_answer(answer);
      if (!result) {
        // Required on one side, plain on the other: the caller ends such a call.
        EXPECT_EQ(a.local().srtp, SrtpPolicy::Required) << result.error().detail;
        break;
      }
      expect_agreement(*a.negotiated(), a, *b.negotiated());
      ++agreed;
    }
  }
  EXPECT_GT(agreed, 500);
}

TEST_F(OfferAnswerTest, mangled_offers_and_answers_never_crash) {
  for (const auto seed : {kBaresipOffer, kLinphoneOffer, kChromiumOffer, kCarrierOffer}) {
    for (int i = 0; i < 800; ++i) {
      std::string text(seed);
      for (uint32_t n = 1 + random_.u32() % 6; n > 0; --n) {
        const size_t at = random_.u32() % text.size();
        if (random_.u32() % 2 == 0) {
          text[at] = static_cast<char>(random_.u32() % 128);
        } else {
          text.insert(at, text.substr(random_.u32() % text.size(), random_.u32() % 60));
        }
      }
      for (const LocalStream& local : {browser_side(), phone_side(kAll, SrtpPolicy::Offered)}) {
        OfferAnswer leg(local, random_);
        if (leg.accept_offer(text)) {
          const auto answer = leg.make_answer(Direction::SendRecv);
          ASSERT_TRUE(answer);
          EXPECT_TRUE(Sdp::parse(*answer)) << *answer;
        }
        OfferAnswer caller(local, random_);
        if (caller.make_offer(Direction::SendRecv)) caller.accept_answer(text);
      }
    }
  }
}

}  // namespace
}  // namespace gw::media::wire
