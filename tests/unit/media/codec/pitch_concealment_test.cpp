#include "media/codec/pitch_concealment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
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

// The successor is known when it tells of the loss: repeated from both sides, what is made up is
// nearly what was lost, where from one side alone it drifts out of phase.
TEST(PitchConcealment, bridge_is_closer_to_what_was_lost_than_one_side_alone) {
  const auto sound = [](size_t from) {
    auto pcm = test::tone(143.3, 8000, 160, from);
    const auto overtone = test::tone(429.9, 3000, 160, from);
    for (size_t i = 0; i < pcm.size(); ++i) pcm[i] = static_cast<int16_t>(pcm[i] + overtone[i]);
    return pcm;
  };
  const auto error = [](const std::vector<int16_t>& a, const std::vector<int16_t>& b) {
    double sum = 0;
    for (size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sum;
  };
  PitchConcealment one_side(kNarrowband), both(kNarrowband);
  for (size_t f = 0; f < 4; ++f) {
    auto pcm = sound(f * 160);
    one_side.hear(pcm);
    both.hear(pcm);
  }
  const auto lost = sound(4 * 160), successor = sound(5 * 160);
  std::vector<int16_t> filled(160), bridged(160);
  one_side.fill(filled);
  both.bridge(bridged, successor);
  EXPECT_LT(error(lost, bridged), 0.5 * error(lost, filled));
  EXPECT_LT(error(lost, bridged), 0.05 * error(lost, std::vector<int16_t>(160)));
}

TEST(PitchConcealment, what_follows_a_bridge_is_untouched_and_met_without_a_click) {
  for (const double hertz : {90.0, 137.0, 250.0, 333.0}) {
    PitchConcealment concealment(kNarrowband);
    std::vector<int16_t> heard;
    for (size_t f = 0; f < 8; ++f) {
      auto pcm = test::tone(hertz, 8000, 160, f * 160);
      if (f == 4) {
        concealment.bridge(pcm, test::tone(hertz, 8000, 160, 5 * 160));
      } else {
        concealment.hear(pcm);
        EXPECT_EQ(test::tone(hertz, 8000, 160, f * 160), pcm) << f;
      }
      heard.insert(heard.end(), pcm.begin(), pcm.end());
    }
    EXPECT_LE(largest_step(heard), 2 * largest_step(play(hertz, 8, {})) + 200) << hertz;
  }
}

// The pitch falls meanwhile: the repetition is drawn out, over both frames, and neither seam
// clicks.
TEST(PitchConcealment, bridge_over_two_frames_follows_a_pitch_that_changes) {
  std::vector<int16_t> said(1600);
  double phase = 0;
  for (size_t i = 0; i < said.size(); ++i) {
    phase += 2 * std::numbers::pi * (150 - 0.006 * static_cast<double>(i)) / kNarrowband;
    said[i] = static_cast<int16_t>(8000 * std::sin(phase));
  }
  const auto frame = [&](size_t f) { return std::span(said).subspan(f * 160, 160); };
  PitchConcealment concealment(kNarrowband);
  std::vector<int16_t> heard(said);
  for (size_t f = 0; f < 4; ++f) concealment.hear(frame(f));
  const std::vector<int16_t> successor(frame(6).begin(), frame(6).end());
  concealment.bridge(std::span(heard).subspan(4 * 160, 160), successor, 160);
  concealment.bridge(std::span(heard).subspan(5 * 160, 160), successor);
  double error = 0, energy = 0;
  for (size_t i = 4 * 160; i < 6 * 160; ++i) {
    error += std::pow(said[i] - heard[i], 2);
    energy += std::pow(said[i], 2);
  }
  EXPECT_LT(error, 0.1 * energy);
  EXPECT_LE(largest_step(heard), 2 * largest_step(said));
}

TEST(PitchConcealment, bridge_to_too_little_is_an_ordinary_fill) {
  for (const size_t size : {0u, 1u, 40u, 79u}) {
    PitchConcealment bridging(kNarrowband), filling(kNarrowband);
    auto before = test::tone(200, 8000, 800);
    bridging.hear(before);
    filling.hear(before);
    std::vector<int16_t> bridged(160), filled(160);
    bridging.bridge(bridged, test::tone(200, 8000, size));
    filling.fill(filled);
    EXPECT_EQ(filled, bridged) << size;
  }
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
    concealment.bridge(out, loud);
    concealment.hear(loud);
  }
}

}  // namespace
}  // namespace gw::media
