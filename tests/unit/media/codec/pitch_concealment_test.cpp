#include "media/codec/pitch_concealment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "media/codec/codec.h"
#include "tests/unit/support/tone.h"

namespace gw::media {
namespace {

int largest_step(const std::vector<int16_t>& pcm) {
  int largest = 0;
  for (size_t i = 1; i < pcm.size(); ++i)
    largest = std::max(largest, std::abs(pcm[i] - pcm[i - 1]));
  return largest;
}

// Frames of a tone; those in `lost` are made up.
std::vector<int16_t> play(double hertz, size_t frames, const std::vector<size_t>& lost) {
  PitchConcealment concealment(kNarrowband);
  std::vector<int16_t> heard;
  for (size_t f = 0; f < frames; ++f) {
    auto pcm = test::tone(hertz, 8000, 160, f * 160);
    if (std::ranges::count(lost, f) > 0) {
      concealment.fill(pcm);
    } else {
      concealment.hear(pcm);
    }
    heard.insert(heard.end(), pcm.begin(), pcm.end());
  }
  return heard;
}

TEST(PitchConcealment, lost_frame_of_a_voiced_sound_goes_on_at_its_pitch_and_level) {
  for (const double hertz : {100.0, 160.0, 210.0, 400.0, 1000.0}) {
    const auto heard = play(hertz, 10, {6});
    const std::vector<int16_t> filled(heard.begin() + 960, heard.begin() + 1120);
    EXPECT_GT(test::peak_at(filled, hertz), 6000) << hertz;
  }
}

TEST(PitchConcealment, neither_the_beginning_nor_the_end_of_a_loss_clicks) {
  for (const double hertz : {90.0, 137.0, 250.0, 333.0}) {
    const int clean = largest_step(play(hertz, 12, {}));
    EXPECT_LE(largest_step(play(hertz, 12, {6})), 2 * clean + 200) << hertz;
    EXPECT_LE(largest_step(play(hertz, 12, {5, 6, 7})), 2 * clean + 200) << hertz;
  }
}

TEST(PitchConcealment, long_loss_is_silent_after_sixty_ms) {
  const auto heard = play(200, 20, {10, 11, 12, 13, 14, 15, 16});
  for (size_t i = 13 * 160; i < 17 * 160; ++i) EXPECT_EQ(0, heard[i]);
}

TEST(PitchConcealment, clean_stream_is_untouched) {
  const auto tone = test::tone(300, 8000, 1600);
  EXPECT_EQ(tone, play(300, 10, {}));
}

TEST(PitchConcealment, loss_before_anything_was_heard_is_silence) {
  PitchConcealment concealment(kNarrowband);
  std::vector<int16_t> pcm(160, 99);
  concealment.fill(pcm);
  EXPECT_EQ(std::vector<int16_t>(160, 0), pcm);
}

TEST(PitchConcealment, frames_of_any_size_and_full_scale_are_taken) {
  PitchConcealment concealment(kNarrowband);
  for (const size_t size : {1u, 80u, 279u, 280u, 281u, 960u, 0u}) {
    std::vector<int16_t> loud(size);
    for (size_t i = 0; i < size; ++i) loud[i] = i % 7 < 3 ? 32767 : -32768;
    concealment.hear(loud);
    std::vector<int16_t> out(size);
    concealment.fill(out);
    concealment.hear(loud);
  }
}

}  // namespace
}  // namespace gw::media
