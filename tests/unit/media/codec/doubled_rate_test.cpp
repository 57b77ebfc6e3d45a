#include "media/codec/doubled_rate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/unit/support/tone.h"

namespace gw::media {
namespace {

TEST(DoubledRate, a_g711_leg_speaks_and_hears_at_16_khz_at_its_level) {
  for (const Codec codec : {Codec::Pcmu, Codec::Pcma}) {
    const auto encoder = make_encoder(codec, kWideband);
    const auto decoder = make_decoder(codec, kWideband);
    ASSERT_EQ(kWideband, encoder->rate());
    ASSERT_EQ(kWideband, decoder->rate());
    std::array<std::byte, 160> packet;
    std::vector<int16_t> heard;
    for (size_t f = 0; f < 50; ++f) {
      ASSERT_EQ(160u, encoder->encode(test::tone(1000, 8000, 320, f * 320, kWideband), packet));
      EXPECT_EQ(320u, decoder->samples_in(packet));
      std::vector<int16_t> pcm(320);
      ASSERT_EQ(320u, decoder->decode(packet, pcm));
      heard.insert(heard.end(), pcm.begin(), pcm.end());
    }
    const auto settled = std::span(heard).subspan(1600);
    EXPECT_NEAR(0, 20 * std::log10(test::peak_at(settled, 1000, kWideband) / 8000), 0.2);
  }
}

TEST(DoubledRate, a_lost_frame_is_concealed_before_it_is_resampled) {
  const auto encoder = make_encoder(Codec::Pcmu, kNarrowband);
  const auto decoder = make_decoder(Codec::Pcmu, kWideband);
  std::array<std::byte, 160> packet;
  std::vector<int16_t> pcm(320);
  for (size_t f = 0; f < 10; ++f) {
    encoder->encode(test::tone(200, 8000, 160, f * 160), packet);
    decoder->decode(packet, pcm);
  }
  EXPECT_EQ(320u, decoder->conceal(pcm));
  EXPECT_GT(test::peak_at(pcm, 200, kWideband), 6000);
  EXPECT_EQ(320u, decoder->recover(packet, pcm, 0));
}

TEST(DoubledRate, what_does_not_fit_is_refused) {
  const auto decoder = make_decoder(Codec::Pcmu, kWideband);
  std::vector<int16_t> small(319);
  EXPECT_EQ(0u, decoder->decode(std::vector<std::byte>(160), small));
  EXPECT_EQ(0u, decoder->samples_in({}));
  EXPECT_EQ(0u, decoder->samples_in(std::vector<std::byte>(961)));
  const auto encoder = make_encoder(Codec::Pcmu, kWideband);
  std::array<std::byte, 2000> out;
  EXPECT_EQ(0u, encoder->encode(std::vector<int16_t>(321), out));
  EXPECT_EQ(0u, encoder->encode(std::vector<int16_t>(kMaxFrameSamples + 2), out));
}

}  // namespace
}  // namespace gw::media
