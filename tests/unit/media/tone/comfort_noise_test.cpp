#include "media/tone/comfort_noise.h"

#include <gtest/gtest.h>

#include <vector>

#include "media/codec/codec.h"

namespace gw::media {
namespace {

TEST(ComfortNoise, noise_has_the_level_it_was_asked_for) {
  for (const NoiseLevel level : {20, 40, 55, 65, 75}) {
    NoiseGenerator noise;
    std::vector<int16_t> pcm(8000);
    noise.generate(level, pcm);
    EXPECT_NEAR(level, noise_level_of(pcm), 1);
  }
}

TEST(ComfortNoise, digital_silence_has_the_lowest_level_and_is_made_of_it) {
  std::vector<int16_t> pcm(160, 5);
  NoiseGenerator().generate(kNoNoise, pcm);
  EXPECT_EQ(std::vector<int16_t>(160, 0), pcm);
  EXPECT_EQ(kNoNoise, noise_level_of(pcm));
}

TEST(ComfortNoise, frames_of_opus_that_were_encoded_once_keep_the_level) {
  for (const NoiseLevel level : {30, 40, 50, 60, 70, 76}) {
    const auto decoder = make_decoder(Codec::Opus, kNarrowband);
    std::vector<int16_t> heard, pcm(160);
    for (unsigned turn = 0; turn < 50; ++turn) {
      ASSERT_EQ(160u, decoder->decode(opus_noise(level, turn), pcm));
      if (turn >= 5) heard.insert(heard.end(), pcm.begin(), pcm.end());
    }
    EXPECT_NEAR(level, noise_level_of(heard), 3);
  }
}

TEST(ComfortNoise, levels_beyond_the_table_have_its_ends) {
  EXPECT_EQ(opus_noise(0, 0).data(), opus_noise(24, 0).data());
  EXPECT_EQ(opus_noise(kNoNoise, 3).data(), opus_noise(78, 11).data());
}

}  // namespace
}  // namespace gw::media
