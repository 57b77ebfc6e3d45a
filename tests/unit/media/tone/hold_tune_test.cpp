#include "media/tone/hold_tune.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "media/codec/codec.h"

namespace gw::media {
namespace {

double rms(std::span<const int16_t> pcm) {
  double sum = 0;
  for (const int16_t s : pcm) sum += static_cast<double>(s) * s;
  return std::sqrt(sum / static_cast<double>(pcm.size()));
}

TEST(HoldTune, is_soft_as_long_at_both_rates_and_has_no_seam) {
  const ClipPtr tune = hold_tune();
  EXPECT_EQ(tune->wide.size(), 2 * tune->narrow.size());
  for (const auto* pcm : {&tune->narrow, &tune->wide}) {
    const auto [low, high] = std::ranges::minmax(*pcm);
    EXPECT_LT(std::max(-low, +high), 32768 / 8) << "18 dB under full scale at its loudest";
    EXPECT_GT(rms(*pcm), 200) << "and still heard";
    EXPECT_LT(std::abs(pcm->front() - pcm->back()), 600) << "less than a step within a bell";
  }
}

TEST(HoldTune, is_the_same_sound_at_both_rates) {
  const ClipPtr tune = hold_tune();
  EXPECT_NEAR(rms(tune->narrow), rms(tune->wide), 20);
}

}  // namespace
}  // namespace gw::media
