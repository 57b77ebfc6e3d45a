#include "media/path/quality.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

namespace gw::media {
namespace {

// ITU-T G.107 annex B and G.109: the score of a rating.
TEST(Quality, the_score_of_a_rating_is_that_of_g107) {
  const struct {
    double rating, score;
  } points[] = {{93.2, 4.41}, {90, 4.34}, {80, 4.02}, {70, 3.60}, {60, 3.10},
                {50, 2.58},   {0, 1},     {-5, 1},    {100, 4.5}, {120, 4.5}};
  for (const auto& p : points)
    EXPECT_NEAR(mean_opinion_score(p.rating), p.score, 0.006) << p.rating;
  for (double r = 0; r < 6; r += 0.1) EXPECT_GE(mean_opinion_score(r), 1) << r;
}

TEST(Quality, a_clean_call_is_rated_as_by_the_defaults) {
  EXPECT_NEAR(transmission_rating({}), 93.2, 1e-9);
}

// Idd of G.107 7.4 as G.114's curve shows it: no harm under 150 ms, 24 points at 400.
TEST(Quality, delay_costs_what_g107_says) {
  const struct {
    Duration delay;
    double impairment;
  } points[] = {{0ms, 0},      {100ms, 0},     {150ms, 0.16}, {200ms, 3.04},
                {300ms, 14.8}, {400ms, 24.07}, {500ms, 30.4}};
  for (const auto& p : points) {
    EXPECT_NEAR(93.2 - transmission_rating({Codec::Pcmu, 0, 1, p.delay}), p.impairment, 0.5)
        << to_ms(p.delay);
  }
}

// Ie,eff = 95 * Ppl / (Ppl + 25.1) for G.711 with concealment (G.113 appendix I).
TEST(Quality, random_loss_costs_what_g113_says) {
  EXPECT_NEAR(transmission_rating({Codec::Pcmu, 0.01, 1, 0ms}), 93.2 - 95 / 26.1, 0.01);
  EXPECT_NEAR(transmission_rating({Codec::Pcmu, 0.05, 1, 0ms}), 93.2 - 475 / 30.1, 0.01);
  EXPECT_NEAR(transmission_rating({Codec::Pcma, 0.20, 1, 0ms}), 93.2 - 1900 / 45.1, 0.01);
  EXPECT_GT(transmission_rating({Codec::Opus, 0.05, 1, 0ms}),
            transmission_rating({Codec::Pcmu, 0.05, 1, 0ms}));
}

TEST(Quality, loss_in_bursts_costs_more_than_the_same_at_random) {
  const double random = transmission_rating({Codec::Pcmu, 0.05, 1, 0ms});
  EXPECT_NEAR(transmission_rating({Codec::Pcmu, 0.05, 4, 0ms}), 93.2 - 475 / (1.25 + 25.1), 0.01);
  EXPECT_LT(transmission_rating({Codec::Pcmu, 0.05, 4, 0ms}), random);
  EXPECT_EQ(transmission_rating({Codec::Pcmu, 0.05, 0.1, 0ms}), random);
}

// The softphone (acs/web/src/media/quality.ts) is held to the same table.
TEST(Quality, the_score_of_a_stream_is_that_of_the_reference) {
  std::ifstream table(GW_TEST_REFERENCE "/e_model.csv");
  size_t rows = 0;
  for (std::string row; std::getline(table, row);) {
    if (row.starts_with('#')) continue;
    std::ranges::replace(row, ',', ' ');
    std::istringstream fields(row);
    std::string codec;
    double loss = 0, round_trip = 0, jitter = 0, score = 0;
    ASSERT_TRUE(fields >> codec >> loss >> round_trip >> jitter >> score) << row;
    const auto ms = [](double n) { return std::chrono::milliseconds(static_cast<int>(n)); };
    const StreamQuality heard{*codec_named(codec), loss / 100, 1,
                              one_way_delay(ms(round_trip), ms(jitter))};
    EXPECT_NEAR(mean_opinion_score(transmission_rating(heard)), score, 0.001) << row;
    ++rows;
  }
  EXPECT_GT(rows, 20u);
}

TEST(Quality, nothing_comes_through_and_the_rating_is_nothing) {
  EXPECT_LT(mean_opinion_score(transmission_rating({Codec::Pcmu, 1, 1, 2s})), 1.1);
}

}  // namespace
}  // namespace gw::media
