#include "media/wire/rtp.h"

#include <gtest/gtest.h>

#include "media/wire/demux.h"
#include "tests/unit/support/bytes.h"
#include "tests/unit/support/fixed_random.h"

namespace gw::media::wire {
namespace {

using test::bytes;
using test::from_hex;

TEST(Rtp, reads_header_and_payload) {
  const auto datagram = from_hex("80 80 1234 01020304 a1a2a3a4 ff fe");
  const auto packet = RtpPacket::parse(datagram);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->header.payload_type, 0);
  EXPECT_TRUE(packet->header.marker);
  EXPECT_EQ(packet->header.sequence, 0x1234);
  EXPECT_EQ(packet->header.timestamp, 0x01020304u);
  EXPECT_EQ(packet->header.ssrc, 0xa1a2a3a4u);
  EXPECT_EQ(packet->payload.data(), datagram.data() + 12);
  EXPECT_EQ(packet->payload.size(), 2u);
}

TEST(Rtp, steps_over_csrcs_extension_and_padding) {
  const auto datagram = from_hex(
      "b2 6f 0001 00000002 00000003"
      "11111111 22222222"   // two CSRCs
      "bede 0001 10aa0000"  // one word of extension
      "aabbcc 0002");       // payload, two bytes of padding
  const auto packet = RtpPacket::parse(datagram);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->header.payload_type, 111);
  EXPECT_EQ(packet->extension_profile, 0xbede);
  EXPECT_EQ(packet->extension.size(), 4u);
  EXPECT_EQ(packet->payload_offset, 28u);
  ASSERT_EQ(packet->payload.size(), 3u);
  EXPECT_EQ(packet->payload[2], std::byte{0xcc});
}

TEST(Rtp, refuses_what_does_not_fit_its_own_lengths) {
  const struct {
    const char* why;
    const char* hex;
  } cases[] = {
      {"short", "80 00 0001 00000002 000000"},
      {"version 1", "40 00 0001 00000002 00000003 aa"},
      {"CSRCs past the end", "83 00 0001 00000002 00000003 11111111"},
      {"extension header cut", "90 00 0001 00000002 00000003 bede"},
      {"extension past the end", "90 00 0001 00000002 00000003 bede 0002 00000000"},
      {"padding of nothing", "a0 00 0001 00000002 00000003"},
      {"padding zero", "a0 00 0001 00000002 00000003 aa00"},
      {"padding over the payload", "a0 00 0001 00000002 00000003 aa03"},
  };
  for (const auto& c : cases) EXPECT_FALSE(RtpPacket::parse(from_hex(c.hex))) << c.why;
}

TEST(Rtp, empty_payload_is_a_packet) {
  const auto packet = RtpPacket::parse(from_hex("80 00 0001 00000002 00000003"));
  ASSERT_TRUE(packet);
  EXPECT_TRUE(packet->payload.empty());
}

TEST(Rtp, replaced_header_sits_in_front_of_the_unmoved_payload) {
  auto datagram = from_hex("b1 ef 0001 00000002 00000003 11111111 bede 0001 10aa0000 aabbcc 01");
  const auto packet = RtpPacket::parse(datagram);
  ASSERT_TRUE(packet);
  const std::byte* const payload = packet->payload.data();
  const auto out = replace_rtp_header(
      datagram, *packet,
      {.payload_type = 96, .marker = false, .sequence = 7, .timestamp = 8, .ssrc = 9});
  ASSERT_EQ(out.size(), 15u);
  EXPECT_EQ(out.data() + 12, payload);
  const auto again = RtpPacket::parse(out);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->header.payload_type, 96);
  EXPECT_FALSE(again->header.marker);
  EXPECT_EQ(again->header.sequence, 7);
  EXPECT_EQ(again->header.timestamp, 8u);
  EXPECT_EQ(again->header.ssrc, 9u);
  EXPECT_TRUE(again->extension.empty());
  ASSERT_EQ(again->payload.size(), 3u);
  EXPECT_EQ(again->payload[0], std::byte{0xaa});
}

TEST(Rtp, extended_sequence_crosses_the_wrap_in_both_directions) {
  ExtendedSequence sequence;
  const int64_t first = sequence.extend(65534);
  EXPECT_EQ(sequence.extend(65535), first + 1);
  EXPECT_EQ(sequence.extend(0), first + 2);
  EXPECT_EQ(sequence.extend(3), first + 5);
  EXPECT_EQ(sequence.extend(65533), first - 1);  // Late: does not move the newest.
  EXPECT_EQ(sequence.newest(), first + 5);
  EXPECT_EQ(sequence.extend(4), first + 6);
  EXPECT_EQ(sequence.peek(5), first + 7);
  EXPECT_EQ(sequence.newest(), first + 6);
}

TEST(Rtp, extended_sequence_stays_positive_before_its_first_packet) {
  ExtendedSequence sequence;
  const int64_t first = sequence.extend(1);
  EXPECT_EQ(sequence.extend(65535), first - 2);
  EXPECT_GT(first - 2, 0);
}

TEST(Rtp, extended_timestamp_counts_turns) {
  ExtendedTimestamp timestamp;
  const int64_t first = timestamp.extend(0xffffff00);
  EXPECT_EQ(timestamp.extend(0x60), first + 0x160);
}

TEST(Rtp, random_bytes_never_read_outside) {
  test::FixedRandom random;
  for (int i = 0; i < 20000; ++i) {
    std::vector<std::byte> datagram(random.u32() % 64);
    random.fill(datagram);
    if (!datagram.empty()) datagram[0] = (datagram[0] & std::byte{0x3f}) | std::byte{0x80};
    const auto packet = RtpPacket::parse(datagram);
    if (!packet) continue;
    EXPECT_LE(packet->payload_offset + packet->payload.size(), datagram.size());
  }
}

TEST(Demux, first_byte_tells_the_protocol) {
  const struct {
    int first, second;
    PacketKind kind;
  } cases[] = {
      {0, 1, PacketKind::Stun},     {3, 0, PacketKind::Stun},      {4, 0, PacketKind::Unknown},
      {19, 0, PacketKind::Unknown}, {20, 0, PacketKind::Dtls},     {63, 0, PacketKind::Dtls},
      {64, 0, PacketKind::Unknown}, {127, 0, PacketKind::Unknown}, {128, 0, PacketKind::Rtp},
      {191, 111, PacketKind::Rtp},  {192, 0, PacketKind::Unknown}, {128, 191, PacketKind::Rtp},
      {128, 192, PacketKind::Rtcp}, {128, 200, PacketKind::Rtcp},  {128, 223, PacketKind::Rtcp},
      {128, 224, PacketKind::Rtp},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(kind_of(bytes({c.first, c.second})), c.kind) << c.first << " " << c.second;
  }
  EXPECT_EQ(kind_of(bytes({128})), PacketKind::Unknown);
}

}  // namespace
}  // namespace gw::media::wire
