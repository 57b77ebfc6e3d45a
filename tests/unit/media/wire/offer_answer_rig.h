#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "media/wire/offer_answer.h"
#include "tests/unit/media/wire/offers.h"
#include "tests/unit/support/fixed_random.h"

namespace gw::media::wire {

// One leg's negotiation, the peer's side given as text.

inline const std::vector<Codec> kAll{Codec::Pcmu, Codec::Pcma, Codec::Opus};

inline LocalStream phone_side(std::vector<Codec> codecs = kAll, SrtpPolicy srtp = SrtpPolicy::Off) {
  LocalStream local;
  local.codecs = std::move(codecs);
  local.rtp = *SocketAddress::parse("192.0.2.100:16400");
  local.srtp = srtp;
  return local;
}

inline LocalStream browser_side(std::vector<Codec> codecs = {Codec::Opus, Codec::Pcmu}) {
  LocalStream local = phone_side(std::move(codecs));
  local.kind = PeerKind::Browser;
  local.rtp = *SocketAddress::parse("192.0.2.100:40000");
  local.candidates = {*SocketAddress::parse("[2001:db8::100]:40000")};
  local.tcp_candidates = {*SocketAddress::parse("192.0.2.100:40000")};
  local.ice = {"uFrA", "0123456789012345678901"};
  local.fingerprint = {"sha-256", "AA:BB:CC"};
  local.ssrc = 12345;
  local.cname = "gwcname";
  return local;
}

template <class T>
T ok(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << result.error().detail;
    return T{};
  }
  return std::move(*result);
}

inline Sdp parsed(const std::string& text) {
  return ok(Sdp::parse(text));
}

inline std::string plain_offer(
    std::string_view lines =
        "m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n",
    std::string_view address = "IP4 192.0.2.1") {
  return "v=0\r\no=- 1 1 IN " + std::string(address) + "\r\ns=-\r\nc=IN " + std::string(address) +
         "\r\nt=0 0\r\n" + std::string(lines);
}

class OfferAnswerTest : public testing::Test {
 protected:
  test::FixedRandom random_;
};

}  // namespace gw::media::wire
