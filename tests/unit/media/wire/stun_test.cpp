#include "media/wire/stun.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/support/bytes.h"
#include "tests/unit/support/fixed_random.h"

namespace gw::media::wire {
namespace {

using test::from_hex;

// RFC 5769 2.1: sample request with long-standing keys.
const char* const kSampleRequest =
    "00 01 00 58 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae"
    "80 22 00 10 53 54 55 4e 20 74 65 73 74 20 63 6c 69 65 6e 74"
    "00 24 00 04 6e 00 01 ff"
    "80 29 00 08 93 2f f9 b1 51 26 3b 36"
    "00 06 00 09 65 76 74 6a 3a 68 36 76 59 20 20 20"
    "00 08 00 14 9a ea a7 0c bf d8 cb 56 78 1e f2 b5 b2 d3 f2 49 c1 b5 71 a2"
    "80 28 00 04 e5 7a 3b cf";
// RFC 5769 2.2: its IPv4 response.
const char* const kSampleResponse =
    "01 01 00 3c 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae"
    "80 22 00 0b 74 65 73 74 20 76 65 63 74 6f 72 20"
    "00 20 00 08 00 01 a1 47 e1 12 a6 43"
    "00 08 00 14 2b 91 f5 99 fd 9e 90 c3 8c 74 89 f9 2a f9 ba 53 f0 6b e7 d7"
    "80 28 00 04 c0 7d 4c 96";
// RFC 5769 2.3: its IPv6 response.
const char* const kSampleResponse6 =
    "01 01 00 48 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae"
    "80 22 00 0b 74 65 73 74 20 76 65 63 74 6f 72 20"
    "00 20 00 14 00 02 a1 47 01 13 a9 fa a5 d3 f1 79 bc 25 f4 b5 be d2 b9 d9"
    "00 08 00 14 a3 82 95 4e 4b e6 7b f1 17 84 c9 7c 82 92 c2 75 bf e3 ed 41"
    "80 28 00 04 c8 fb 0b 4c";
const char* const kSamplePassword = "VOkJxbRl1RmTxUk/WvJxBt";

TEST(Stun, reads_the_request_of_rfc_5769) {
  const auto datagram = from_hex(kSampleRequest);
  const auto message = StunMessage::parse(datagram);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->type, StunType::BindingRequest);
  EXPECT_EQ(message->username, "evtj:h6vY");
  EXPECT_EQ(message->priority, 0x6e0001ffu);
  EXPECT_EQ(message->controlled, 0x932ff9b151263b36ULL);
  EXPECT_FALSE(message->controlling);
  EXPECT_FALSE(message->use_candidate);
  EXPECT_FALSE(message->unknown_required);
  EXPECT_TRUE(message->fingerprint);
  EXPECT_TRUE(message->authentic(kSamplePassword));
  EXPECT_FALSE(message->authentic("VOkJxbRl1RmTxUk/WvJxBT"));
  EXPECT_FALSE(message->authentic(""));
}

TEST(Stun, reads_the_responses_of_rfc_5769) {
  const auto datagram = from_hex(kSampleResponse);
  const auto message = StunMessage::parse(datagram);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->type, StunType::BindingSuccess);
  EXPECT_EQ(message->xor_mapped, SocketAddress::parse("192.0.2.1:32853"));
  EXPECT_TRUE(message->authentic(kSamplePassword));

  const auto datagram6 = from_hex(kSampleResponse6);
  const auto message6 = StunMessage::parse(datagram6);
  ASSERT_TRUE(message6);
  EXPECT_EQ(message6->xor_mapped,
            SocketAddress::parse("[2001:db8:1234:5678:11:2233:4455:6677]:32853"));
  EXPECT_TRUE(message6->authentic(kSamplePassword));
}

TEST(Stun, one_changed_bit_anywhere_is_noticed) {
  const auto good = from_hex(kSampleRequest);
  for (size_t i = 0; i < good.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      auto datagram = good;
      datagram[i] ^= std::byte(1 << bit);
      const auto message = StunMessage::parse(datagram);
      EXPECT_FALSE(message && message->fingerprint) << i;
    }
  }
}

TEST(Stun, success_carries_the_address_of_the_asker) {
  for (const char* text : {"203.0.113.9:40001", "[2001:db8::9]:40001"}) {
    const auto mapped = SocketAddress::parse(text);
    ASSERT_TRUE(mapped);
    StunTransactionId transaction;
    transaction.fill(std::byte{0x5a});
    std::array<std::byte, 200> buffer;
    const size_t size = write_stun_success(buffer, transaction, *mapped, "password-password-1");
    ASSERT_GT(size, 0u);
    const auto message = StunMessage::parse(std::span(buffer).first(size));
    ASSERT_TRUE(message);
    EXPECT_EQ(message->type, StunType::BindingSuccess);
    EXPECT_EQ(message->transaction, transaction);
    EXPECT_EQ(message->xor_mapped, mapped);
    EXPECT_TRUE(message->fingerprint);
    EXPECT_TRUE(message->authentic("password-password-1"));
    EXPECT_EQ(write_stun_success(std::span(buffer).first(size - 1), transaction, *mapped, "p"), 0u);
  }
}

TEST(Stun, errors_name_their_code) {
  for (const uint16_t code : {400, 401, 420, 487}) {
    std::array<std::byte, 200> buffer;
    const size_t size = write_stun_error(buffer, {}, code, "");
    const auto message = StunMessage::parse(std::span(buffer).first(size));
    ASSERT_TRUE(message);
    EXPECT_EQ(message->type, StunType::BindingError);
    EXPECT_EQ(message->error_code, code);
    EXPECT_FALSE(message->has_integrity());
  }
}

TEST(Stun, requests_of_a_controlling_agent_are_read_back) {
  StunRequest request;
  request.transaction.fill(std::byte{7});
  request.username = "ours:theirs";
  request.password = "0123456789012345678901";
  request.use_candidate = true;
  request.controlling = 0x1122334455667788ULL;
  std::array<std::byte, 300> buffer;
  const size_t size = write_stun_request(buffer, request);
  const auto message = StunMessage::parse(std::span(buffer).first(size));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->username, "ours:theirs");
  EXPECT_TRUE(message->use_candidate);
  EXPECT_EQ(message->controlling, request.controlling);
  EXPECT_TRUE(message->authentic(request.password));
}

TEST(Stun, attributes_behind_the_integrity_are_not_believed) {
  StunRequest request;
  request.username = "a:b";
  request.password = "0123456789012345678901";
  std::array<std::byte, 300> buffer{};
  size_t size = write_stun_request(buffer, request) - 8;  // Without FINGERPRINT.
  buffer[size + 1] = std::byte{0x25};                     // USE-CANDIDATE
  buffer[size] = buffer[size + 2] = buffer[size + 3] = std::byte{0};
  size += 4;
  buffer[3] = static_cast<std::byte>(size - 20);
  const auto message = StunMessage::parse(std::span(buffer).first(size));
  ASSERT_TRUE(message);
  EXPECT_TRUE(message->authentic(request.password));
  EXPECT_FALSE(message->use_candidate);
}

TEST(Stun, unknown_attributes_that_must_be_understood_are_told) {
  const auto required = from_hex("0001 0004 2112a442 000000000000000000000000 7abc0000");
  const auto optional = from_hex("0001 0004 2112a442 000000000000000000000000 babc0000");
  ASSERT_TRUE(StunMessage::parse(required));
  EXPECT_TRUE(StunMessage::parse(required)->unknown_required);
  ASSERT_TRUE(StunMessage::parse(optional));
  EXPECT_FALSE(StunMessage::parse(optional)->unknown_required);
}

TEST(Stun, refuses_what_is_no_binding_message) {
  const struct {
    const char* why;
    const char* hex;
  } cases[] = {
      {"short", "0001 0000 2112a442 0000000000000000000000"},
      {"cookie", "0001 0000 2112a443 000000000000000000000000"},
      {"another method", "0003 0000 2112a442 000000000000000000000000"},
      {"length over", "0001 0004 2112a442 000000000000000000000000"},
      {"length under", "0001 0000 2112a442 000000000000000000000000 80220000"},
      {"length odd", "0001 0003 2112a442 000000000000000000000000 802200"},
      {"attribute over", "0001 0008 2112a442 000000000000000000000000 00060005 61616161"},
      {"priority of two bytes", "0001 0008 2112a442 000000000000000000000000 00240002 61616161"},
      {"integrity of four bytes", "0001 0008 2112a442 000000000000000000000000 00080004 61616161"},
      {"wrong fingerprint", "0001 0008 2112a442 000000000000000000000000 80280004 61616161"},
  };
  for (const auto& c : cases) EXPECT_FALSE(StunMessage::parse(from_hex(c.hex))) << c.why;
}

TEST(Stun, random_bytes_never_crash) {
  test::FixedRandom random;
  const auto good = from_hex(kSampleRequest);
  for (int i = 0; i < 30000; ++i) {
    auto datagram = good;
    for (uint32_t n = random.u32() % 6; n > 0; --n) {
      datagram[random.u32() % datagram.size()] = static_cast<std::byte>(random.u32());
    }
    datagram.resize(datagram.size() - 8);  // No fingerprint to stop it.
    datagram[2] = std::byte{0};
    datagram[3] = static_cast<std::byte>(datagram.size() - 20);
    if (const auto message = StunMessage::parse(datagram)) message->authentic(kSamplePassword);
  }
}

}  // namespace
}  // namespace gw::media::wire
