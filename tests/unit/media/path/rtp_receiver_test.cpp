#include "media/path/rtp_receiver.h"

#include <gtest/gtest.h>

#include "tests/unit/support/manual_clock.h"

namespace gw::media {
namespace {

using Verdict = RtpReceiver::Verdict;

class RtpReceiverTest : public ::testing::Test {
 protected:
  RtpReceiver::Arrival arrive(uint16_t sequence, uint32_t ssrc = 1, bool timed = true) {
    const auto header = wire::RtpHeader{0, false, sequence, sequence * 160u, ssrc};
    return receiver_.accept(header, 8000, timed, clock_.now());
  }
  RtpReceiver::Arrival tick(uint16_t sequence, uint32_t ssrc = 1) {
    clock_.advance(20ms);
    return arrive(sequence, ssrc);
  }

  test::ManualClock clock_;
  RtpReceiver receiver_;
};

TEST_F(RtpReceiverTest, counts_what_is_missing_and_takes_it_back_when_it_comes_late) {
  for (const uint16_t s : {10, 11, 14, 15}) EXPECT_EQ(Verdict::Accepted, tick(s).verdict);
  EXPECT_EQ(2u, receiver_.lost());
  EXPECT_EQ(Verdict::Accepted, tick(13).verdict);
  EXPECT_EQ(1u, receiver_.lost());
}

TEST_F(RtpReceiverTest, same_packet_again_is_a_duplicate_in_any_order) {
  for (const uint16_t s : {1, 2, 3, 4}) tick(s);
  EXPECT_EQ(Verdict::Duplicate, tick(4).verdict);
  EXPECT_EQ(Verdict::Duplicate, tick(1).verdict);
  EXPECT_EQ(4u, receiver_.packets());
}

TEST_F(RtpReceiverTest, sequence_wraps_without_loss) {
  int64_t before = 0;
  for (uint32_t s = 65000; s < 65536 + 500; ++s) {
    const auto arrival = tick(static_cast<uint16_t>(s));
    ASSERT_EQ(Verdict::Accepted, arrival.verdict);
    if (s > 65000) {
      ASSERT_EQ(before + 1, arrival.sequence);
    }
    before = arrival.sequence;
  }
  EXPECT_EQ(0u, receiver_.lost());
  EXPECT_EQ(0x10000u + 499u, receiver_.report(clock_.now())->highest_sequence);
}

TEST_F(RtpReceiverTest, one_stray_packet_of_another_source_is_refused) {
  tick(1);
  EXPECT_EQ(Verdict::OtherSource, tick(900, 2).verdict);
  EXPECT_EQ(Verdict::Accepted, tick(2).verdict);
  EXPECT_EQ(Verdict::OtherSource, tick(901, 2).verdict);
  EXPECT_EQ(Verdict::Accepted, tick(3).verdict);
  EXPECT_EQ(1u, receiver_.ssrc());
  EXPECT_EQ(0u, receiver_.lost());
}

TEST_F(RtpReceiverTest, source_that_goes_on_alone_is_followed_from_its_second_packet) {
  tick(1);
  EXPECT_EQ(Verdict::OtherSource, tick(500, 2).verdict);
  const auto arrival = tick(501, 2);
  EXPECT_EQ(Verdict::Accepted, arrival.verdict);
  EXPECT_TRUE(arrival.restarted);
  EXPECT_FALSE(tick(502, 2).restarted);
}

TEST_F(RtpReceiverTest, after_a_silence_another_source_is_followed_at_once) {
  tick(1);
  clock_.advance(100ms);
  EXPECT_TRUE(arrive(7, 2).restarted);
}

TEST_F(RtpReceiverTest, far_jump_of_the_sequence_is_a_new_beginning_only_when_it_goes_on) {
  for (uint16_t s = 1; s < 10; ++s) tick(s);
  EXPECT_EQ(Verdict::TooOld, tick(30000).verdict);
  EXPECT_EQ(Verdict::Accepted, tick(10).verdict);
  EXPECT_EQ(Verdict::TooOld, tick(40000).verdict);
  const auto arrival = tick(40001);
  EXPECT_EQ(Verdict::Accepted, arrival.verdict);
  EXPECT_TRUE(arrival.restarted);
  EXPECT_EQ(0u, receiver_.lost());
}

// RFC 3550 A.1: MAX_MISORDER. A phone that begins anew a little lower must not be silent until it
// is back where it was.
TEST_F(RtpReceiverTest, sequence_that_begins_anew_lower_is_followed_from_its_second_packet) {
  for (uint16_t s = 2000; s < 2010; ++s) tick(s);
  EXPECT_EQ(Verdict::TooOld, tick(500).verdict);
  EXPECT_TRUE(tick(501).restarted);
  EXPECT_EQ(Verdict::Accepted, tick(502).verdict);
}

TEST_F(RtpReceiverTest, after_a_gap_of_a_whole_turn_no_packet_is_taken_for_an_old_one) {
  for (const uint16_t back : {1, 40, 90, 2000}) {
    for (uint16_t s = 10000; s < 10100; ++s) tick(s);
    clock_.advance(20 * 60s);
    const auto arrival = tick(static_cast<uint16_t>(10099 - back));
    EXPECT_EQ(Verdict::Accepted, arrival.verdict) << back;
    EXPECT_TRUE(arrival.restarted) << back;
    clock_.advance(5s);
  }
}

TEST_F(RtpReceiverTest, jitter_follows_rfc_3550) {
  for (uint16_t s = 1; s <= 200; ++s) {
    clock_.advance(s % 2 == 0 ? 30ms : 10ms);
    arrive(s);
  }
  EXPECT_NEAR(10.0, static_cast<double>(receiver_.jitter().count()) / 1e6, 0.5);
}

TEST_F(RtpReceiverTest, pause_of_the_sender_is_no_jitter) {
  for (uint16_t s = 1; s <= 50; ++s) tick(s);
  clock_.advance(60s);
  for (uint16_t s = 51; s <= 60; ++s) tick(s);
  EXPECT_LT(receiver_.jitter(), 1ms);
}

TEST_F(RtpReceiverTest, report_tells_the_fraction_since_the_last_one_and_the_sum) {
  for (uint16_t s = 1; s <= 100; ++s) {
    if (s % 4 != 0) tick(s);
  }
  const auto first = receiver_.report(clock_.now());
  EXPECT_NEAR(64, first->fraction_lost, 3);
  EXPECT_EQ(24, first->cumulative_lost);  // 100 was lost too, but nothing came after it.
  for (uint16_t s = 101; s <= 200; ++s) tick(s);
  const auto second = receiver_.report(clock_.now());
  EXPECT_LE(second->fraction_lost, 3);
  EXPECT_EQ(25, second->cumulative_lost);
}

TEST_F(RtpReceiverTest, report_maps_the_senders_own_report) {
  tick(1);
  receiver_.on_sender_report(1, 0x1234567890abcdefULL, clock_.now());
  clock_.advance(500ms);
  const auto block = receiver_.report(clock_.now());
  EXPECT_EQ(0x567890abu, block->last_sr);
  EXPECT_EQ(32768u, block->delay_since_last_sr);
}

TEST_F(RtpReceiverTest, random_packets_never_break_the_figures) {
  uint32_t r = 1;
  for (int i = 0; i < 100000; ++i) {
    r = r * 1664525 + 1013904223;
    clock_.advance(Duration(1ms) * (r >> 28));
    receiver_.accept({0, false, static_cast<uint16_t>(r >> 12), r, (r >> 9) % 3}, 8000, true,
                     clock_.now());
    const auto block = receiver_.report(clock_.now());
    if (block) {
      ASSERT_GE(block->cumulative_lost, -0x7fffff);
    }
  }
}

}  // namespace
}  // namespace gw::media
