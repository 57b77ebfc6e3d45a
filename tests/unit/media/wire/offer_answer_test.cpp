#include "media/wire/offer_answer.h"

#include <gtest/gtest.h>

#include "tests/unit/media/wire/offer_answer_rig.h"

namespace gw::media::wire {
namespace {

using test::kBaresipOffer;
using test::kCarrierOffer;
using test::kChromiumOffer;
using test::kLinphoneOffer;

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
