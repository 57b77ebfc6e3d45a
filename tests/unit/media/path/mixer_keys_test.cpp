// Keys in a conference: whoever presses one, in whichever way, every other is told once, while it
// is down where that can be said, and of how long it was.
#include <gtest/gtest.h>

#include <string>

#include "media/tone/dtmf_detector.h"
#include "media/tone/dtmf_generator.h"
#include "tests/unit/media/path/conference_rig.h"

namespace gw::media {
namespace {

using Leg = ConferenceRig::Leg;

struct Key {
  char digit = 0;
  Duration length{0};
  Duration after{0};  // Its beginning, or the first that was said of it, since the test began.
};

class MixerKeys : public ::testing::Test {
 protected:
  // An event that is down for so long; `down` packets of it, then its end.
  void press_event(Leg& from, char digit, Duration length) {
    begin_event(from, digit);
    for (Duration d{20ms}; d < length; d += 20ms) continue_event(from);
    end_event(from);
  }
  void begin_event(Leg& from, char digit) {
    digit_ = digit;
    units_ = 160;
    at_ = from.timestamp;
    event(from, false);
    world_.advance(20ms);
  }
  void continue_event(Leg& from) {
    units_ = static_cast<uint16_t>(units_ + 160);
    event(from, false);
    world_.advance(20ms);
  }
  void end_event(Leg& from) {
    for (int i = 0; i < 3; ++i) event(from, true);
    from.timestamp += units_;
  }
  void event(Leg& from, bool end) {
    const TelephoneEvent e{*event_of_digit(digit_), end, 10, units_};
    world_.receive(from, 101, e.bytes(), at_);
  }
  // Sound with the key's tone in it, and some silence behind.
  void press_tone(Leg& from, char digit, Duration length) {
    DtmfGenerator generator;
    generator.queue(digit, length, 40ms);
    std::array<int16_t, 160> pcm;
    while (!generator.idle()) {
      generator.generate(pcm);
      world_.say_pcm(from, pcm);
      world_.advance(20ms);
    }
    quiet(from, 300ms);
  }
  void quiet(Leg& from, Duration length) {
    for (Duration d{0}; d < length; d += 20ms) {
      world_.say_pcm(from, std::array<int16_t, 160>{});
      world_.advance(20ms);
    }
  }

  Duration since(TimePoint at) const { return at - begin_; }
  std::vector<Key> events_at(const Leg& leg) const {
    TelephoneEventReceiver receiver(8000);
    std::vector<Key> keys;
    TimePoint first = kNever;
    const auto take = [&] {
      while (const auto k = receiver.take()) {
        keys.push_back({k->digit, k->duration, since(first)});
        first = kNever;
      }
    };
    TimePoint now{};
    for (const auto& sent : leg.transport.rtp_out) {
      if (sent.header.payload_type != 101) continue;
      now = sent.at;
      first = std::min(first, now);
      receiver.receive(sent.header, sent.payload, now);
      take();
    }
    receiver.tick(now + 1s);
    take();
    return keys;
  }
  std::vector<Key> tones_at(const Leg& leg) const {
    DtmfDetector detector;
    std::vector<Key> keys;
    for (const auto& sent : leg.transport.rtp_out) {
      if (sent.header.payload_type != 0) continue;
      std::vector<int16_t> pcm(sent.payload.size());
      g711_decode(Law::Mu, sent.payload, pcm);
      detector.push(pcm);
      while (const auto k = detector.take()) keys.push_back({k->digit, k->duration, {}});
    }
    detector.push(std::vector<int16_t>(800));
    while (const auto k = detector.take()) keys.push_back({k->digit, k->duration, {}});
    return keys;
  }
  // The ticks of 20 ms that the last packet to a leg said of a key.
  static int said_last(const Leg& leg) {
    const auto event = TelephoneEvent::parse(leg.transport.rtp_out.back().payload);
    return event ? event->duration / 160 : -1;
  }
  std::vector<Key> told_to(const Leg& leg) const {
    std::vector<Key> keys;
    for (const DigitToSend& d : world_.of<DigitToSend>()) {
      if (d.port == leg.id) keys.push_back({d.digit, d.duration, {}});
    }
    return keys;
  }
  static void expect(const std::vector<Key>& keys, std::string_view digits, Duration length) {
    std::string heard;
    for (const Key& key : keys) heard += key.digit;
    EXPECT_EQ(digits, heard);
    for (const Key& key : keys) {
      EXPECT_NEAR(static_cast<double>(to_ms(length)), static_cast<double>(to_ms(key.length)), 26);
    }
  }
  void begin() {
    world_.advance(200ms);
    begin_ = world_.clock.now();
  }

  ConferenceRig world_;
  TimePoint begin_{};
  char digit_ = 0;
  uint16_t units_ = 0;
  uint32_t at_ = 0;
};

TEST_F(MixerKeys, key_by_event_reaches_events_tones_and_info_each_once_with_its_length) {
  Leg& a = world_.add_and_join();
  Leg& b = world_.add_and_join();
  Leg& c = world_.add_and_join(ConferenceRig::kTones);
  Leg& d = world_.add_and_join(ConferenceRig::kInfo);
  begin();
  press_event(a, '7', 400ms);
  world_.advance(1s);
  expect(events_at(b), "7", 400ms);
  expect(tones_at(c), "7", 400ms);
  expect(told_to(d), "7", 400ms);
  EXPECT_TRUE(events_at(a).empty());
  // While it is down, not when it is up.
  EXPECT_LE(events_at(b).front().after, 60ms);
}

TEST_F(MixerKeys, key_that_is_down_for_long_is_down_at_the_listeners_all_the_while) {
  Leg& a = world_.add_and_join();
  Leg& b = world_.add_and_join();
  world_.add_and_join();
  begin();
  begin_event(a, '1');
  for (int i = 0; i < 150; ++i) continue_event(a);
  const auto& out = b.transport.rtp_out;
  ASSERT_EQ(101, out.back().header.payload_type);
  EXPECT_LE(world_.clock.now() - out.back().at, 20ms);
  EXPECT_NEAR(151, said_last(b), 2);  // It grows all the while too.
  end_event(a);
  world_.advance(500ms);
  expect(events_at(b), "1", 3020ms);
}

TEST_F(MixerKeys, key_in_the_sound_is_taken_out_of_the_mix_and_told_to_every_other) {
  Leg& a = world_.add_and_join(ConferenceRig::kTones);
  Leg& b = world_.add_and_join();
  Leg& c = world_.add_and_join(ConferenceRig::kTones);
  begin();
  quiet(a, 100ms);
  press_tone(a, '5', 200ms);
  world_.advance(1s);
  expect(events_at(b), "5", 200ms);
  expect(tones_at(c), "5", 200ms);  // Once: not its sound, and then again ours.
  // Nor is its beginning heard by who is told of it.
  for (const auto& sent : b.transport.rtp_out) {
    if (sent.header.payload_type != 0) continue;
    std::vector<int16_t> pcm(sent.payload.size());
    g711_decode(Law::Mu, sent.payload, pcm);
    EXPECT_LT(test::peak_at(pcm, 1336), 100);
  }
}

TEST_F(MixerKeys, key_in_the_sound_stays_there_where_all_others_hear_tones) {
  Leg& a = world_.add_and_join(ConferenceRig::kTones);
  Leg& b = world_.add_and_join(ConferenceRig::kTones);
  Leg& c = world_.add_and_join(ConferenceRig::kTones);
  begin();
  quiet(a, 100ms);
  press_tone(a, '5', 200ms);
  world_.advance(1s);
  expect(tones_at(b), "5", 200ms);
  expect(tones_at(c), "5", 200ms);
}

TEST_F(MixerKeys, keys_of_two_at_the_same_time_both_arrive_one_after_the_other) {
  Leg& a = world_.add_and_join();
  Leg& b = world_.add_and_join();
  Leg& c = world_.add_and_join();
  begin();
  begin_event(a, '1');
  // The other's comes whole, between.
  const TelephoneEvent whole{*event_of_digit('2'), true, 10, 800};
  for (int i = 0; i < 3; ++i) world_.receive(b, 101, whole.bytes(), b.timestamp);
  for (int i = 0; i < 19; ++i) continue_event(a);
  end_event(a);
  world_.advance(1s);
  const auto heard = events_at(c);
  ASSERT_EQ(2u, heard.size());
  EXPECT_EQ('1', heard[0].digit);
  EXPECT_NEAR(400, static_cast<double>(to_ms(heard[0].length)), 26);
  EXPECT_EQ('2', heard[1].digit);
  EXPECT_NEAR(100, static_cast<double>(to_ms(heard[1].length)), 26);
  expect(events_at(a), "2", 100ms);
  expect(events_at(b), "1", 400ms);
}

TEST_F(MixerKeys, key_of_one_who_leaves_is_up) {
  Leg& a = world_.add_and_join();
  Leg& b = world_.add_and_join();
  world_.add_and_join();
  begin();
  begin_event(a, '9');
  for (int i = 0; i < 9; ++i) continue_event(a);
  world_.leave(a);
  world_.advance(500ms);
  expect(events_at(b), "9", 200ms);
  const auto& out = b.transport.rtp_out;
  EXPECT_NE(101, out.back().header.payload_type);
}

TEST_F(MixerKeys, key_that_was_down_before_the_conference_began_ends_where_it_began) {
  Leg& a = world_.add_and_join(Codec::Pcma);
  Leg& b = world_.add_and_join(Codec::Pcmu);
  begin();
  begin_event(a, '3');
  for (int i = 0; i < 9; ++i) continue_event(a);
  Leg& c = world_.add_and_join();
  for (int i = 0; i < 10; ++i) continue_event(a);
  EXPECT_NEAR(20, said_last(b), 2);
  end_event(a);
  world_.advance(500ms);
  expect(events_at(b), "3", 400ms);
  EXPECT_TRUE(events_at(c).empty());
}

TEST_F(MixerKeys, conference_does_not_become_a_relay_while_a_key_is_down) {
  Leg& a = world_.add_and_join();
  Leg& b = world_.add_and_join();
  Leg& c = world_.add_and_join();
  begin();
  begin_event(a, '3');
  world_.leave(c);
  for (int i = 0; i < 200; ++i) continue_event(a);
  EXPECT_TRUE(world_.session.mixes());
  end_event(a);
  world_.advance(1s);
  EXPECT_FALSE(world_.session.mixes());
  expect(events_at(b), "3", 4020ms);
}

}  // namespace
}  // namespace gw::media
