// Speech through relayed calls over bad networks: the bounds behind the tables of docs/sound.md.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>

#include "tests/sound/table.h"
#include "tests/unit/support/tone.h"

namespace gw::sound {
namespace {

bool long_run() {
  const char* wanted = std::getenv("SOUND_LONG");
  return wanted != nullptr && *wanted == '1';
}

const std::vector<Speech>& voices() {
  static const std::vector<Speech> speech = speak(GW_SPEECH_FOLDER, long_run() ? 6 : 3);
  return speech;
}

class Sound : public ::testing::TestWithParam<Way> {
 protected:
  void SetUp() override {
    ASSERT_FALSE(voices().empty()) << "espeak-ng is missing: scripts/setup.sh test";
  }
  // Each is measured once.
  static const Row& row(const Network& network) {
    static std::map<std::pair<std::string, Way>, Row> rows;
    const auto key = std::pair(network.name, GetParam());
    const auto found = rows.find(key);
    if (found != rows.end()) return found->second;
    // Where little is lost it takes more speech to tell anything.
    const bool few = network.loss > 0 && network.loss < 0.03;
    const uint32_t seeds = (long_run() ? 10 : 2) * (few ? 3 : 1);
    return rows[key] = measure(voices(), network, GetParam(), Hop::ToGateway, seeds);
  }
};
INSTANTIATE_TEST_SUITE_P(Ways, Sound,
                         ::testing::Values(Way::PhoneToBrowser, Way::BrowserToPhone,
                                           Way::BrowserToTrunk),
                         [](const auto& way) {
                           std::string name = to_string(way.param);
                           std::ranges::replace(name, ' ', '_');
                           return name;
                         });

TEST_P(Sound, clean_line_costs_what_the_codecs_cost) {
  const Row& clean = row(networks().front());
  EXPECT_EQ(clean.without.segmental_snr_db, clean.with.segmental_snr_db);
  EXPECT_EQ(clean.without.spectral_distance_db, clean.with.spectral_distance_db);
  EXPECT_EQ(0, clean.longest_way_ms);
}

TEST_P(Sound, concealment_is_better_than_silence_on_every_network_that_loses) {
  for (const Network& network : networks()) {
    if (network.loss == 0) continue;
    const Row& r = row(network);
    SCOPED_TRACE(network.name);
    EXPECT_LT(r.with.spectral_distance_db, r.without.spectral_distance_db);
    // The waveform, too, where single frames are lost; a quick run's few losses tell it to 0.05 dB.
    // What is made up for longer drifts out of phase, however much it sounds like the speaker.
    const double tie = network.burst > 1 ? 0.15 : long_run() ? 0 : 0.05;
    EXPECT_GT(r.with.segmental_snr_db, r.without.segmental_snr_db - tie);
  }
}

// What comes too late is lost as well. It is a frame or two, before it is known that packets
// overtake each other, in the first syllable or before it: nothing is gained by concealment, or
// lost.
TEST_P(Sound, concealment_is_no_worse_than_silence_on_a_network_that_only_delays) {
  for (const Network& network : networks()) {
    if (network.jitter == Duration{0}) continue;
    const Row& r = row(network);
    EXPECT_LT(r.with.spectral_distance_db, r.without.spectral_distance_db + 0.03);
    EXPECT_GT(r.with.segmental_snr_db, r.without.segmental_snr_db - 0.03);
  }
}

TEST_P(Sound, what_arrives_lasts_as_long_as_what_was_sent) {
  for (const Network& network : networks()) {
    EXPECT_TRUE(row(network).whole) << network.name;
  }
}

TEST_P(Sound, loss_never_leads_to_a_burst) {
  for (const Network& network : networks()) {
    EXPECT_LE(row(network).most_together, 2u) << network.name;
  }
}

TEST_P(Sound, level_stays_within_half_a_decibel) {
  for (const Network& network : networks()) {
    const Row& r = row(network);
    EXPECT_NEAR(0, r.with.level_db, 0.5) << network.name;
    EXPECT_NEAR(0, r.with.offset, 8) << network.name;
  }
}

// The buffer grows after the first late packets, so that all that follow find their place.
TEST(SoundJitter, adaptive_buffer_toward_a_trunk_loses_less_than_none_toward_a_phone) {
  ASSERT_FALSE(voices().empty());
  const Network shaken{"", 0, 1, 80ms};
  const auto made_up = [&](Way way) {
    return call(way, voices().front().pcm, shaken, Hop::ToGateway, 1).made_up;
  };
  EXPECT_LT(made_up(Way::BrowserToTrunk) * 3, made_up(Way::BrowserToPhone));
}

// A tone from a whisper to the top of the scale: its level, its purity, no DC.
TEST_P(Sound, tone_keeps_its_level_up_to_full_scale_without_clipping) {
  for (const double peak : {100.0, 1000.0, 8000.0, 23170.0, 32767.0}) {
    const auto tone = test::tone(1004, peak, 2 * kRate);
    const auto heard = call(GetParam(), tone, {}, Hop::ToGateway, 1).pcm;
    ASSERT_GT(heard.size(), 12000u);
    const auto steady = std::span(heard).subspan(8000, 4000);
    EXPECT_NEAR(0, 20 * std::log10(test::peak_at(steady, 1004) / peak), 0.5) << peak;
    for (const double harmonic : {2008.0, 3012.0}) {
      EXPECT_LT(20 * std::log10(test::peak_at(steady, harmonic) / peak), -32) << peak;
    }
    double sum = 0;
    for (const int16_t s : steady) sum += s;
    EXPECT_NEAR(0, sum / static_cast<double>(steady.size()), 4 + peak / 1000) << peak;
  }
}

// What leaves the gateway and is lost on the way to a browser: told by reports, our encoder adds
// what the browser restores it from.
TEST(SoundBehind, reported_loss_switches_redundancy_on_and_the_browser_hears_it) {
  ASSERT_FALSE(voices().empty());
  for (const Network& network : networks()) {
    const Row r =
        measure(voices(), network, Way::PhoneToBrowser, Hop::FromGateway, long_run() ? 10 : 2);
    SCOPED_TRACE(network.name);
    // What the browser's own decoder makes up of what is lost behind us fades.
    EXPECT_NEAR(0, r.with.level_db, network.loss < 0.1 && network.burst == 1 ? 0.5 : 0.7);
    if (network.loss < 0.05) {  // Redundancy does not pay.
      EXPECT_EQ(r.with.segmental_snr_db, r.without.segmental_snr_db);
      EXPECT_EQ(r.with.spectral_distance_db, r.without.spectral_distance_db);
      continue;
    }
    // Of a burst, redundancy restores the last frame only.
    const double tie = network.burst > 1 ? 0.05 : 0;
    EXPECT_LT(r.with.spectral_distance_db, r.without.spectral_distance_db + tie);
    EXPECT_GT(r.with.segmental_snr_db, r.without.segmental_snr_db - tie);
  }
}

}  // namespace
}  // namespace gw::sound
