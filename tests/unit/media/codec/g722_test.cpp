#include "media/codec/g722.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/unit/support/tone.h"

namespace gw::media {
namespace {

// A second of a tone at one rate through the codec, heard at another.
std::vector<int16_t> heard(double hertz, uint32_t said_at, uint32_t heard_at,
                           std::vector<size_t> lost = {}) {
  const auto encoder = make_encoder(Codec::G722, said_at);
  const auto decoder = make_decoder(Codec::G722, heard_at);
  const size_t in = samples_for(20ms, said_at), out = samples_for(20ms, heard_at);
  std::vector<int16_t> all;
  std::array<std::byte, kMaxEncodedFrame> packet;
  for (size_t f = 0; f < 50; ++f) {
    const size_t size = encoder->encode(test::tone(hertz, 8000, in, f * in, said_at), packet);
    EXPECT_EQ(160u, size);
    std::vector<int16_t> pcm(out);
    if (std::ranges::count(lost, f) > 0) {
      EXPECT_EQ(out, decoder->conceal(pcm));
    } else {
      EXPECT_EQ(out, decoder->decode(std::span(packet).first(size), pcm));
    }
    all.insert(all.end(), pcm.begin(), pcm.end());
  }
  return all;
}

double level(const std::vector<int16_t>& pcm, double hertz, uint32_t rate) {
  const auto settled = std::span(pcm).subspan(samples_for(100ms, rate));
  return 20 * std::log10(test::peak_at(settled, hertz, rate) / 8000);
}

TEST(G722, wideband_sound_keeps_its_level) {
  for (const double hertz : {200.0, 1000.0, 3000.0, 5000.0, 6500.0}) {
    EXPECT_NEAR(0, level(heard(hertz, kWideband, kWideband), hertz, kWideband), 0.5) << hertz;
  }
}

TEST(G722, a_narrowband_leg_hears_and_is_heard_at_the_same_level) {
  for (const double hertz : {300.0, 1000.0, 2500.0, 3300.0}) {
    EXPECT_NEAR(0, level(heard(hertz, kWideband, kNarrowband), hertz, kNarrowband), 0.5) << hertz;
    EXPECT_NEAR(0, level(heard(hertz, kNarrowband, kWideband), hertz, kWideband), 0.5) << hertz;
    EXPECT_NEAR(0, level(heard(hertz, kNarrowband, kNarrowband), hertz, kNarrowband), 0.5) << hertz;
  }
}

TEST(G722, loss_is_bridged_at_the_pitch_of_the_voice) {
  for (const uint32_t rate : {kNarrowband, kWideband}) {
    for (const double hertz : {100.0, 160.0, 400.0}) {
      const auto pcm = heard(hertz, rate, rate, {30});
      const size_t frame = samples_for(20ms, rate);
      const auto filled = std::span(pcm).subspan(30 * frame, frame);
      EXPECT_GT(test::peak_at(filled, hertz, rate), 6000) << hertz << " at " << rate;
      EXPECT_NEAR(8000, test::peak_at(std::span(pcm).subspan(40 * frame), hertz, rate), 500);
    }
  }
}

TEST(G722, a_byte_is_a_sample_of_8_khz_and_two_of_16) {
  const std::vector<std::byte> payload(160);
  EXPECT_EQ(160u, make_decoder(Codec::G722, kNarrowband)->samples_in(payload));
  EXPECT_EQ(320u, make_decoder(Codec::G722, kWideband)->samples_in(payload));
  EXPECT_EQ(0u, make_decoder(Codec::G722, kWideband)->samples_in({}));
  const std::vector<std::byte> too_long(961);
  EXPECT_EQ(0u, make_decoder(Codec::G722, kWideband)->samples_in(too_long));
}

TEST(G722, refuses_what_does_not_fit) {
  const auto encoder = make_encoder(Codec::G722, kWideband);
  std::array<std::byte, 100> small;
  EXPECT_EQ(0u, encoder->encode(test::tone(400, 5000, 320), small));
  const auto decoder = make_decoder(Codec::G722, kWideband);
  std::array<int16_t, 100> little;
  EXPECT_EQ(0u, decoder->decode(std::vector<std::byte>(160), little));
}

TEST(G722, reset_forgets_the_past) {
  const auto decoder = make_decoder(Codec::G722, kWideband);
  const auto fresh = make_decoder(Codec::G722, kWideband);
  const auto encoder = make_encoder(Codec::G722, kWideband);
  std::array<std::byte, 160> loud, quiet;
  encoder->encode(test::tone(1000, 20000, 320, 0, kWideband), loud);
  encoder->reset();
  encoder->encode(test::tone(300, 1000, 320, 0, kWideband), quiet);
  std::vector<int16_t> a(320), b(320);
  decoder->decode(loud, a);
  decoder->reset();
  decoder->decode(quiet, a);
  fresh->decode(quiet, b);
  EXPECT_EQ(b, a);
}

}  // namespace
}  // namespace gw::media
