#include "media/path/audio_source.h"

#include <gtest/gtest.h>

#include <array>
#include <utility>
#include <vector>

#include "media/codec/g711.h"
#include "tests/unit/support/manual_clock.h"
#include "tests/unit/support/tone.h"

namespace gw::media {
namespace {

class Heard final : public PcmSink {
 public:
  struct Frame {
    int64_t position;
    size_t samples;
    bool restarted;
    int16_t first, last;
    TimePoint at;
  };
  void play(std::span<const int16_t> pcm, int64_t position, bool restarted,
            TimePoint now) override {
    frames.push_back({position, pcm.size(), restarted, pcm.front(), pcm.back(), now});
  }
  std::vector<Frame> frames;
};

class AudioSourceTest : public ::testing::Test {
 protected:
  void SetUp() override { source_.prepare(Codec::Pcmu, kNarrowband); }
  // A PCMU packet number `n` of a stream that began at timestamp 0; 20 ms each.
  void push(int64_t n, bool restarted = false) {
    PacketPtr packet = pool_.take();
    std::ranges::fill(packet->room().first(160), static_cast<std::byte>(0x80 + n % 64));
    packet->resize(160);
    source_.push(packet, {Codec::Pcmu, packet->data(), n, n * 160, restarted}, heard_,
                 clock_.now());
  }
  void tick(int64_t n) {
    push(n);
    clock_.advance(20ms);
  }
  void wait(Duration d) {
    for (const TimePoint end = clock_.now() + d; clock_.now() < end;) {
      clock_.advance(1ms);
      source_.on_timer(heard_, clock_.now());
    }
  }
  std::vector<int64_t> positions() const {
    std::vector<int64_t> p;
    for (const auto& f : heard_.frames) p.push_back(f.position / 160);
    return p;
  }

  test::ManualClock clock_;
  PacketPool pool_{64};
  MediaCounters counters_;
  AudioSource source_{counters_};
  Heard heard_;
};

using Positions = std::vector<int64_t>;

TEST_F(AudioSourceTest, clean_stream_leaves_as_it_arrives) {
  for (int n = 0; n < 5; ++n) tick(n);
  EXPECT_EQ((Positions{0, 1, 2, 3, 4}), positions());
  EXPECT_TRUE(heard_.frames[0].restarted);
  EXPECT_FALSE(heard_.frames[1].restarted);
  EXPECT_EQ(0u, counters_.concealed.get());
}

TEST_F(AudioSourceTest, lost_packet_is_replaced_when_its_successor_comes) {
  tick(0);
  clock_.advance(20ms);  // 1 is lost.
  tick(2);
  tick(3);
  EXPECT_EQ((Positions{0, 1, 2, 3}), positions());
  EXPECT_EQ(1u, counters_.concealed.get());
  EXPECT_EQ(0u, counters_.recovered.get());  // G.711 has no FEC.
}

// G.711 has no FEC, and yet the successor helps: the hole ends where it begins, which is untouched.
TEST_F(AudioSourceTest, lost_packet_is_made_up_to_meet_its_successor) {
  const auto sample = [](int64_t n) {
    return g711_decode(Law::Mu, static_cast<uint8_t>(0x80 + n % 64));
  };
  for (int n = 0; n < 9; ++n) tick(n);
  clock_.advance(20ms);
  tick(10);
  ASSERT_EQ(11u, heard_.frames.size());
  EXPECT_EQ(sample(8), heard_.frames[8].last);
  EXPECT_NEAR(sample(8), heard_.frames[9].first, 400);
  EXPECT_NEAR(sample(10), heard_.frames[9].last, 400);
  EXPECT_EQ(sample(10), heard_.frames[10].first);
}

TEST_F(AudioSourceTest, concealment_switched_off_is_silence_at_the_same_times) {
  std::array<Heard, 2> heard;
  for (const bool conceals : {false, true}) {
    source_.set_conceals(conceals);
    push(0, true);
    const TimePoint begun = clock_.now();
    wait(40ms);
    push(2);  // 1 is lost; and all after 2.
    wait(1s);
    for (auto& frame : heard_.frames) frame.at -= begun - TimePoint{};
    heard[conceals ? 1 : 0] = std::exchange(heard_, {});
  }
  const auto &silent = heard[0].frames, &concealed = heard[1].frames;
  ASSERT_EQ(6u, silent.size());
  ASSERT_EQ(concealed.size(), silent.size());
  for (size_t i = 0; i < silent.size(); ++i) {
    EXPECT_EQ(concealed[i].position, silent[i].position);
    EXPECT_EQ(concealed[i].at, silent[i].at);
    const bool came = i == 0 || i == 2;
    EXPECT_EQ(came, silent[i].first != 0) << i;
    EXPECT_EQ(came, silent[i].last != 0) << i;
  }
  EXPECT_NE(0, concealed[1].first);
  EXPECT_EQ(8u, counters_.concealed.get());  // In both runs.
}

TEST_F(AudioSourceTest, silent_source_is_concealed_forty_ms_after_it_was_due) {
  push(0);
  wait(55ms);
  EXPECT_EQ((Positions{0}), positions());
  wait(10ms);
  EXPECT_EQ((Positions{0, 1}), positions());
}

TEST_F(AudioSourceTest, concealment_of_g711_ends_after_sixty_ms) {
  push(0);
  wait(2s);
  EXPECT_EQ((Positions{0, 1, 2, 3}), positions());
  EXPECT_EQ(kNever, source_.deadline());
}

TEST_F(AudioSourceTest, packet_that_comes_after_its_place_was_concealed_is_dropped) {
  push(0);
  wait(65ms);
  push(1);
  push(2);
  EXPECT_EQ((Positions{0, 1, 2}), positions());
  EXPECT_EQ(1u, source_.late());
}

TEST_F(AudioSourceTest, loss_of_many_is_never_a_burst) {
  tick(0);
  push(9);
  EXPECT_EQ((Positions{0, 1, 2}), positions());
  wait(45ms);
  EXPECT_EQ((Positions{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}), positions());
  for (size_t i = 2; i < heard_.frames.size(); ++i) {
    EXPECT_GE(heard_.frames[i].at - heard_.frames[i - 2].at, 10ms) << i;
  }
}

TEST_F(AudioSourceTest, once_reordering_was_seen_the_successor_waits_for_its_predecessor) {
  tick(0);
  push(2);  // Not waited for yet: 1 is replaced.
  push(1);
  EXPECT_EQ((Positions{0, 1, 2}), positions());
  clock_.advance(20ms);
  tick(3);
  push(5);
  EXPECT_EQ((Positions{0, 1, 2, 3}), positions());
  wait(5ms);
  push(4);
  EXPECT_EQ((Positions{0, 1, 2, 3, 4, 5}), positions());
  EXPECT_EQ(1u, source_.late());
}

TEST_F(AudioSourceTest, waiting_ends_after_twenty_ms) {
  tick(0);
  push(2);
  push(1);
  tick(3);
  push(5);
  wait(25ms);
  EXPECT_EQ((Positions{0, 1, 2, 3, 4, 5}), positions());
  EXPECT_EQ(2u, counters_.concealed.get());
  EXPECT_EQ(64u, pool_.available());
}

TEST_F(AudioSourceTest, reordering_is_forgotten_after_ten_seconds) {
  tick(0);
  push(2);
  push(1);
  int64_t n = 3;
  for (; n < 3 + 520; ++n) tick(n);
  heard_.frames.clear();
  push(n + 1);
  EXPECT_EQ(n + 1, positions().back());
}

TEST_F(AudioSourceTest, pause_without_loss_is_a_gap_and_conceals_nothing_at_its_end) {
  push(0);
  wait(1s);
  heard_.frames.clear();
  PacketPtr packet = pool_.take();
  packet->resize(160);
  source_.push(packet, {Codec::Pcmu, packet->data(), 1, 50 * 160, false}, heard_, clock_.now());
  EXPECT_EQ((Positions{50}), positions());
  EXPECT_FALSE(heard_.frames[0].restarted);
}

TEST_F(AudioSourceTest, timestamps_that_are_a_little_off_lose_nothing) {
  int64_t timestamp = 0;
  for (int64_t n = 0; n < 200; ++n) {
    PacketPtr packet = pool_.take();
    packet->resize(160);
    source_.push(packet, {Codec::Pcmu, packet->data(), n, timestamp, false}, heard_, clock_.now());
    timestamp += n % 2 == 0 ? 150 : 170;
    clock_.advance(20ms);
  }
  EXPECT_EQ(200u, heard_.frames.size());
  EXPECT_EQ(0u, source_.late());
}

TEST_F(AudioSourceTest, source_whose_clock_stood_still_during_a_pause_begins_anew) {
  for (int n = 0; n < 100; ++n) tick(n);
  wait(100ms);  // Concealment moved on.
  heard_.frames.clear();
  for (int64_t n = 100; n < 110; ++n) {
    PacketPtr packet = pool_.take();
    packet->resize(160);
    source_.push(packet, {Codec::Pcmu, packet->data(), n, (n - 40) * 160, false}, heard_,
                 clock_.now());
    clock_.advance(20ms);
  }
  ASSERT_GE(heard_.frames.size(), 5u);
  EXPECT_TRUE(heard_.frames[0].restarted);
}

TEST_F(AudioSourceTest, burst_after_a_stall_of_the_network_does_not_put_the_line_off) {
  for (int n = 0; n < 10; ++n) tick(n);
  wait(300ms);
  for (int n = 10; n < 26; ++n) push(n);
  wait(20ms);
  push(26);
  wait(60ms);
  EXPECT_EQ(26, positions().back());
  for (size_t i = 1; i < positions().size(); ++i) {
    EXPECT_EQ(positions()[i - 1] + 1, positions()[i]);  // Each place filled once.
    EXPECT_FALSE(heard_.frames[i].restarted);
  }
}

TEST_F(AudioSourceTest, payload_that_is_no_opus_is_counted_and_dropped) {
  source_.prepare(Codec::Opus, kNarrowband);
  PacketPtr packet = pool_.take();
  packet->resize(0);
  source_.push(packet, {Codec::Opus, packet->data(), 1, 960, false}, heard_, clock_.now());
  EXPECT_TRUE(heard_.frames.empty());
  EXPECT_EQ(1u, counters_.discarded[static_cast<size_t>(Discard::Codec)].get());
}

TEST_F(AudioSourceTest, each_of_several_lost_in_a_row_gets_its_place_by_the_deadline) {
  tick(0);
  wait(80ms);  // 1 to 4 are lost.
  push(5);
  wait(20ms);
  EXPECT_EQ((Positions{0, 1, 2, 3, 4, 5}), positions());
  for (size_t i = 2; i < heard_.frames.size(); ++i) {
    EXPECT_GE(heard_.frames[i].at - heard_.frames[i - 2].at, 10ms) << i;
  }
}

TEST_F(AudioSourceTest, place_that_was_concealed_is_not_waited_for_again) {
  tick(0);
  push(2);
  push(1);  // Reordering was seen.
  wait(20ms);
  push(3);
  wait(65ms);  // 4 was concealed.
  push(5);
  EXPECT_EQ((Positions{0, 1, 2, 3, 4, 5}), positions());
}

// Frames of half the length from here on, and back: the line has neither a hole nor an overlap.
TEST_F(AudioSourceTest, ptime_may_change_in_mid_stream) {
  int64_t timestamp = 0, n = 0;
  for (const size_t size : {160u, 160u, 80u, 80u, 80u, 240u, 160u, 480u}) {
    PacketPtr packet = pool_.take();
    packet->resize(size);
    source_.push(packet, {Codec::Pcmu, packet->data(), n++, timestamp, false}, heard_,
                 clock_.now());
    timestamp += static_cast<int64_t>(size);
    wait(std::chrono::milliseconds(size / 8));
  }
  ASSERT_EQ(8u, heard_.frames.size());
  for (size_t i = 1; i < 8; ++i) {
    const auto& before = heard_.frames[i - 1];
    EXPECT_EQ(before.position + static_cast<int64_t>(before.samples), heard_.frames[i].position);
    EXPECT_FALSE(heard_.frames[i].restarted);
  }
}

TEST_F(AudioSourceTest, loss_where_the_ptime_changes_is_filled_to_the_sample) {
  tick(0);
  PacketPtr packet = pool_.take();
  packet->resize(80);
  clock_.advance(30ms);
  // A packet of 20 ms and one of 10 ms are missing.
  source_.push(packet, {Codec::Pcmu, packet->data(), 3, 160 + 240, false}, heard_, clock_.now());
  wait(20ms);
  int64_t next = 0;
  for (const auto& frame : heard_.frames) {
    EXPECT_EQ(next, frame.position);
    next += static_cast<int64_t>(frame.samples);
  }
  EXPECT_EQ(160 + 240 + 80, next);
}

TEST_F(AudioSourceTest, codec_that_changes_in_mid_stream_begins_anew) {
  source_.prepare(Codec::Pcma, kNarrowband);
  for (int n = 0; n < 3; ++n) tick(n);
  PacketPtr packet = pool_.take();
  packet->resize(160);
  source_.push(packet, {Codec::Pcma, packet->data(), 3, 3 * 160, false}, heard_, clock_.now());
  EXPECT_EQ((Positions{0, 1, 2, 3}), positions());
  EXPECT_TRUE(heard_.frames[3].restarted);
}

TEST_F(AudioSourceTest, source_that_returns_after_a_hold_begins_anew_without_concealment) {
  for (int n = 0; n < 10; ++n) tick(n);
  source_.restart();
  wait(5s);
  heard_.frames.clear();
  push(4000, true);
  EXPECT_EQ((Positions{4000}), positions());
  EXPECT_TRUE(heard_.frames[0].restarted);
  EXPECT_EQ(0u, counters_.concealed.get());
}

// ---- With a jitter buffer ----

TEST_F(AudioSourceTest, fixed_buffer_delays_each_frame_by_its_length) {
  source_.set_playout({Playout::Mode::Fixed, 60ms});
  const TimePoint start = clock_.now();
  for (int n = 0; n < 20; ++n) {
    push(n);
    wait(20ms);
  }
  wait(60ms);
  ASSERT_EQ(20u, heard_.frames.size());
  for (size_t i = 0; i < 20; ++i) {
    EXPECT_EQ(start + 60ms + 20ms * static_cast<int64_t>(i), heard_.frames[i].at);
  }
  EXPECT_EQ(64u, pool_.available());
}

TEST_F(AudioSourceTest, buffer_puts_jitter_and_order_right) {
  source_.set_playout({Playout::Mode::Fixed, 60ms});
  push(0);
  wait(50ms);
  push(2);
  push(1);
  wait(9ms);
  EXPECT_EQ((Positions{}), positions());
  wait(60ms);
  push(3);
  wait(20ms);
  EXPECT_EQ((Positions{0, 1, 2, 3}), positions());
  EXPECT_EQ(0u, source_.late());
  EXPECT_EQ(0u, counters_.concealed.get());
  for (size_t i = 1; i < 4; ++i) EXPECT_EQ(20ms, heard_.frames[i].at - heard_.frames[i - 1].at);
}

TEST_F(AudioSourceTest, loss_in_the_buffer_is_filled_at_its_time) {
  source_.set_playout({Playout::Mode::Fixed, 60ms});
  const TimePoint start = clock_.now();
  for (int n = 0; n < 10; ++n) {
    if (n != 4 && n != 5) push(n);
    wait(20ms);
  }
  wait(100ms);
  for (size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(static_cast<int64_t>(i), positions()[i]);
    EXPECT_EQ(start + 60ms + 20ms * static_cast<int64_t>(i), heard_.frames[i].at);
  }
}

// An hour of a source whose clock is off: it is followed, so that neither the buffer fills nor runs
// dry, and no sample is made up or left out.
TEST_F(AudioSourceTest, clock_drift_of_an_hour_neither_delays_nor_starves) {
  for (const int ppm : {-300, 300}) {
    AudioSource source(counters_);
    source.prepare(Codec::Pcmu, kNarrowband);
    source.set_playout({Playout::Mode::Fixed, 60ms});
    Heard heard;
    const TimePoint start = clock_.now();
    const auto sent_at = [&](int64_t n) {
      return start + n * (Duration(20ms) + Duration(20ms) * ppm / 1'000'000);
    };
    constexpr int64_t kFrames = 3600 * 50;
    heard.frames.reserve(kFrames + 10);
    Duration least = 1h, most{0};
    for (int64_t n = 0; n < kFrames; ++n) {
      // A network that delays by up to 20 ms.
      const TimePoint arrives = sent_at(n) + std::chrono::milliseconds(n * 7 % 21);
      while (source.deadline() < arrives) {
        clock_.advance_to(source.deadline());
        source.on_timer(heard, clock_.now());
      }
      clock_.advance_to(arrives);
      PacketPtr packet = pool_.take();
      ASSERT_TRUE(packet);
      packet->resize(160);
      source.push(packet, {Codec::Pcmu, packet->data(), n, n * 160, false}, heard, clock_.now());
    }
    ASSERT_GE(heard.frames.size(), static_cast<size_t>(kFrames - 5));
    for (size_t i = 0; i < heard.frames.size(); ++i) {
      ASSERT_EQ(static_cast<int64_t>(i) * 160, heard.frames[i].position);
      const Duration way = heard.frames[i].at - sent_at(static_cast<int64_t>(i));
      least = std::min(least, way);
      most = std::max(most, way);
    }
    EXPECT_GE(least, 55ms) << ppm;
    EXPECT_LE(most, 65ms) << ppm;
    EXPECT_EQ(0u, counters_.concealed.get()) << ppm;
    EXPECT_EQ(0u, source.late()) << ppm;
  }
}

TEST_F(AudioSourceTest, buffer_lets_a_timeline_that_jumped_begin_anew) {
  source_.set_playout({Playout::Mode::Fixed, 40ms});
  for (int n = 0; n < 10; ++n) {
    push(n);
    wait(20ms);
  }
  wait(10s);  // A hold; the source's clock stands still.
  heard_.frames.clear();
  for (int n = 10; n < 20; ++n) {
    push(n);
    wait(20ms);
  }
  wait(25ms);
  EXPECT_GE(heard_.frames.size(), 7u);  // What concealment took is lost, not more.
  EXPECT_EQ(19, positions().back());
  EXPECT_EQ(20ms, heard_.frames.back().at - heard_.frames[heard_.frames.size() - 2].at);
}

// ---- Opus ----

class OpusSourceTest : public AudioSourceTest {
 protected:
  void SetUp() override {
    source_.prepare(Codec::Opus, kNarrowband);
    OpusSettings settings;
    settings.fec = true;
    encoder_ = make_encoder(Codec::Opus, kNarrowband, settings);
  }
  // The next 20 ms of a voice, lost on the way or not.
  void say(bool lost) {
    PacketPtr packet = pool_.take();
    const auto pcm = test::tone(150 + static_cast<double>(n_ % 5) * 40, 9000, 160,
                                static_cast<size_t>(n_) * 160);
    packet->resize(encoder_->encode(pcm, packet->room().first(kMaxEncodedFrame)));
    if (!lost) {
      source_.push(packet, {Codec::Opus, packet->data(), n_, timestamp_, false}, heard_,
                   clock_.now());
    }
    ++n_;
    timestamp_ += 960;
    wait(20ms);
  }
  std::unique_ptr<AudioEncoder> encoder_;
  int64_t n_ = 0, timestamp_ = 0;
};

TEST_F(OpusSourceTest, last_lost_frame_is_restored_from_its_successor_the_others_are_concealed) {
  for (int i = 0; i < 20; ++i) say(false);
  say(true);
  say(false);
  EXPECT_EQ(1u, counters_.recovered.get());
  EXPECT_EQ(1u, counters_.concealed.get());
  for (int i = 0; i < 10; ++i) say(false);
  say(true);
  say(true);
  say(true);
  say(false);
  wait(20ms);
  EXPECT_EQ(2u, counters_.recovered.get());
  EXPECT_EQ(4u, counters_.concealed.get());
  for (size_t i = 0; i < heard_.frames.size(); ++i) {
    EXPECT_EQ(static_cast<int64_t>(i), positions()[i]);
  }
}

// RFC 7587 4.2: timestamps run on while nothing is sent; the listener hears no hole, neither in the
// gap nor where it ends.
TEST_F(OpusSourceTest, gap_of_dtx_is_filled_every_frame) {
  for (int i = 0; i < 20; ++i) say(false);
  for (int gap = 0; gap < 3; ++gap) {
    wait(380ms);
    timestamp_ += 19 * 960;
    say(false);
  }
  wait(20ms);
  for (size_t i = 0; i < 20 + 3 * 20; ++i) EXPECT_EQ(static_cast<int64_t>(i), positions()[i]);
  EXPECT_EQ(0u, counters_.recovered.get());  // Nothing was lost: FEC would be of another frame.
}

}  // namespace
}  // namespace gw::media
