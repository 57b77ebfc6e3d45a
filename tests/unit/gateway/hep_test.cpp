#include "gateway/ops/hep.h"

#include <gtest/gtest.h>

namespace gw::ops {
namespace {

std::string hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

HepMessage example() {
  HepMessage message;
  message.from = *SocketAddress::parse("212.202.0.1:12010");
  message.to = *SocketAddress::parse("82.116.0.211:4569");
  message.at = WallTime(std::chrono::seconds(1'311'282'593) + std::chrono::microseconds(512'000));
  message.capture_id = 228;
  message.key = "myhep";
  message.text = "SIP";
  return message;
}

// The layout of the HEP3 specification: "HEP3", the length of all, then chunks of vendor, type,
// length (its own six bytes included) and data, numbers in network order.
TEST(Hep, a_packet_is_laid_out_as_the_specification_has_it) {
  EXPECT_EQ(hex(hep3(example())),
            "48455033"
            "0071"  // HEP3, 113 bytes
            "0000"
            "0001"
            "0007"
            "02"  // IP family: IPv4
            "0000"
            "0002"
            "0007"
            "11"  // IP protocol: UDP
            "0000"
            "0003"
            "000a"
            "d4ca0001"  // From 212.202.0.1
            "0000"
            "0004"
            "000a"
            "527400d3"  // To 82.116.0.211
            "0000"
            "0007"
            "0008"
            "2eea"  // Port 12010
            "0000"
            "0008"
            "0008"
            "11d9"  // Port 4569
            "0000"
            "0009"
            "000a"
            "4e2895a1"  // Seconds: 2011-07-21 21:09:53
            "0000"
            "000a"
            "000a"
            "0007d000"  // Microseconds: 512000
            "0000"
            "000b"
            "0007"
            "01"  // Payload: SIP
            "0000"
            "000c"
            "000a"
            "000000e4"  // Capture id 228
            "0000"
            "000e"
            "000b"
            "6d79686570"  // Key "myhep"
            "0000"
            "000f"
            "0009"
            "534950");
}

TEST(Hep, what_came_over_ipv6_and_tcp_says_so_and_calls_are_told_apart_by_call_id) {
  HepMessage message = example();
  message.from = *SocketAddress::parse("[2001:db8::1]:5060");
  message.to = *SocketAddress::parse("[2001:db8::2]:5061");
  message.stream = true;
  message.key = {};
  message.correlation = "call@x";
  const std::string packet = hex(hep3(message));
  EXPECT_NE(packet.find("0000"
                        "0001"
                        "0007"
                        "0a"
                        "0000"
                        "0002"
                        "0007"
                        "06"),
            std::string::npos);
  EXPECT_NE(packet.find("0000"
                        "0005"
                        "0016"
                        "20010db8000000000000000000000001"),
            std::string::npos);
  EXPECT_NE(packet.find("0000"
                        "0006"
                        "0016"
                        "20010db8000000000000000000000002"),
            std::string::npos);
  EXPECT_NE(packet.find("0000"
                        "0011"
                        "000c" +
                        hex("call@x")),
            std::string::npos);
  EXPECT_EQ(packet.find("0000"
                        "000e"),
            std::string::npos)
      << "no key, no chunk";
}

TEST(Hep, what_does_not_fit_a_datagram_is_no_packet) {
  HepMessage message = example();
  const std::string huge(kMaxHep, 'x');
  message.text = huge;
  EXPECT_TRUE(hep3(message).empty());
}

TEST(Hep, digest_responses_and_srtp_keys_are_covered_and_nothing_else) {
  const std::string message =
      "INVITE sip:1@x SIP/2.0\r\nAuthorization: Digest username=\"101\", Response=\"6629fae4\", "
      "qop=auth\r\nProxy-Authorization: Digest response = abcd,\r\n opaque=\"o\"\r\n\r\n"
      "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0|2^31\r\na=crypto:2 AEAD_AES_128_GCM "
      "INLINE:b3RoZXI=\r\na=sendrecv\r\n";
  const std::string covered = without_secrets(message);
  EXPECT_EQ(covered.size(), message.size()) << "Content-Length stays true";
  for (const char* secret : {"6629fae4", "abcd", "c2VjcmV0", "b3RoZXI="})
    EXPECT_EQ(covered.find(secret), std::string::npos) << secret;
  for (const char* shown : {"username=\"101\"", "\"xxxxxxxx\", qop=auth", "opaque=\"o\"",
                            "inline:xxxxxxxx|2^31", "a=sendrecv"})
    EXPECT_NE(covered.find(shown), std::string::npos) << shown;
  EXPECT_EQ(without_secrets("response="), "response=");
}

}  // namespace
}  // namespace gw::ops
