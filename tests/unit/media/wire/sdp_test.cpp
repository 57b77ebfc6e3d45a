#include "media/wire/sdp.h"

#include <gtest/gtest.h>

#include "tests/unit/media/wire/offers.h"
#include "tests/unit/support/fixed_random.h"

namespace gw::media::wire {
namespace {

using test::kBaresipOffer;
using test::kCarrierOffer;
using test::kChromiumOffer;
using test::kLinphoneOffer;

constexpr std::string_view kHead =
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n";

Sdp parsed(std::string_view text) {
  auto sdp = Sdp::parse(text);
  EXPECT_TRUE(sdp) << (sdp ? "" : sdp.error().detail);
  return sdp ? *sdp : Sdp{};
}

SdpMedia one_media(std::string_view lines) {
  Sdp sdp = parsed(std::string(kHead) + std::string(lines));
  EXPECT_EQ(sdp.media.size(), 1u);
  return sdp.media.empty() ? SdpMedia{} : sdp.media[0];
}

TEST(Sdp, reads_baresips_offer) {
  const Sdp sdp = parsed(kBaresipOffer);
  EXPECT_EQ(sdp.origin.session_id, 3554408799u);
  EXPECT_EQ(sdp.origin.address, "192.0.2.2");
  ASSERT_EQ(sdp.media.size(), 1u);
  const SdpMedia& m = sdp.media[0];
  EXPECT_EQ(m.port, 14874);
  EXPECT_EQ(m.protocol, "RTP/AVP");
  ASSERT_EQ(m.payloads.size(), 4u);
  EXPECT_TRUE(m.payloads[2].is("OPUS", 48000));
  EXPECT_EQ(m.payloads[2].channels, 2);
  EXPECT_EQ(m.payloads[2].fmtp, "stereo=1;sprop-stereo=1");
  EXPECT_EQ(m.ptime, 20u);
  ASSERT_EQ(m.cryptos.size(), 1u);
  EXPECT_EQ(m.cryptos[0].suite, "AES_CM_128_HMAC_SHA1_80");
  EXPECT_EQ(sdp.connection_of(m)->address, "192.0.2.2");
  EXPECT_EQ(sdp.direction_of(m), Direction::SendRecv);
}

TEST(Sdp, reads_linphones_offer_with_video) {
  const Sdp sdp = parsed(kLinphoneOffer);
  ASSERT_EQ(sdp.media.size(), 2u);
  EXPECT_EQ(sdp.media[0].payloads.size(), 8u);
  ASSERT_TRUE(sdp.media[0].rtcp);
  EXPECT_EQ(sdp.media[0].rtcp->port, 7079);
  EXPECT_EQ(sdp.media[1].type, "video");
  EXPECT_TRUE(sdp.media[1].payloads[0].is("VP8", 90000));
}

TEST(Sdp, reads_chromiums_offer) {
  const Sdp sdp = parsed(kChromiumOffer);
  ASSERT_EQ(sdp.bundles.size(), 1u);
  EXPECT_EQ(sdp.bundles[0], std::vector<std::string>{"0"});
  ASSERT_EQ(sdp.media.size(), 1u);
  const SdpMedia& m = sdp.media[0];
  EXPECT_EQ(m.protocol, "UDP/TLS/RTP/SAVPF");
  EXPECT_TRUE(m.rtp());
  EXPECT_TRUE(m.rtcp_mux);
  EXPECT_EQ(m.mid, "0");
  EXPECT_EQ(m.ice_ufrag, "cMhf");
  EXPECT_EQ(m.ice_pwd, "4SPI7HrMdUJ0ksHn4ocYGW2Y");
  ASSERT_EQ(m.fingerprints.size(), 1u);
  EXPECT_EQ(m.fingerprints[0].hash, "sha-256");
  EXPECT_EQ(m.fingerprints[0].value.size(), 95u);
  EXPECT_EQ(m.setup, "actpass");
  ASSERT_EQ(m.candidates.size(), 1u);
  EXPECT_EQ(m.candidates[0].port, 42956);
  EXPECT_TRUE(m.candidates[0].address.ends_with(".local"));
  EXPECT_EQ(m.extmaps.size(), 4u);
  EXPECT_EQ(m.ssrcs.size(), 2u);
  EXPECT_EQ(m.ssrcs[0].ssrc, 4202094205u);
  EXPECT_EQ(m.payloads.size(), 8u);
  EXPECT_EQ(m.payloads[0].fmtp, "minptime=10;useinbandfec=1");
}

TEST(Sdp, static_numbers_have_their_codec_without_an_rtpmap) {
  const SdpMedia m = one_media("m=audio 20000 RTP/AVP 18 8 0 13 96\r\n");
  ASSERT_EQ(m.payloads.size(), 5u);
  EXPECT_TRUE(m.payloads[0].is("G729", 8000));
  EXPECT_TRUE(m.payloads[1].is("PCMA", 8000));
  EXPECT_TRUE(m.payloads[2].is("PCMU", 8000));
  EXPECT_TRUE(m.payloads[3].is("CN", 8000));
  EXPECT_TRUE(m.payloads[4].encoding.empty());
}

TEST(Sdp, sloppy_phones_are_understood) {
  const struct {
    const char* why;
    std::string text;
  } cases[] = {
      {"bare line feeds",
       "v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\nm=audio 4000 RTP/AVP 0\n"},
      {"no line end at the end", std::string(kHead) + "m=audio 4000 RTP/AVP 0"},
      {"blank lines before and behind",
       "\r\n" + std::string(kHead) + "m=audio 4000 RTP/AVP 0\r\n\r\n\r\n"},
      {"no s= and t=",
       "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\n"},
      {"empty s=",
       "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 "
       "RTP/AVP 0\r\n"},
      {"huge session id",
       "v=0\r\no=x 99999999999999999999999 -1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 "
       "192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\n"},
      {"several blanks",
       std::string(kHead) + "m=audio  4000   RTP/AVP  0 \r\na=rtpmap:0  PCMU/8000\r\n"},
      {"small letters",
       std::string(kHead) + "m=AUDIO 4000 rtp/avp 0\r\na=rtpmap:0 pcmu/8000/1\r\n"},
      {"port count", std::string(kHead) + "m=audio 4000/1 RTP/AVP 0\r\n"},
      {"unknown lines",
       std::string(kHead) + "m=audio 4000 RTP/AVP 0\r\ny=1\r\nfoo\r\nX-a=b\r\na=\r\na=x:\r\n"},
      {"a blank behind the colon",
       std::string(kHead) + "m=audio 4000 RTP/AVP 0\r\na=rtpmap: 0 PCMU/8000\r\n"},
      {"TTL in c=",
       "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1/127\r\nt=0 0\r\nm=audio 4000 "
       "RTP/AVP 0\r\n"},
  };
  for (const auto& c : cases) {
    const auto sdp = Sdp::parse(c.text);
    ASSERT_TRUE(sdp) << c.why << ": " << sdp.error().detail;
    ASSERT_EQ(sdp->media.size(), 1u) << c.why;
    EXPECT_EQ(sdp->media[0].port, 4000) << c.why;
    EXPECT_EQ(sdp->media[0].type, "audio") << c.why;
    ASSERT_EQ(sdp->media[0].payloads.size(), 1u) << c.why;
    EXPECT_TRUE(sdp->media[0].payloads[0].is("PCMU", 8000)) << c.why;
    ASSERT_NE(sdp->connection_of(sdp->media[0]), nullptr) << c.why;
    EXPECT_EQ(sdp->connection_of(sdp->media[0])->address, "192.0.2.1") << c.why;
  }
}

TEST(Sdp, what_cannot_be_used_is_refused_whole) {
  std::string many_media(kHead), many_formats(kHead), many_lines(kHead);
  for (int i = 0; i < 40; ++i) many_media += "m=audio 4000 RTP/AVP 0\r\n";
  many_formats += "m=audio 4000 RTP/AVP";
  for (int i = 0; i < 100; ++i) many_formats += " 0";
  for (int i = 0; i < 3000; ++i) many_lines += "a=x\r\n";
  const std::string cases[] = {
      "",
      "\r\n\r\n",
      "hello",
      "o=- 1 1 IN IP4 192.0.2.1\r\nv=0\r\n",
      std::string(kHead) + "m=audio\r\n",
      std::string(kHead) + "m=audio x RTP/AVP 0\r\n",
      std::string(kHead) + "m=audio 65536 RTP/AVP 0\r\n",
      std::string(kHead) + "m=audio -1 RTP/AVP 0\r\n",
      std::string(kHead) + "m=audio 4000\r\n",
      std::string(kHead) + "a=mid:x\ry\r\n",
      std::string(kHead) + std::string("a=tool:x\0y\r\n", 12),
      std::string(kHead) + "a=tool:" + std::string(kMaxSdpLine, 'x') + "\r\n",
      std::string(kMaxSdpSize + 1, 'v'),
      many_media,
      many_formats,
      many_lines,
  };
  for (const std::string& text : cases) {
    const auto sdp = Sdp::parse(text);
    ASSERT_FALSE(sdp) << text.substr(0, 120);
    EXPECT_EQ(sdp.error().code, ErrorCode::Protocol);
  }
}

TEST(Sdp, lists_that_a_peer_fills_are_bounded) {
  std::string text(kHead);
  text += "m=audio 4000 RTP/AVP 0\r\n";
  for (int i = 0; i < 300; ++i) {
    const std::string n = std::to_string(i);
    text += "a=candidate:" + n + " 1 udp 1 192.0.2.1 5000 typ host\r\na=crypto:" + n +
            " X inline:abc\r\n";
    text += "a=ssrc:" + n + " cname:x\r\na=extmap:" + n + " urn:x\r\na=fingerprint:sha-256 AA\r\n";
  }
  const Sdp sdp = parsed(text);
  ASSERT_EQ(sdp.media.size(), 1u);
  EXPECT_EQ(sdp.media[0].candidates.size(), kMaxSdpCandidates);
  EXPECT_EQ(sdp.media[0].cryptos.size(), kMaxSdpCryptos);
  EXPECT_LE(sdp.media[0].ssrcs.size(), 64u);
  EXPECT_LE(sdp.media[0].extmaps.size(), 64u);
  EXPECT_LE(sdp.media[0].fingerprints.size(), 64u);
}

TEST(Sdp, a_streams_own_lines_win_over_the_sessions) {
  const Sdp sdp = parsed(
      "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\na=inactive\r\n"
      "m=audio 4000 RTP/AVP 0\r\nc=IN IP6 2001:db8::7\r\na=sendonly\r\nm=audio 4002 RTP/AVP 0\r\n");
  ASSERT_EQ(sdp.media.size(), 2u);
  EXPECT_EQ(sdp.connection_of(sdp.media[0])->address, "2001:db8::7");
  EXPECT_EQ(sdp.connection_of(sdp.media[0])->address_type, "IP6");
  EXPECT_EQ(sdp.direction_of(sdp.media[0]), Direction::SendOnly);
  EXPECT_EQ(sdp.connection_of(sdp.media[1])->address, "192.0.2.1");
  EXPECT_EQ(sdp.direction_of(sdp.media[1]), Direction::Inactive);
}

TEST(Sdp, odd_packet_times_are_dropped) {
  EXPECT_EQ(one_media("m=audio 4000 RTP/AVP 0\r\na=ptime:20.0\r\n").ptime, 20u);
  for (const char* text : {"0", "-5", "x", "", "99999", "4294967296"}) {
    EXPECT_FALSE(one_media(std::string("m=audio 4000 RTP/AVP 0\r\na=ptime:") + text + "\r\n").ptime)
        << text;
  }
}

TEST(Sdp, numbers_that_are_no_payload_types_do_not_become_one) {
  const SdpMedia m =
      one_media("m=audio 4000 RTP/AVP 0 128 300 -1 x 0\r\na=rtpmap:200 opus/48000/2\r\n");
  EXPECT_EQ(m.formats.size(), 6u);
  ASSERT_EQ(m.payloads.size(), 1u);
}

TEST(Sdp, what_is_written_reads_back_the_same) {
  for (const auto text : {kBaresipOffer, kLinphoneOffer, kChromiumOffer, kCarrierOffer}) {
    const std::string once = parsed(text).to_string();
    EXPECT_EQ(parsed(once).to_string(), once);
  }
}

TEST(Sdp, fmtp_parameters_are_found_by_name) {
  const std::string_view fmtp = "minptime=10; useinbandfec=1;stereo = 0;;x";
  EXPECT_EQ(fmtp_value(fmtp, "minptime"), "10");
  EXPECT_EQ(fmtp_value(fmtp, "UseInbandFec"), "1");
  EXPECT_EQ(fmtp_value(fmtp, "stereo"), "0");
  EXPECT_EQ(fmtp_value(fmtp, "x"), "");
  EXPECT_FALSE(fmtp_value(fmtp, "ptime"));
  EXPECT_FALSE(fmtp_value("", "ptime"));
}

TEST(Sdp, mangled_offers_never_crash_and_never_grow) {
  test::FixedRandom random;
  for (const auto seed : {kBaresipOffer, kLinphoneOffer, kChromiumOffer, kCarrierOffer}) {
    for (int i = 0; i < 1500; ++i) {
      std::string text(seed);
      for (uint32_t n = random.u32() % 12; n > 0; --n) {
        const size_t at = random.u32() % text.size();
        switch (random.u32() % 4) {
          case 0: text[at] = static_cast<char>(random.u32()); break;
          case 1: text.erase(at, random.u32() % 10); break;
          case 2:
            text.insert(at, text.substr(random.u32() % text.size(), random.u32() % 40));
            break;
          default: text.insert(at, "\r\n"); break;
        }
        if (text.empty()) text = "v";
      }
      const auto sdp = Sdp::parse(text);
      if (!sdp) continue;
      const std::string once = sdp->to_string();
      const auto again = Sdp::parse(once);
      ASSERT_TRUE(again) << once;
      EXPECT_EQ(again->to_string(), once);
    }
  }
}

}  // namespace
}  // namespace gw::media::wire
