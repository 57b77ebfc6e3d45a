#include "media/wire/rtcp.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/support/bytes.h"
#include "tests/unit/support/fixed_random.h"

namespace gw::media::wire {
namespace {

using test::from_hex;

TEST(Rtcp, what_is_written_is_read_back) {
  const ReportBlock block{0x11223344, 25, -3, 0x00010005, 99, 0xabcdef01, 65536};
  RtcpReport report;
  report.ssrc = 0xa1b2c3d4;
  report.sender = SenderInfo{0x0123456789abcdefULL, 8000, 50, 8000};
  report.blocks = {&block, 1};
  report.cname = "gw-1";
  report.bye = true;
  std::array<std::byte, kMaxRtcpReport> buffer;
  const size_t size = write_rtcp(buffer, report);
  ASSERT_GT(size, 0u);
  ASSERT_EQ(size % 4, 0u);

  const auto read = RtcpCompound::parse(std::span(buffer).first(size));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->ssrc, report.ssrc);
  ASSERT_TRUE(read->sender);
  EXPECT_EQ(read->sender->ntp, report.sender->ntp);
  EXPECT_EQ(read->sender->rtp_timestamp, 8000u);
  EXPECT_EQ(read->sender->packets, 50u);
  EXPECT_EQ(read->sender->octets, 8000u);
  ASSERT_EQ(read->block_count, 1u);
  EXPECT_EQ(read->blocks[0].ssrc, block.ssrc);
  EXPECT_EQ(read->blocks[0].fraction_lost, 25);
  EXPECT_EQ(read->blocks[0].cumulative_lost, -3);
  EXPECT_EQ(read->blocks[0].highest_sequence, 0x00010005u);
  EXPECT_EQ(read->blocks[0].jitter, 99u);
  EXPECT_EQ(read->blocks[0].last_sr, 0xabcdef01u);
  EXPECT_EQ(read->blocks[0].delay_since_last_sr, 65536u);
  EXPECT_EQ(read->cname, "gw-1");
  ASSERT_EQ(read->bye_count, 1u);
  EXPECT_EQ(read->byes[0], report.ssrc);
}

VoipMetrics metrics() {
  VoipMetrics m;
  m.ssrc = 0x11223344;
  m.loss_rate = 13;
  m.discard_rate = 2;
  m.burst_density = 100;
  m.gap_density = 1;
  m.burst_ms = 260;
  m.gap_ms = 4000;
  m.round_trip_ms = 151;
  m.end_system_ms = 20;
  m.rating = 78;
  m.listening_mos = 41;
  m.conversation_mos = 39;
  m.receiver = 0xf0;
  m.buffer_ms = 40;
  m.buffer_most_ms = 60;
  m.buffer_limit_ms = 120;
  return m;
}

TEST(Rtcp, voip_metrics_are_read_as_they_were_written) {
  RtcpReport report;
  report.ssrc = 7;
  report.cname = "gw";
  report.voip = metrics();
  report.bye = true;
  std::array<std::byte, kMaxRtcpReport> buffer;
  const size_t size = write_rtcp(buffer, report);
  ASSERT_GT(size, 0u);
  EXPECT_EQ(write_rtcp(std::span(buffer).first(size - 1), report), 0u);
  const auto read = RtcpCompound::parse(std::span(buffer).first(size));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->voip, metrics());
  EXPECT_EQ(read->bye_count, 1u);
}

// RFC 3611 4.7, byte by byte, behind a receiver reference time block (4.4) that we do not use.
TEST(Rtcp, voip_metrics_are_as_on_the_wire) {
  const auto read = RtcpCompound::parse(
      from_hex("80cf000d 00000007 04000002 0123456789abcdef "
               "07000008 11223344 0d026401 01040fa0 00970014 7f7f7f10 4e7f2927 f0000028 003c0078"));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->voip, metrics());
}

TEST(Rtcp, extended_reports_whose_lengths_lie_are_refused) {
  EXPECT_FALSE(RtcpCompound::parse(from_hex("80cf0002 00000007 07000008")));
  EXPECT_FALSE(RtcpCompound::parse(from_hex("80cf0002 00000007 07000001")));
  // A VoIP block of another length is one we do not know.
  const auto read = RtcpCompound::parse(from_hex("80cf0003 00000007 07000001 11223344"));
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->voip);
}

TEST(Rtcp, receiver_report_carries_no_sender) {
  RtcpReport report;
  report.ssrc = 5;
  report.cname = "c";
  std::array<std::byte, 64> buffer;
  const size_t size = write_rtcp(buffer, report);
  ASSERT_GT(size, 0u);
  EXPECT_EQ(buffer[1], std::byte{201});
  const auto read = RtcpCompound::parse(std::span(buffer).first(size));
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->sender);
  EXPECT_EQ(read->bye_count, 0u);
}

TEST(Rtcp, every_cname_length_is_padded_to_a_word) {
  std::array<std::byte, kMaxRtcpReport> buffer;
  for (size_t length = 0; length <= 300; ++length) {
    const std::string cname(length, 'x');
    RtcpReport report;
    report.cname = cname;
    const size_t size = write_rtcp(buffer, report);
    ASSERT_GT(size, 0u);
    const auto read = RtcpCompound::parse(std::span(buffer).first(size));
    ASSERT_TRUE(read) << length;
    EXPECT_EQ(read->cname.size(), std::min<size_t>(length, 255));
  }
}

TEST(Rtcp, nothing_is_written_into_too_small_a_buffer) {
  std::array<std::byte, kMaxRtcpReport> buffer;
  const ReportBlock block;
  RtcpReport report;
  report.sender = SenderInfo{};
  report.blocks = {&block, 1};
  report.cname = "abc";
  report.bye = true;
  const size_t size = write_rtcp(buffer, report);
  EXPECT_EQ(write_rtcp(std::span(buffer).first(size - 1), report), 0u);
  EXPECT_EQ(write_rtcp(std::span(buffer).first(size), report), size);
}

TEST(Rtcp, unknown_packets_between_known_ones_are_stepped_over) {
  const auto read =
      RtcpCompound::parse(from_hex("80c90001 00000007"            // empty RR
                                   "81cd0002 00000007 00000008 "  // transport feedback
                                   "80cf0001 00000007"            // XR
                                   "81cb0001 00000007"));         // BYE
  ASSERT_TRUE(read);
  EXPECT_EQ(read->ssrc, 7u);
  EXPECT_EQ(read->bye_count, 1u);
  EXPECT_EQ(read->feedbacks, 1u);
}

TEST(Rtcp, refuses_lengths_that_lie) {
  const struct {
    const char* why;
    const char* hex;
  } cases[] = {
      {"four bytes", "80c90000"},
      {"version", "40c90001 00000007"},
      {"longer than the datagram", "80c90002 00000007"},
      {"second packet cut", "80c90001 00000007 80cb"},
      {"SR without sender information", "80c80001 00000007"},
      {"block count without blocks", "81c90001 00000007"},
      {"BYE count without sources", "82cb0001 00000007"},
      {"SDES item past the end", "81ca0002 00000007 01ff6161"},
      {"SDES without an end", "81ca0002 00000007 01026161"},
      {"SDES chunk missing", "82ca0002 00000007 00000000"},
      {"padding of zero", "a0c90002 00000007 00000000"},
      {"padding past the start", "a0c90002 00000007 0000000c"},
      {"padding that is no last packet", "a0c90002 00000007 00000004 80c90001 00000007"},
  };
  for (const auto& c : cases) EXPECT_FALSE(RtcpCompound::parse(from_hex(c.hex))) << c.why;
}

TEST(Rtcp, padding_of_the_last_packet_is_cut_off) {
  EXPECT_TRUE(RtcpCompound::parse(from_hex("a0c90002 00000007 00000004")));
}

TEST(Rtcp, more_blocks_than_we_keep_are_dropped_not_overrun) {
  std::vector<ReportBlock> blocks(31);
  for (size_t i = 0; i < blocks.size(); ++i) blocks[i].ssrc = static_cast<uint32_t>(i);
  RtcpReport report;
  report.blocks = blocks;
  std::array<std::byte, kMaxRtcpReport> buffer;
  const size_t size = write_rtcp(buffer, report);
  const auto read = RtcpCompound::parse(std::span(buffer).first(size));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->block_count, RtcpCompound::kMaxBlocks);
  EXPECT_EQ(read->blocks[7].ssrc, 7u);
}

TEST(Rtcp, ntp_time_counts_from_1900) {
  // 1970-01-01 00:00:01.5
  const WallTime wall{1500ms};
  EXPECT_EQ(to_ntp(wall), (uint64_t{2'208'988'801} << 32) | 0x80000000u);
  EXPECT_EQ(ntp_middle(0x1122334455667788ULL), 0x33445566u);
}

TEST(Rtcp, short_durations_round_trip) {
  EXPECT_EQ(to_ntp_short(1s), 65536u);
  EXPECT_EQ(to_ntp_short(-1s), 0u);
  EXPECT_EQ(to_ntp_short(std::chrono::hours(48)), 0xffffffffu);
  EXPECT_EQ(from_ntp_short(65536), Duration(1s));
  EXPECT_NEAR(static_cast<double>(from_ntp_short(to_ntp_short(123ms)).count()), 123e6, 2e4);
}

TEST(Rtcp, random_bytes_never_crash) {
  test::FixedRandom random;
  for (int i = 0; i < 50000; ++i) {
    std::vector<std::byte> datagram(4 * (random.u32() % 20));
    random.fill(datagram);
    for (size_t at = 0; at + 4 <= datagram.size(); at += 4 * (1 + random.u32() % 4)) {
      datagram[at] = (datagram[at] & std::byte{0x1f}) | std::byte{0x80};
      datagram[at + 1] = std::byte(200 + random.u32() % 8);
      datagram[at + 2] = std::byte{0};
      datagram[at + 3] = std::byte(random.u32() % 8);
    }
    RtcpCompound::parse(datagram);
  }
}

}  // namespace
}  // namespace gw::media::wire
