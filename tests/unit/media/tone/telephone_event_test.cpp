#include "media/tone/telephone_event.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/support/bytes.h"
#include "tests/unit/support/fixed_random.h"
#include "tests/unit/support/manual_clock.h"

namespace gw::media {
namespace {

// Feeds events to a receiver and keeps what it reports.
class TelephoneEventTest : public testing::Test {
 protected:
  bool event(uint32_t timestamp, int code, uint16_t duration, bool end = false,
             bool marker = false) {
    TelephoneEvent e;
    e.event = static_cast<uint8_t>(code);
    e.end = end;
    e.duration = duration;
    const auto payload = e.bytes();
    const bool taken = receiver_.receive({.payload_type = 101,
                                          .marker = marker,
                                          .sequence = sequence_++,
                                          .timestamp = timestamp,
                                          .ssrc = 1},
                                         payload, clock_.now());
    collect();
    clock_.advance(20ms);
    return taken;
  }
  void key(uint32_t timestamp, int code, int updates = 5) {
    for (int i = 1; i <= updates; ++i) {
      event(timestamp, code, static_cast<uint16_t>(160 * i), false, i == 1);
    }
    for (int i = 0; i < 3; ++i) event(timestamp, code, static_cast<uint16_t>(160 * updates), true);
  }
  void wait(Duration d) {
    clock_.advance(d);
    receiver_.tick(clock_.now());
    collect();
  }
  void collect() {
    while (const auto press = receiver_.take()) {
      digits_ += press->digit;
      durations_.push_back(press->duration);
    }
  }

  test::ManualClock clock_;
  TelephoneEventReceiver receiver_{8000};
  uint16_t sequence_ = 1;
  std::string digits_;
  std::vector<Duration> durations_;
};

TEST_F(TelephoneEventTest, one_key_is_one_digit_with_its_duration) {
  key(1000, 5);
  EXPECT_EQ(digits_, "5");
  EXPECT_EQ(durations_.at(0), Duration(100ms));
  EXPECT_FALSE(receiver_.pressed());
}

TEST_F(TelephoneEventTest, the_digit_is_reported_at_the_first_end_packet) {
  event(1000, 1, 160, false, true);
  EXPECT_TRUE(receiver_.pressed());
  EXPECT_EQ(digits_, "");
  event(1000, 1, 320, true);
  EXPECT_EQ(digits_, "1");
}

TEST_F(TelephoneEventTest, all_sixteen_keys_and_the_flash_have_names) {
  for (int code = 0; code <= 16; ++code) key(1000 + 4000 * static_cast<uint32_t>(code), code);
  EXPECT_EQ(digits_, "0123456789*#ABCD!");
}

TEST_F(TelephoneEventTest, the_same_key_twice_is_two_digits) {
  key(1000, 7);
  key(3000, 7);
  EXPECT_EQ(digits_, "77");
}

TEST_F(TelephoneEventTest, a_lost_marker_changes_nothing) {
  event(1000, 3, 160);
  event(1000, 3, 320);
  event(1000, 3, 480, true);
  EXPECT_EQ(digits_, "3");
}

TEST_F(TelephoneEventTest, only_the_last_end_packet_arriving_is_still_the_digit) {
  event(1000, 9, 800, true);
  EXPECT_EQ(digits_, "9");
  EXPECT_EQ(durations_.at(0), Duration(100ms));
}

TEST_F(TelephoneEventTest, all_ends_lost_the_key_ends_by_silence) {
  event(1000, 2, 160);
  event(1000, 2, 320);
  wait(100ms);
  EXPECT_EQ(digits_, "");
  wait(60ms);
  EXPECT_EQ(digits_, "2");
  EXPECT_EQ(durations_.at(0), Duration(40ms));
  event(1000, 2, 800, true);  // It was late: the same press.
  EXPECT_EQ(digits_, "2");
}

TEST_F(TelephoneEventTest, all_ends_lost_the_next_key_ends_it) {
  event(1000, 2, 160);
  event(2000, 4, 160);
  EXPECT_EQ(digits_, "2");
  event(2000, 4, 320, true);
  EXPECT_EQ(digits_, "24");
}

TEST_F(TelephoneEventTest, a_markers_on_every_packet_do_not_multiply_the_key) {
  for (int i = 1; i < 6; ++i) event(1000, 8, static_cast<uint16_t>(160 * i), i == 5, true);
  EXPECT_EQ(digits_, "8");
}

TEST_F(TelephoneEventTest, late_packets_of_older_keys_are_ignored) {
  key(1000, 1);
  event(2000, 2, 160);
  event(1000, 1, 640);       // Reordered, from before.
  event(500, 6, 160, true);  // Older still.
  event(2000, 2, 320, true);
  EXPECT_EQ(digits_, "12");
}

TEST_F(TelephoneEventTest, reordered_updates_do_not_shorten_the_key) {
  event(1000, 1, 480);
  event(1000, 1, 160);
  event(1000, 1, 320, true);
  EXPECT_EQ(durations_.at(0), Duration(60ms));
}

TEST_F(TelephoneEventTest, the_timestamp_may_wrap) {
  key(0xffffff00, 1);
  key(0x00000800, 2);
  EXPECT_EQ(digits_, "12");
}

TEST_F(TelephoneEventTest, a_clock_that_jumps_back_is_believed_after_a_while) {
  key(0x40000000, 1);
  wait(2s);
  key(1000, 2);
  EXPECT_EQ(digits_, "12");
}

TEST_F(TelephoneEventTest, a_key_longer_than_the_field_goes_on_in_segments) {
  event(1000, 5, 0xff00);
  event(1000, 5, 0xffff);
  event(1000 + 0xffff, 5, 160);
  event(1000 + 0xffff, 5, 8000, true);
  EXPECT_EQ(digits_, "5");
  EXPECT_EQ(durations_.at(0), Duration((0xffff + 8000) * 125us));
}

TEST_F(TelephoneEventTest, another_event_under_the_same_timestamp_is_not_a_second_key) {
  event(1000, 5, 160);
  event(1000, 6, 320, true);
  event(1000, 5, 480, true);
  EXPECT_EQ(digits_, "5");
}

TEST_F(TelephoneEventTest, tones_that_are_no_keys_and_stumps_are_refused) {
  EXPECT_FALSE(event(1000, 32, 160));
  EXPECT_FALSE(receiver_.receive({}, test::bytes({5, 0, 0}), clock_.now()));
  EXPECT_FALSE(receiver_.pressed());
}

TEST_F(TelephoneEventTest, a_new_source_starts_afresh) {
  key(1000, 1);
  receiver_.reset();
  key(1000, 1);
  EXPECT_EQ(digits_, "11");
}

TEST_F(TelephoneEventTest, durations_follow_the_clock_rate) {
  receiver_.reset();
  TelephoneEventReceiver wide(48000);
  TelephoneEvent e;
  e.event = 1;
  e.end = true;
  e.duration = 4800;
  wide.receive({}, e.bytes(), clock_.now());
  const auto press = wide.take();
  ASSERT_TRUE(press);
  EXPECT_EQ(press->duration, Duration(100ms));
}

TEST_F(TelephoneEventTest, random_packets_never_crash_and_the_queue_stays_bounded) {
  test::FixedRandom random;
  for (int i = 0; i < 100000; ++i) {
    std::array<std::byte, 4> payload;
    random.fill(payload);
    payload[0] &= std::byte{0x13};
    receiver_.receive({.timestamp = random.u32() % 8 * 160}, payload, clock_.now());
    clock_.advance(std::chrono::milliseconds(random.u32() % 200));
  }
  collect();
  EXPECT_LE(digits_.size(), 4u);  // Nobody took them meanwhile.
}

// ---- The sender ----

struct Sent {
  uint32_t tick;
  TelephoneEvent event;
  bool marker;
  uint32_t timestamp;
};

std::vector<Sent> run(TelephoneEventSender& sender, uint32_t ticks, uint32_t step = 160) {
  std::vector<Sent> out;
  for (uint32_t i = 0; i < ticks; ++i) {
    if (const auto packet = sender.tick(1000 + i * step)) {
      out.push_back(
          {i, *TelephoneEvent::parse(packet->payload), packet->marker, packet->timestamp});
    }
  }
  return out;
}

TEST(TelephoneEventSender, sends_growing_durations_and_the_end_three_times) {
  TelephoneEventSender sender(8000);
  ASSERT_TRUE(sender.queue('5', 100ms, 60ms));
  const auto sent = run(sender, 20);
  ASSERT_EQ(sent.size(), 7u);
  for (size_t i = 0; i < sent.size(); ++i) {
    EXPECT_EQ(sent[i].tick, i);
    EXPECT_EQ(sent[i].timestamp, 1000u);
    EXPECT_EQ(sent[i].event.event, 5);
    EXPECT_EQ(sent[i].marker, i == 0);
    EXPECT_EQ(sent[i].event.end, i >= 4);
    EXPECT_EQ(sent[i].event.duration, 160 * std::min<size_t>(i + 1, 5));
  }
  EXPECT_TRUE(sender.idle());
}

TEST(TelephoneEventSender, keys_are_apart_by_length_and_gap) {
  TelephoneEventSender sender(8000);
  sender.queue('1', 100ms, 100ms);
  sender.queue('#', 100ms, 100ms);
  std::vector<uint32_t> begins;
  for (const Sent& s : run(sender, 40)) {
    if (s.marker) begins.push_back(s.tick);
  }
  EXPECT_EQ(begins, (std::vector<uint32_t>{0, 10}));
}

TEST(TelephoneEventSender, is_busy_until_the_last_gap_is_over) {
  TelephoneEventSender sender(8000);
  sender.queue('1', 40ms, 100ms);
  uint32_t ticks = 0;
  while (sender.busy()) {
    sender.tick(1000 + 160 * ticks);
    ASSERT_LT(++ticks, 100u);
  }
  EXPECT_EQ(ticks, 7u);  // 2 of the key, 5 of the gap.
}

TEST(TelephoneEventSender, short_keys_are_stretched) {
  TelephoneEventSender sender(8000);
  sender.queue('1', 1ms, 0ms);
  auto sent = run(sender, 10);
  ASSERT_FALSE(sent.empty());
  EXPECT_EQ(sent.back().event.duration, 320);
}

// RFC 4733 2.5.1.3
TEST(TelephoneEventSender, keys_longer_than_the_field_go_on_in_segments) {
  for (const uint32_t clock : {8000u, 48000u}) {
    TelephoneEventSender sender(clock);
    sender.queue('1', 20s, 0ms);
    const auto sent = run(sender, 1100, clock / 50);
    TelephoneEventReceiver receiver(clock);
    test::ManualClock time;
    std::vector<KeyPress> keys;
    uint32_t timestamp = sent.front().timestamp;
    for (const Sent& s : sent) {
      if (s.timestamp != timestamp) {
        EXPECT_EQ(s.timestamp - timestamp, 0xffffu);
        timestamp = s.timestamp;
      }
      receiver.receive({.timestamp = s.timestamp}, s.event.bytes(), time.now());
      while (const auto key = receiver.take()) keys.push_back(*key);
      time.advance(20ms);
    }
    ASSERT_EQ(keys.size(), 1u) << clock;
    EXPECT_EQ(keys[0].duration, 20s) << clock;
    EXPECT_EQ(std::ranges::count_if(sent, [](const Sent& s) { return s.event.end; }), 3) << clock;
  }
}

TEST(TelephoneEventSender, endless_keys_are_cut_at_a_minute) {
  TelephoneEventSender sender(8000);
  sender.queue('1', 10min, 0ms);
  EXPECT_EQ(run(sender, 4000).size(), 3002u);
}

TEST(TelephoneEventSender, a_held_key_ends_when_it_is_released) {
  TelephoneEventSender sender(8000);
  ASSERT_TRUE(sender.hold('5', 40ms));
  sender.sustain(200ms);
  auto sent = run(sender, 10);
  EXPECT_EQ(sent.size(), 10u);
  EXPECT_FALSE(sent.back().event.end);
  sender.release(100ms);  // It was played longer by then.
  sent = run(sender, 10);
  ASSERT_EQ(sent.size(), 3u);
  for (const Sent& s : sent) {
    EXPECT_TRUE(s.event.end);
    EXPECT_EQ(s.event.duration, 10 * 160);
  }
  EXPECT_TRUE(sender.idle());
}

TEST(TelephoneEventSender, a_held_key_released_early_is_played_to_its_length) {
  TelephoneEventSender sender(8000);
  sender.hold('5', 40ms);
  run(sender, 2);
  sender.release(200ms);
  const auto sent = run(sender, 20);
  EXPECT_EQ(sent.back().event.duration, 1600);
}

TEST(TelephoneEventSender, a_held_key_waits_for_its_turn_and_keeps_its_length) {
  TelephoneEventSender sender(8000);
  sender.queue('1', 100ms, 40ms);
  sender.hold('2', 40ms);
  sender.release(60ms);
  sender.hold('3', 40ms);
  sender.hold('4', 40ms);  // Nobody holds two: the first is up.
  const auto sent = run(sender, 40);
  std::vector<std::pair<int, int>> ends;
  for (const Sent& s : sent) {
    if (s.event.end && (ends.empty() || ends.back().first != s.event.event)) {
      ends.emplace_back(s.event.event, s.event.duration);
    }
  }
  EXPECT_EQ(ends, (std::vector<std::pair<int, int>>{{1, 800}, {2, 480}, {3, 320}}));
  EXPECT_TRUE(sender.busy());
}

TEST(TelephoneEventSender, a_held_key_is_up_after_a_minute_whatever_happens) {
  TelephoneEventSender sender(8000);
  sender.hold('5', 40ms);
  sender.sustain(10min);
  EXPECT_TRUE(run(sender, 3100).back().event.end);
  sender.release(1s);
  EXPECT_TRUE(sender.idle());
}

TEST(TelephoneEventSender, a_held_key_grows_a_tick_beyond_what_is_known_of_it_and_no_further) {
  TelephoneEventSender sender(8000);
  sender.hold('5', 40ms);
  EXPECT_EQ(run(sender, 1).back().event.duration, 160);
  EXPECT_EQ(run(sender, 3).back().event.duration, 160);
  sender.sustain(60ms);
  const auto sent = run(sender, 8);
  ASSERT_EQ(sent.size(), 8u);  // It is said again, so that nobody takes it for lost.
  for (const Sent& s : sent) EXPECT_EQ(s.event.duration, 640);
  EXPECT_FALSE(sent.back().event.end);
  sender.sustain(40ms);  // Late.
  EXPECT_EQ(run(sender, 1).back().event.duration, 640);
  sender.release(80ms);
  const auto ends = run(sender, 5);
  ASSERT_EQ(ends.size(), 3u);
  for (const Sent& s : ends) {
    EXPECT_TRUE(s.event.end);
    EXPECT_EQ(s.event.duration, 640);
  }
}

TEST(TelephoneEventSender, a_held_key_whose_source_stood_still_says_its_length_when_it_is_known) {
  TelephoneEventSender sender(8000);
  sender.hold('5', 40ms);
  run(sender, 10);
  sender.release(180ms);  // By now it was down that long.
  const auto ends = run(sender, 5);
  ASSERT_EQ(ends.size(), 3u);
  for (const Sent& s : ends) {
    EXPECT_TRUE(s.event.end);
    EXPECT_EQ(s.event.duration, 9 * 160);
  }
}

TEST(TelephoneEventSender, refuses_what_is_no_key_and_a_full_queue) {
  TelephoneEventSender sender(8000);
  EXPECT_FALSE(sender.queue('x', 100ms, 100ms));
  EXPECT_FALSE(sender.queue('\0', 100ms, 100ms));
  for (size_t i = 0; i < TelephoneEventSender::kMaxQueued; ++i) {
    EXPECT_TRUE(sender.queue('a', 100ms, 100ms));
  }
  EXPECT_FALSE(sender.queue('1', 100ms, 100ms));
}

TEST(TelephoneEventSender, clear_lets_the_key_that_is_down_come_up) {
  TelephoneEventSender sender(8000);
  sender.queue('1', 1s, 100ms);
  sender.queue('2', 1s, 100ms);
  run(sender, 3);
  sender.clear();
  const auto rest = run(sender, 100);
  ASSERT_FALSE(rest.empty());
  EXPECT_TRUE(rest.front().event.end);
  for (const Sent& s : rest) EXPECT_EQ(s.event.event, 1);
  EXPECT_TRUE(sender.idle());
}

TEST(TelephoneEventSender, our_receiver_hears_what_our_sender_says_under_loss) {
  test::FixedRandom random;
  for (int round = 0; round < 200; ++round) {
    TelephoneEventSender sender(8000);
    TelephoneEventReceiver receiver(8000);
    test::ManualClock clock;
    const std::string digits = "0123456789*#ABCD";
    for (const char d : digits) sender.queue(d, 100ms, 80ms);
    std::string heard;
    // Two packets of each seven are lost: never a whole key.
    for (uint32_t i = 0, n = random.u32(); i < 16 * 10; ++i) {
      const auto packet = sender.tick(160 * i);
      if (packet && n++ % 7 > 1)
        receiver.receive({.timestamp = packet->timestamp}, packet->payload, clock.now());
      receiver.tick(clock.now());
      while (const auto press = receiver.take()) heard += press->digit;
      clock.advance(20ms);
    }
    clock.advance(1s);
    receiver.tick(clock.now());
    while (const auto press = receiver.take()) heard += press->digit;
    ASSERT_EQ(heard, digits);
  }
}

}  // namespace
}  // namespace gw::media
