#include "tests/sound/score.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "tests/sound/network.h"
#include "tests/sound/speech.h"

namespace gw::sound {
namespace {

class ScoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto speech = speak(GW_SPEECH_FOLDER, 1);
    ASSERT_EQ(1u, speech.size()) << "espeak-ng is missing: scripts/setup.sh test";
    said_ = speech.front().pcm;
  }
  std::vector<int16_t> scaled(double factor) const {
    std::vector<int16_t> pcm = said_;
    for (int16_t& s : pcm) s = static_cast<int16_t>(std::lrint(s * factor));
    return pcm;
  }
  std::vector<int16_t> said_;
};

TEST_F(ScoreTest, the_same_sound_is_perfect) {
  const Score score = compare(said_, said_);
  EXPECT_EQ(35, score.segmental_snr_db);
  EXPECT_EQ(0, score.spectral_distance_db);
  EXPECT_EQ(0, score.level_db);
  EXPECT_EQ(0, score.lag);
}

TEST_F(ScoreTest, delay_is_found_and_costs_nothing) {
  std::vector<int16_t> late(317);
  late.insert(late.end(), said_.begin(), said_.end());
  const Score score = compare(said_, late);
  EXPECT_EQ(317, score.lag);
  EXPECT_EQ(35, score.segmental_snr_db);
}

TEST_F(ScoreTest, level_is_told_in_decibels) {
  EXPECT_NEAR(-6.0, compare(said_, scaled(0.5012)).level_db, 0.05);
  EXPECT_NEAR(1.0, compare(said_, scaled(1.122)).level_db, 0.05);
}

TEST_F(ScoreTest, offset_is_seen) {
  std::vector<int16_t> shifted = said_;
  for (int16_t& s : shifted) s = static_cast<int16_t>(s + 100);
  EXPECT_NEAR(100, compare(said_, shifted).offset - compare(said_, said_).offset, 1);
}

TEST_F(ScoreTest, every_hole_costs_both_measures) {
  Score before = compare(said_, said_);
  for (const size_t every : {50u, 20u, 7u}) {
    std::vector<int16_t> holed = said_;
    for (size_t f = 3; (f + 1) * 160 <= holed.size(); f += every) {
      std::fill_n(holed.begin() + static_cast<ptrdiff_t>(f * 160), 160, int16_t{0});
    }
    const Score score = compare(said_, holed);
    EXPECT_LT(score.segmental_snr_db, before.segmental_snr_db) << every;
    EXPECT_GT(score.spectral_distance_db, before.spectral_distance_db) << every;
    before = score;
  }
}

TEST_F(ScoreTest, spectral_distance_hears_what_a_dull_line_takes_away) {
  std::vector<int16_t> dull = said_;
  for (size_t i = 1; i < dull.size(); ++i) {
    dull[i] = static_cast<int16_t>((said_[i] + 3 * dull[i - 1]) / 4);
  }
  EXPECT_GT(compare(said_, dull).spectral_distance_db, 3);
}

TEST_F(ScoreTest, speech_has_pauses_and_uses_the_scale) {
  const auto voice = spoken(said_);
  const auto count = std::ranges::count(voice, true);
  EXPECT_GT(count, static_cast<long>(voice.size()) / 3);
  EXPECT_LT(count, static_cast<long>(voice.size()));
  int loudest = 0;
  for (const int16_t s : said_) loudest = std::max(loudest, std::abs(static_cast<int>(s)));
  EXPECT_EQ(16384, loudest);
}

TEST(NetworkTest, loses_what_it_says_alone_or_in_bursts) {
  constexpr size_t kPackets = 200'000;
  for (const Network& network : {Network{"", 0.05}, Network{"", 0.05, 3}}) {
    const auto arrivals = carry(network, kPackets, 20ms, 7);
    size_t runs = 0;
    for (size_t i = 1; i < arrivals.size(); ++i) {
      runs += arrivals[i].packet > arrivals[i - 1].packet + 1 ? 1 : 0;
    }
    const double lost = static_cast<double>(kPackets - arrivals.size());
    EXPECT_NEAR(0.05, lost / kPackets, 0.003);
    EXPECT_NEAR(network.burst > 1 ? 3.0 : 1.05, lost / static_cast<double>(runs), 0.15);
  }
}

TEST(NetworkTest, jitter_delays_within_its_bound_and_reorders) {
  const auto arrivals = carry({"", 0, 1, 40ms}, 1000, 20ms, 7);
  ASSERT_EQ(1000u, arrivals.size());
  size_t overtaken = 0;
  for (size_t i = 1; i < arrivals.size(); ++i) {
    const auto sent = static_cast<int64_t>(arrivals[i].packet) * Duration(20ms);
    EXPECT_GE(arrivals[i].at, sent);
    EXPECT_LE(arrivals[i].at, sent + 40ms);
    overtaken += arrivals[i].packet < arrivals[i - 1].packet ? 1 : 0;
  }
  EXPECT_GT(overtaken, 50u);
}

TEST(NetworkTest, same_seed_is_the_same_network) {
  const Network network{"", 0.1, 2, 30ms};
  const auto a = carry(network, 500, 20ms, 3), b = carry(network, 500, 20ms, 3);
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].packet, b[i].packet);
  EXPECT_NE(a.size(), carry(network, 500, 20ms, 4).size());
}

}  // namespace
}  // namespace gw::sound
