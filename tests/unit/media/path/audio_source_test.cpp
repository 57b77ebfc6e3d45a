#include "media/path/audio_source.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/support/manual_clock.h"

namespace gw::media {
namespace {

class Heard final : public PcmSink {
 public:
  struct Frame {
    int64_t position;
    size_t samples;
    bool restarted;
    int16_t first;
  };
  void play(std::span<const int16_t> pcm, int64_t position, bool restarted, TimePoint) override {
    frames.push_back({position, pcm.size(), restarted, pcm.front()});
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
    for (const TimePoint end = clock_.now() + d; clock_.now() < end; clock_.advance(5ms)) {
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
  EXPECT_EQ(1u, counters_.recovered.get());
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
  EXPECT_LE(heard_.frames.size(), 3u);
  EXPECT_EQ(9, positions().back());
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
  clock_.advance(5ms);
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
  EXPECT_EQ(2u, counters_.recovered.get());
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
  clock_.advance(20ms);
  tick(26);
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

}  // namespace
}  // namespace gw::media
