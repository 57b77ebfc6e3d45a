#include "media/codec/g711.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/support/tone.h"

// Last: it defines lrint as a macro.
#include <spandsp.h>

namespace gw::media {
namespace {

TEST(G711, decodes_bit_for_bit_like_spandsp) {
  for (int code = 0; code < 256; ++code) {
    const auto byte = static_cast<uint8_t>(code);
    EXPECT_EQ(g711_decode(Law::Mu, byte), ulaw_to_linear(byte)) << code;
    EXPECT_EQ(g711_decode(Law::A, byte), alaw_to_linear(byte)) << code;
  }
}

TEST(G711, encodes_bit_for_bit_like_spandsp) {
  for (int sample = -32768; sample <= 32767; ++sample) {
    const auto pcm = static_cast<int16_t>(sample);
    ASSERT_EQ(g711_encode(Law::Mu, pcm), linear_to_ulaw(sample)) << sample;
    ASSERT_EQ(g711_encode(Law::A, pcm), linear_to_alaw(sample)) << sample;
  }
}

TEST(G711, codes_survive_a_round_trip) {
  for (int code = 0; code < 256; ++code) {
    const auto byte = static_cast<uint8_t>(code);
    EXPECT_EQ(g711_encode(Law::A, g711_decode(Law::A, byte)), byte);
    // Mu-law has two zeros; minus zero becomes plus zero.
    EXPECT_EQ(g711_encode(Law::Mu, g711_decode(Law::Mu, byte)), byte == 0x7f ? 0xff : byte);
  }
}

TEST(G711, silence_codes_are_the_usual_ones) {
  EXPECT_EQ(g711_silence(Law::Mu), 0xff);
  EXPECT_EQ(g711_silence(Law::A), 0xd5);
}

TEST(G711, transcoding_by_table_equals_transcoding_by_pcm) {
  for (const auto& [from, to] : {std::pair{Law::Mu, Law::A}, std::pair{Law::A, Law::Mu}}) {
    for (int code = 0; code < 256; ++code) {
      std::array<std::byte, 1> byte{static_cast<std::byte>(code)};
      g711_transcode(from, to, byte);
      EXPECT_EQ(std::to_integer<uint8_t>(byte[0]),
                g711_encode(to, g711_decode(from, static_cast<uint8_t>(code))));
    }
  }
}

TEST(G711, a_tone_keeps_its_level_through_the_codec) {
  const auto sound = test::tone(1010, 8000, 1600);
  for (const Codec codec : {Codec::Pcmu, Codec::Pcma}) {
    const auto encoder = make_encoder(codec, kNarrowband);
    const auto decoder = make_decoder(codec, kNarrowband);
    std::vector<int16_t> heard;
    for (size_t at = 0; at < sound.size(); at += 160) {
      std::array<std::byte, 160> payload;
      ASSERT_EQ(encoder->encode(std::span(sound).subspan(at, 160), payload), 160u);
      std::array<int16_t, 160> pcm;
      ASSERT_EQ(decoder->decode(payload, pcm), 160u);
      heard.insert(heard.end(), pcm.begin(), pcm.end());
    }
    EXPECT_NEAR(test::peak_at(heard, 1010), 8000, 80);
  }
}

TEST(G711, a_lost_frame_of_a_tone_is_filled_with_the_tone) {
  const auto sound = test::tone(400, 8000, 1600);
  const auto encoder = make_encoder(Codec::Pcmu, kNarrowband);
  const auto decoder = make_decoder(Codec::Pcmu, kNarrowband);
  std::array<std::byte, 160> payload;
  std::array<int16_t, 160> pcm;
  for (size_t at = 0; at < 800; at += 160) {
    encoder->encode(std::span(sound).subspan(at, 160), payload);
    decoder->decode(payload, pcm);
  }
  ASSERT_EQ(decoder->conceal(pcm), 160u);
  EXPECT_GT(test::peak_at(pcm, 400), 4500);
  // A long loss fades to silence rather than humming on.
  for (int i = 0; i < 10; ++i) decoder->conceal(pcm);
  EXPECT_LT(test::rms(pcm), 10);
}

TEST(G711, refuses_what_does_not_fit) {
  const auto encoder = make_encoder(Codec::Pcmu, kNarrowband);
  const auto decoder = make_decoder(Codec::Pcma, kNarrowband);
  std::array<int16_t, 160> pcm{};
  std::array<std::byte, 159> small;
  EXPECT_EQ(encoder->encode(pcm, small), 0u);
  std::array<std::byte, 161> large{};
  EXPECT_EQ(decoder->decode(large, pcm), 0u);
  EXPECT_EQ(decoder->decode({}, pcm), 0u);
  EXPECT_EQ(decoder->samples_in(large), 161u);
  EXPECT_EQ(decoder->samples_in(std::vector<std::byte>(samples_for(kMaxFrame, kNarrowband) + 1)),
            0u);
}

}  // namespace
}  // namespace gw::media
