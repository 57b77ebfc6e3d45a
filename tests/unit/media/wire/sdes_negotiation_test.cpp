#include "tests/unit/media/wire/offer_answer_rig.h"

namespace gw::media::wire {
namespace {

using test::kBaresipOffer;

class SdesNegotiation : public OfferAnswerTest {};

constexpr std::string_view kFourSuites =
    "m=audio 4000 RTP/SAVP 0\r\n"
    "a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:SUKFvzEPzv/Jrwi77sl2MxskJLeju5gWyzT5lVr7|2^31\r\n"
    "a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:SUKFvzEPzv/Jrwi77sl2MxskJLeju5gWyzT5lVr7\r\n"
    "a=crypto:3 AEAD_AES_256_GCM "
    "inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKis=\r\n"
    "a=crypto:7 AEAD_AES_128_GCM inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGw==\r\n";

TEST_F(SdesNegotiation, gcm_is_chosen_first_with_the_offers_tag_and_a_key_of_ours) {
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

TEST_F(SdesNegotiation, crypto_lines_that_we_cannot_do_are_stepped_over) {
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

TEST_F(SdesNegotiation, crypto_in_a_plain_profile_is_taken_if_we_want_srtp) {
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

TEST_F(SdesNegotiation, of_a_secure_and_a_plain_line_policy_chooses) {
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

TEST_F(SdesNegotiation, our_offer_has_crypto_on_tls_legs_and_insists_when_required) {
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

TEST_F(SdesNegotiation, an_answers_crypto_must_be_one_we_offered) {
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

TEST_F(SdesNegotiation, our_key_stays_the_same_through_a_call) {
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

}  // namespace
}  // namespace gw::media::wire
