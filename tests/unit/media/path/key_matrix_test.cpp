// Keys from one leg to another, each way to each way: once, in order, as long as they were.
#include <gtest/gtest.h>

#include <string>

#include "media/tone/dtmf_detector.h"
#include "media/tone/dtmf_generator.h"
#include "tests/unit/media/path/two_ports.h"
#include "tests/unit/support/tone.h"

namespace gw::media {
namespace {

using Kind = TwoPorts::Kind;

constexpr size_t kFrame = 160;

struct Key {
  char digit = 0;
  Duration length{0};
};

// How a leg of the matrix speaks.
struct Side {
  const char* name;
  Kind kind = Kind::Phone;
  Codec codec = Codec::Pcmu;
  DtmfMode mode = DtmfMode::Auto;
  uint32_t events = 0;  // Clock; 0 = none.
  bool asks = false;    // Its keys come by signalling (SendDtmf): the listener's port is told.
};

constexpr Side kEvents{"rfc4733", Kind::Phone, Codec::Pcmu, DtmfMode::Auto, 8000};
constexpr Side kTones{"tones", Kind::Phone, Codec::Pcmu, DtmfMode::Auto, 0};
constexpr Side kTonesA{"tones_alaw", Kind::Phone, Codec::Pcma, DtmfMode::Inband, 0};
constexpr Side kInfo{"info", Kind::Phone, Codec::Pcmu, DtmfMode::Info, 0};
constexpr Side kBrowser{"browser", Kind::Browser, Codec::Opus, DtmfMode::Auto, 48000};
constexpr Side kSendDtmf{"send_dtmf", Kind::Browser, Codec::Opus, DtmfMode::Auto, 48000, true};

class KeyMatrix {
 public:
  KeyMatrix(const Side& from, const Side& to)
      : world(from.kind, to.kind, from.mode, to.mode), from_(from), to_(to) {
    world.negotiate(world.a, parameters(from));
    world.negotiate(world.b, parameters(to));
    world.wire_up();
    encoder_ = make_encoder(from.codec, kNarrowband);
  }

  static wire::StreamParameters parameters(const Side& side) {
    auto p = TwoPorts::parameters(side.codec, false);
    if (side.events != 0) p.events = {{side.events, 101, 101}};
    return p;
  }

  // 20 ms of the caller's voice, or of a tone.
  void talk(std::span<const int16_t> pcm) {
    say(pcm);
    world.advance(20ms);
  }
  // The same, and no time passes.
  void say(std::span<const int16_t> pcm) {
    std::array<std::byte, kMaxEncodedFrame> bytes;
    const size_t size = encoder_->encode(pcm, bytes);
    const bool opus = from_.codec == Codec::Opus;
    world.talk(world.a,
               opus                         ? 111
               : from_.codec == Codec::Pcmu ? 0
                                            : 8,
               std::span(bytes).first(size), opus ? 960 : kFrame);
  }
  void voice(Duration length) {
    for (Duration d{0}; d < length; d += 20ms)
      talk(test::tone(300, 3000, kFrame, voiced_++ * kFrame));
  }

  void press(const Key& key) {
    if (from_.asks) {
      world.b.port.send_digits({&key.digit, 1}, key.length, 40ms, world.clock.now());
      voice(key.length);
    } else if (from_.mode == DtmfMode::Info) {
      world.a.port.receive_info({key.digit, key.length}, world.clock.now());
      voice(key.length);
    } else if (from_.events != 0) {
      press_event(key);
    } else {
      press_tone(key);
    }
  }

  void press_event(const Key& key) {
    const uint32_t timestamp = world.a.timestamp;
    const uint32_t step = from_.events / 50;
    const auto ticks = static_cast<uint32_t>(key.length / 20ms);
    uint32_t earlier = 0;
    for (uint32_t i = 1; i <= ticks + 2; ++i) {
      const uint32_t units = std::min(i, ticks) * step - earlier;
      const bool full = units > 0xffff;  // RFC 4733 2.5.1.3
      const TelephoneEvent e{*event_of_digit(key.digit), !full && i >= ticks, 10,
                             static_cast<uint16_t>(full ? 0xffff : units)};
      world.receive(world.a, 101, e.bytes(), world.a.sequence++, timestamp + earlier, i == 1);
      if (full) earlier += 0xffff;
      world.advance(20ms);
    }
    world.a.timestamp += (ticks + 2) * step;
  }

  void press_tone(const Key& key) {
    DtmfGenerator generator;
    generator.queue(key.digit, key.length, 40ms);
    std::array<int16_t, kFrame> pcm;
    while (!generator.idle()) {
      generator.generate(pcm);
      talk(pcm);
    }
  }

  // What the listener's peer understood.
  std::vector<Key> heard() {
    if (to_.mode == DtmfMode::Info) {
      std::vector<Key> keys;
      for (const DigitToSend& d : world.of<DigitToSend>()) keys.push_back({d.digit, d.duration});
      return keys;
    }
    if (to_.events != 0) return heard_events();
    return heard_tones();
  }

  std::vector<Key> heard_events() {
    TelephoneEventReceiver receiver(to_.events);
    std::vector<Key> keys;
    TimePoint now{};
    const auto take = [&] {
      while (const auto k = receiver.take()) keys.push_back({k->digit, k->duration});
    };
    for (const auto& sent : world.b.transport.rtp_out) {
      if (sent.header.payload_type != 101) continue;
      now = sent.at;
      receiver.receive(sent.header, sent.payload, now);
      take();
    }
    receiver.tick(now + 1s);
    take();
    return keys;
  }

  std::vector<Key> heard_tones() {
    DtmfDetector detector;
    std::vector<Key> keys;
    std::vector<int16_t> sound = heard_sound();
    sound.resize((sound.size() / kFrame + 10) * kFrame);
    for (size_t at = 0; at < sound.size(); at += kFrame) {
      detector.push(std::span(sound).subspan(at, kFrame));
      while (const auto k = detector.take()) keys.push_back({k->digit, k->duration});
    }
    return keys;
  }

  std::vector<int16_t> heard_sound() {
    std::vector<int16_t> sound;
    std::array<int16_t, kMaxFrameSamples> pcm;
    const auto decoder = make_decoder(to_.codec, kNarrowband);
    for (const auto& sent : world.b.transport.rtp_out) {
      if (sent.header.payload_type == 101) continue;
      const size_t n = decoder->decode(sent.payload, pcm);
      sound.insert(sound.end(), pcm.begin(), pcm.begin() + static_cast<ptrdiff_t>(n));
    }
    return sound;
  }

  static std::string digits(const std::vector<Key>& keys) {
    std::string text;
    for (const Key& k : keys) text += k.digit;
    return text;
  }

  TwoPorts world;

 private:
  const Side from_, to_;
  std::unique_ptr<AudioEncoder> encoder_;
  size_t voiced_ = 0;
};

class KeyMatrixTest : public testing::TestWithParam<std::pair<Side, Side>> {};

TEST_P(KeyMatrixTest, keys_arrive_once_in_order_and_as_long_as_they_were) {
  const auto& [from, to] = GetParam();
  KeyMatrix m(from, to);
  m.voice(200ms);
  const std::vector<Key> keys{{'1', 100ms}, {'1', 100ms}, {'5', 400ms}, {'#', 60ms}, {'D', 200ms}};
  for (const Key& key : keys) {
    m.press(key);
    m.voice(200ms);
  }
  m.voice(600ms);
  const auto heard = m.heard();
  ASSERT_EQ(KeyMatrix::digits(heard), "115#D");
  for (size_t i = 0; i < keys.size(); ++i) {
    EXPECT_NEAR(static_cast<double>(to_ms(heard[i].length)),
                static_cast<double>(to_ms(keys[i].length)), 26)
        << keys[i].digit;
  }
  EXPECT_EQ(m.world.of<DigitReceived>().size(), from.asks ? 0u : 5u);
}

// 40 ms on, 40 ms off: as fast as Q.24 lets a dialler be.
TEST_P(KeyMatrixTest, fast_keys_all_arrive) {
  const auto& [from, to] = GetParam();
  KeyMatrix m(from, to);
  m.voice(100ms);
  const std::string number = "0123456789*#ABCD";
  for (const char digit : number) {
    m.press({digit, 40ms});
    // RFC 4733 and INFO leave the pause to the sender; a tone's is in the sound.
    const bool in_sound = from.events == 0 && from.mode != DtmfMode::Info;
    if (!in_sound) m.voice(40ms);
  }
  m.voice(1500ms);
  EXPECT_EQ(KeyMatrix::digits(m.heard()), number);
}

TEST_P(KeyMatrixTest, a_long_key_is_one_key) {
  const auto& [from, to] = GetParam();
  KeyMatrix m(from, to);
  m.voice(100ms);
  m.press({'7', 3s});
  m.voice(to.events == 0 && from.mode == DtmfMode::Info ? 4s : 500ms);
  m.voice(3500ms);
  const auto heard = m.heard();
  ASSERT_EQ(KeyMatrix::digits(heard), "7");
  EXPECT_NEAR(static_cast<double>(to_ms(heard[0].length)), 3000, 45);
}

INSTANTIATE_TEST_SUITE_P(
    every_way, KeyMatrixTest,
    testing::Values(
        std::pair{kEvents, kEvents}, std::pair{kEvents, kTones}, std::pair{kEvents, kTonesA},
        std::pair{kEvents, kInfo}, std::pair{kEvents, kBrowser}, std::pair{kTones, kEvents},
        std::pair{kTones, kTonesA}, std::pair{kTones, kInfo}, std::pair{kTones, kBrowser},
        std::pair{kInfo, kEvents}, std::pair{kInfo, kTones}, std::pair{kInfo, kInfo},
        std::pair{kInfo, kBrowser}, std::pair{kBrowser, kEvents}, std::pair{kBrowser, kTones},
        std::pair{kBrowser, kInfo}, std::pair{kBrowser, kBrowser}, std::pair{kSendDtmf, kEvents},
        std::pair{kSendDtmf, kTones}, std::pair{kSendDtmf, kTonesA}, std::pair{kSendDtmf, kInfo},
        std::pair{kSendDtmf, kBrowser}),
    [](const auto& tested) {
      return std::string(tested.param.first.name) + "_to_" + tested.param.second.name;
    });

// A listener with RFC 4733 that also hears the tone's beginning hears two keys.
TEST(Keys, the_tone_that_became_an_event_is_not_in_the_sound_at_all) {
  for (const Side& to : {kEvents, kBrowser, kInfo}) {
    for (size_t offset = 0; offset < kFrame; offset += 16) {
      KeyMatrix m(kTones, to);
      // The key begins anywhere in a packet.
      std::vector<int16_t> line(kFrame * 20 + offset);
      DtmfGenerator generator;
      generator.queue('5', 120ms, 40ms);
      std::vector<int16_t> key(1280);
      generator.generate(key);
      line.insert(line.end(), key.begin(), key.end());
      line.resize((line.size() / kFrame + 30) * kFrame);
      for (size_t at = 0; at + kFrame <= line.size(); at += kFrame) {
        m.talk(std::span(line).subspan(at, kFrame));
      }
      const auto sound = m.heard_sound();
      ASSERT_GT(sound.size(), kFrame * 20);
      double loudest = 0;
      for (size_t at = 0; at + 80 <= sound.size(); at += 40) {
        loudest = std::max(loudest, test::rms(std::span(sound).subspan(at, 80)));
      }
      EXPECT_LT(loudest, 400) << to.name << " " << offset;
      EXPECT_EQ(KeyMatrix::digits(m.heard()), "5");
    }
  }
}

TEST(Keys, sound_is_late_by_the_detectors_look_ahead_on_legs_that_are_converted_and_there_alone) {
  const auto delay = [](const Side& from, const Side& to) {
    KeyMatrix m(from, to);
    std::vector<int16_t> silence(kFrame);
    for (int i = 0; i < 25; ++i) m.talk(silence);
    m.world.b.transport.rtp_out.clear();
    const TimePoint begin = m.world.clock.now();
    for (int i = 0; i < 10; ++i) m.talk(test::tone(440, 8000, kFrame));
    const auto decoder = make_decoder(to.codec, kNarrowband);
    std::array<int16_t, kMaxFrameSamples> pcm;
    for (const auto& sent : m.world.b.transport.rtp_out) {
      const size_t n = decoder->decode(sent.payload, pcm);
      if (test::rms(std::span(pcm).first(n)) > 1000) return to_ms(sent.at - begin);
    }
    return int64_t{-1};
  };
  EXPECT_EQ(delay(kTones, kEvents), 40);
  EXPECT_EQ(delay(kTones, kTonesA), 0);
  EXPECT_EQ(delay(kEvents, kTones), 0);
  EXPECT_EQ(delay(kEvents, kEvents), 0);
}

TEST(Keys, held_sound_goes_on_when_its_source_pauses) {
  KeyMatrix m(kTones, kEvents);
  m.voice(200ms);
  m.world.b.transport.rtp_out.clear();
  m.world.advance(100ms);
  EXPECT_EQ(m.world.b.transport.rtp_out.size(), 2u);
}

TEST(Keys, info_beside_a_tone_is_one_key_toward_events) {
  for (const Duration info_at : {0ms, 60ms, 200ms}) {
    KeyMatrix m(kTones, kEvents);
    m.voice(200ms);
    DtmfGenerator generator;
    generator.queue('9', 100ms, 40ms);
    std::array<int16_t, kFrame> pcm;
    for (Duration at{0}; at < 300ms; at += 20ms) {
      if (at == info_at) m.world.a.port.receive_info({'9', 100ms}, m.world.clock.now());
      generator.generate(pcm);
      m.talk(pcm);
    }
    m.voice(1s);
    EXPECT_EQ(KeyMatrix::digits(m.heard()), "9") << to_ms(info_at);
    EXPECT_EQ(m.world.of<DigitReceived>().size(), 1u) << to_ms(info_at);
  }
}

TEST(Keys, info_beside_a_tone_is_one_key_toward_tones) {
  for (const Duration info_at : {0ms, 60ms, 200ms}) {
    KeyMatrix m(kTones, kTonesA);
    m.voice(200ms);
    DtmfGenerator generator;
    generator.queue('9', 100ms, 40ms);
    std::array<int16_t, kFrame> pcm;
    for (Duration at{0}; at < 300ms; at += 20ms) {
      if (at == info_at) m.world.a.port.receive_info({'9', 100ms}, m.world.clock.now());
      generator.generate(pcm);
      m.talk(pcm);
    }
    m.voice(1s);
    EXPECT_EQ(KeyMatrix::digits(m.heard()), "9") << to_ms(info_at);
    EXPECT_EQ(m.world.of<DigitReceived>().size(), 1u) << to_ms(info_at);
  }
}

TEST(Keys, info_beside_events_is_one_key) {
  for (const bool info_first : {true, false}) {
    KeyMatrix m(kEvents, kEvents);
    m.voice(100ms);
    if (info_first) m.world.a.port.receive_info({'3', 100ms}, m.world.clock.now());
    m.press({'3', 100ms});
    if (!info_first) m.world.a.port.receive_info({'3', 100ms}, m.world.clock.now());
    m.voice(800ms);
    EXPECT_EQ(KeyMatrix::digits(m.heard()), "3") << info_first;
    EXPECT_EQ(m.world.of<DigitReceived>().size(), 1u);
  }
}

TEST(Keys, info_alone_becomes_a_tone_where_tones_are_listened_for_too) {
  KeyMatrix m(kTones, kTonesA);
  m.voice(100ms);
  m.world.a.port.receive_info({'3', 100ms}, m.world.clock.now());
  m.voice(1s);
  EXPECT_EQ(KeyMatrix::digits(m.heard()), "3");
}

TEST(Keys, a_key_whose_ends_were_all_lost_ends_live_too) {
  KeyMatrix m(kEvents, kBrowser);
  m.voice(100ms);
  for (uint16_t i = 1; i <= 5; ++i) {
    const TelephoneEvent e{5, false, 10, static_cast<uint16_t>(i * 160)};
    m.world.receive(m.world.a, 101, e.bytes(), m.world.a.sequence++, m.world.a.timestamp, i == 1);
    m.world.advance(20ms);
  }
  m.world.a.timestamp += 800;
  m.world.advance(400ms);
  m.voice(300ms);
  const auto heard = m.heard();
  ASSERT_EQ(KeyMatrix::digits(heard), "5");
  EXPECT_LE(heard[0].length, 400ms);
  EXPECT_GT(m.heard_sound().size(), 2400u);  // And the voice is back.
}

TEST(Keys, ends_sent_again_and_late_are_no_new_keys) {
  KeyMatrix m(kEvents, kBrowser);
  m.voice(100ms);
  const uint32_t timestamp = m.world.a.timestamp;
  m.press({'4', 100ms});
  m.voice(400ms);
  const TelephoneEvent end{4, true, 10, 800};
  for (int i = 0; i < 3; ++i) {
    m.world.receive(m.world.a, 101, end.bytes(), m.world.a.sequence++, timestamp);
    m.world.advance(20ms);
  }
  m.voice(500ms);
  EXPECT_EQ(KeyMatrix::digits(m.heard()), "4");
}

TEST(Keys, a_key_across_a_hold_of_the_listener_ends_and_is_not_said_again) {
  KeyMatrix m(kEvents, kBrowser);
  m.voice(100ms);
  const uint32_t timestamp = m.world.a.timestamp;
  const auto update = [&](uint16_t tick, bool end) {
    const TelephoneEvent e{6, end, 10, static_cast<uint16_t>(tick * 160)};
    m.world.receive(m.world.a, 101, e.bytes(), m.world.a.sequence++, timestamp, tick == 1);
    m.world.advance(20ms);
  };
  for (uint16_t i = 1; i <= 5; ++i) update(i, false);
  m.world.b.port.set_held(true, m.world.clock.now());
  for (uint16_t i = 6; i <= 10; ++i) update(i, i == 10);
  m.world.a.timestamp += 1600;
  m.world.advance(500ms);
  m.world.b.port.set_held(false, m.world.clock.now());
  m.voice(500ms);
  EXPECT_EQ(KeyMatrix::digits(m.heard()), "6");
}

TEST(Keys, a_key_across_a_change_of_wiring_is_said_once) {
  for (const Side& to : {kEvents, kBrowser, kTones}) {
    KeyMatrix m(kEvents, to);
    m.voice(100ms);
    const uint32_t timestamp = m.world.a.timestamp;
    const auto update = [&](uint16_t tick, bool end) {
      const TelephoneEvent e{6, end, 10, static_cast<uint16_t>(tick * 160)};
      m.world.receive(m.world.a, 101, e.bytes(), m.world.a.sequence++, timestamp, tick == 1);
      m.world.advance(20ms);
    };
    for (uint16_t i = 1; i <= 6; ++i) update(i, false);
    m.world.relay->unwire(m.world.clock.now());
    m.world.wire_up();
    for (uint16_t i = 7; i <= 12; ++i) update(i, i == 12);
    m.world.a.timestamp += 1920;
    m.voice(800ms);
    EXPECT_EQ(KeyMatrix::digits(m.heard()), "6") << to.name;
  }
}

TEST(Keys, a_lost_packet_in_a_tone_does_not_make_two_keys_or_shorten_it) {
  KeyMatrix m(kTones, kEvents);
  m.voice(100ms);
  DtmfGenerator generator;
  generator.queue('8', 300ms, 40ms);
  std::array<int16_t, kFrame> pcm;
  for (int i = 0; i < 18; ++i) {
    generator.generate(pcm);
    if (i == 6) {
      ++m.world.a.sequence;
      m.world.a.timestamp += kFrame;
      m.world.advance(20ms);
      continue;
    }
    m.talk(pcm);
  }
  m.voice(500ms);
  const auto heard = m.heard();
  ASSERT_EQ(KeyMatrix::digits(heard), "8");
  EXPECT_NEAR(static_cast<double>(to_ms(heard[0].length)), 300, 26);
}

// The source's thread, or a network, stands still in the middle of a key; what it should have said
// comes in a heap.
TEST(Keys, a_source_that_stands_still_for_a_moment_does_not_make_its_key_longer) {
  for (const Side& to : {kEvents, kBrowser}) {
    KeyMatrix m(kTones, to);
    m.voice(100ms);
    DtmfGenerator generator;
    generator.queue('8', 100ms, 40ms);
    std::array<int16_t, kFrame> pcm;
    for (int i = 0; i < 20; ++i) {
      generator.generate(pcm);
      m.say(pcm);
      if (i == 3) m.world.advance(160ms);
      if (i < 3 || i > 10) m.world.advance(20ms);
    }
    m.voice(500ms);
    const auto heard = m.heard();
    ASSERT_EQ(KeyMatrix::digits(heard), "8") << to.name;
    EXPECT_NEAR(static_cast<double>(to_ms(heard[0].length)), 100, 26) << to.name;
  }
  KeyMatrix m(kEvents, kBrowser);
  m.voice(100ms);
  for (uint16_t i = 1; i <= 8; ++i) {
    const TelephoneEvent e{5, i >= 6, 10, static_cast<uint16_t>(std::min<int>(i, 6) * 160)};
    m.world.receive(m.world.a, 101, e.bytes(), m.world.a.sequence++, m.world.a.timestamp, i == 1);
    m.world.advance(i == 3 ? 140ms : 20ms);
  }
  m.world.a.timestamp += 8 * 160;
  m.voice(500ms);
  const auto heard = m.heard();
  ASSERT_EQ(KeyMatrix::digits(heard), "5");
  EXPECT_EQ(to_ms(heard[0].length), 120);
}

TEST(Keys, a_key_that_is_down_for_long_grows_at_the_listener_all_the_while) {
  for (const Side& from : {kTones, kEvents}) {
    KeyMatrix m(from, kBrowser);
    m.voice(100ms);
    m.press({'7', 3s});
    const auto& out = m.world.b.transport.rtp_out;
    std::vector<Duration> grown;
    TimePoint begin{};
    for (const auto& sent : out) {
      if (sent.header.payload_type != 101) continue;
      const auto event = TelephoneEvent::parse(sent.payload);
      ASSERT_TRUE(event);
      if (sent.header.marker) begin = sent.at;
      if (event->end) break;
      if (sent.at - begin > 1300ms) break;  // A segment is as long.
      grown.push_back(sent.at - begin + 20ms - Duration(1s) * event->duration / 48000);
    }
    ASSERT_GT(grown.size(), 60u) << from.name;
    EXPECT_LE(*std::ranges::max_element(grown), 40ms) << from.name;
  }
}

TEST(Keys, a_tone_of_which_nothing_more_comes_is_up_soon_and_no_longer_than_it_was_heard) {
  KeyMatrix m(kTones, kEvents);
  m.voice(100ms);
  DtmfGenerator generator;
  generator.queue('8', 1s, 40ms);
  std::array<int16_t, kFrame> pcm;
  for (int i = 0; i < 6; ++i) {
    generator.generate(pcm);
    m.talk(pcm);
  }
  m.world.advance(600ms);
  const auto heard = m.heard();
  ASSERT_EQ(KeyMatrix::digits(heard), "8");
  EXPECT_NEAR(static_cast<double>(to_ms(heard[0].length)), 120, 26);
  m.world.b.transport.rtp_out.clear();
  m.voice(400ms);
  EXPECT_GT(m.heard_sound().size(), 1600u);
  EXPECT_EQ(m.world.of<DigitReceived>().size(), 1u);
}

TEST(Keys, a_key_comes_up_at_the_listener_when_its_leg_is_muted_or_says_keys_in_another_way) {
  for (const bool muted : {true, false}) {
    KeyMatrix m(kTones, kEvents);
    m.voice(100ms);
    DtmfGenerator generator;
    generator.queue('8', 100ms, 40ms);
    std::array<int16_t, kFrame> pcm;
    for (int i = 0; i < 20; ++i) {
      generator.generate(pcm);
      m.talk(pcm);
      if (i == 3 && muted) m.world.a.port.set_muted(true, m.world.clock.now());
      if (i == 3 && !muted) m.world.negotiate(m.world.a, KeyMatrix::parameters(kEvents));
    }
    const auto heard = m.heard();
    ASSERT_EQ(KeyMatrix::digits(heard), "8") << muted;
    EXPECT_LE(to_ms(heard[0].length), 126) << muted;
    EXPECT_TRUE(m.world.b.port.hears(m.world.clock.now())) << muted;
  }
}

TEST(Keys, a_leg_of_rfc4733_alone_without_it_neither_gets_nor_gives_keys) {
  constexpr Side strict{"strict", Kind::Phone, Codec::Pcmu, DtmfMode::Rfc4733, 0};
  KeyMatrix toward(kEvents, strict);
  toward.voice(100ms);
  toward.press({'1', 100ms});
  toward.voice(300ms);
  EXPECT_TRUE(toward.heard_tones().empty());
  EXPECT_EQ(toward.world.counters.digits_undeliverable.get(), 1u);
  KeyMatrix from(strict, kEvents);
  from.voice(100ms);
  from.press_tone({'1', 100ms});
  from.voice(300ms);
  EXPECT_TRUE(from.heard_events().empty());
}

}  // namespace
}  // namespace gw::media
