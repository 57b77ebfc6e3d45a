#include "media/path/rtp_sender.h"

#include <gtest/gtest.h>

#include "tests/unit/support/manual_clock.h"

namespace gw::media {
namespace {

class RtpSenderTest : public ::testing::Test {
 protected:
  wire::RtpHeader forward(int64_t sequence, int64_t timestamp, bool restarted = false) {
    const auto h = sender_.forward(sequence, timestamp, restarted, clock_.now());
    sender_.on_sent(160, clock_.now());
    return h.value_or(wire::RtpHeader{});
  }
  wire::RtpHeader generate() {
    const auto h = sender_.generated(160, clock_.now());
    sender_.on_sent(160, clock_.now());
    return h;
  }
  std::optional<wire::RtpHeader> map(int64_t position, bool restarted = false) {
    const auto h = sender_.mapped(position, 160, restarted, clock_.now());
    if (h) sender_.on_sent(160, clock_.now());
    return h;
  }

  test::ManualClock clock_;
  RtpSender sender_{77, 100, 5000};
};

TEST_F(RtpSenderTest, forwarded_numbers_are_the_inputs_plus_a_constant) {
  const auto first = forward(1000, 80000);
  EXPECT_TRUE(first.marker);
  clock_.advance(20ms);
  const auto second = forward(1001, 80160);
  EXPECT_FALSE(second.marker);
  EXPECT_EQ(1, second.sequence - first.sequence);
  EXPECT_EQ(160u, second.timestamp - first.timestamp);
}

TEST_F(RtpSenderTest, gaps_and_reordering_pass_as_they_are) {
  const auto first = forward(10, 1600);
  const auto ahead = forward(13, 2080);
  const auto behind = forward(11, 1760);
  EXPECT_EQ(3, ahead.sequence - first.sequence);
  EXPECT_EQ(480u, ahead.timestamp - first.timestamp);
  EXPECT_EQ(1, behind.sequence - first.sequence);
  EXPECT_EQ(160u, behind.timestamp - first.timestamp);
  EXPECT_FALSE(behind.marker);
  EXPECT_EQ(4, forward(14, 2240).sequence - first.sequence);
}

TEST_F(RtpSenderTest, late_packet_from_before_a_change_takes_no_number_that_was_used_since) {
  forward(10, 1600);
  forward(12, 1920);
  generate();
  forward(13, 2080);
  EXPECT_FALSE(sender_.forward(11, 1760, false, clock_.now()));
}

TEST_F(RtpSenderTest, another_source_continues_the_line_by_wall_time_with_a_marker) {
  const auto first = forward(10, 1600);
  clock_.advance(100ms);
  const auto other = forward(50000, 999999, true);
  EXPECT_TRUE(other.marker);
  EXPECT_EQ(1, other.sequence - first.sequence);
  EXPECT_EQ(800u, other.timestamp - first.timestamp);
  clock_.advance(20ms);
  EXPECT_EQ(2, forward(50001, 1000159).sequence - first.sequence);
}

TEST_F(RtpSenderTest, jump_of_the_inputs_timestamp_is_anchored_anew) {
  const auto first = forward(10, 1600);
  clock_.advance(20ms);
  const auto jumped = forward(11, 1600 + 1'000'000);
  EXPECT_TRUE(jumped.marker);
  EXPECT_EQ(1, jumped.sequence - first.sequence);
  EXPECT_EQ(160u, jumped.timestamp - first.timestamp);
}

TEST_F(RtpSenderTest, long_pause_of_the_source_is_no_jump_when_its_clock_ran_on) {
  const auto first = forward(10, 1600);
  clock_.advance(60s);
  const auto later = forward(11, 1600 + 480'000);
  EXPECT_FALSE(later.marker);
  EXPECT_EQ(480'000u, later.timestamp - first.timestamp);
}

TEST_F(RtpSenderTest, frame_after_a_silence_without_packets_begins_a_talk_spurt) {
  map(1600, true);
  clock_.advance(100ms);
  EXPECT_FALSE(map(1600 + 800)->marker);  // Loss.
  clock_.advance(400ms);
  const auto spurt = map(1600 + 800 + 3200);
  EXPECT_TRUE(spurt->marker);
  clock_.advance(20ms);
  EXPECT_FALSE(map(1600 + 800 + 3360)->marker);
}

TEST_F(RtpSenderTest, silence_and_back_keeps_one_line_of_numbers) {
  forward(10, 1600);
  clock_.advance(200ms);
  const auto silent = generate();
  clock_.advance(20ms);
  const auto silent2 = generate();
  EXPECT_EQ(1, silent2.sequence - silent.sequence);
  EXPECT_EQ(160u, silent2.timestamp - silent.timestamp);
  clock_.advance(20ms);
  const auto back = forward(90, 1600 + 240 * 8);
  EXPECT_TRUE(back.marker);
  EXPECT_EQ(1, back.sequence - silent2.sequence);
  EXPECT_EQ(160u, back.timestamp - silent2.timestamp);
}

TEST_F(RtpSenderTest, mapped_timestamps_are_a_function_of_the_position_alone) {
  const auto first = map(1600, true);
  clock_.advance(35ms);  // However late it is.
  const auto second = map(1760);
  EXPECT_EQ(160u, second->timestamp - first->timestamp);
  EXPECT_EQ(1, second->sequence - first->sequence);
}

TEST_F(RtpSenderTest, frames_that_were_not_sent_leave_a_gap_in_both_numbers) {
  const auto first = map(1600, true);
  clock_.advance(60ms);
  const auto later = map(1600 + 3 * 160);
  EXPECT_EQ(3, later->sequence - first->sequence);
  EXPECT_EQ(480u, later->timestamp - first->timestamp);
  EXPECT_FALSE(later->marker);
}

TEST_F(RtpSenderTest, frame_whose_place_was_filled_is_refused_and_takes_no_number) {
  const auto first = map(1600, true);
  EXPECT_FALSE(map(1600));
  EXPECT_EQ(1, map(1760)->sequence - first->sequence);
}

TEST_F(RtpSenderTest, source_whose_clock_stood_still_is_anchored_anew) {
  map(1600, true);
  for (int i = 0; i < 100; ++i) {
    clock_.advance(20ms);
    generate();
  }
  clock_.advance(20ms);
  const auto back = map(1760);
  ASSERT_TRUE(back);
  EXPECT_TRUE(back->marker);
}

TEST_F(RtpSenderTest, change_of_the_clock_keeps_the_sequence) {
  const auto first = forward(10, 1600);
  sender_.set_clock(48000);
  clock_.advance(20ms);
  const auto opus = forward(500, 960000);
  EXPECT_EQ(1, opus.sequence - first.sequence);
  EXPECT_EQ(960u, opus.timestamp - first.timestamp);
}

TEST_F(RtpSenderTest, generation_after_a_long_hold_continues_by_wall_time) {
  const auto before = generate();
  clock_.advance(10s);
  const auto after = generate();
  EXPECT_EQ(80'000u, after.timestamp - before.timestamp);
  EXPECT_EQ(1, after.sequence - before.sequence);
}

TEST_F(RtpSenderTest, sender_report_maps_now_to_the_timestamp_of_now) {
  const auto first = forward(10, 1600);
  clock_.advance(500ms);
  const auto info = sender_.sender_info(clock_.now(), clock_.wall());
  EXPECT_EQ(first.timestamp + 4000, info.rtp_timestamp);
  EXPECT_EQ(1u, info.packets);
  EXPECT_EQ(160u, info.octets);
}

}  // namespace
}  // namespace gw::media
