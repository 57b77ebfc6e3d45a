#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "media/codec/g711.h"
#include "media/tone/dtmf_detector.h"
#include "media/tone/dtmf_generator.h"
#include "media/tone/prompt.h"
#include "media/tone/tone_generator.h"
#include "tests/unit/support/fixed_random.h"
#include "tests/unit/support/tone.h"

namespace gw::media {
namespace {

constexpr std::string_view kKeys = "0123456789*#ABCD";

struct Heard {
  std::string digits;
  std::vector<Duration> durations;
};

Heard listen(DtmfDetector& detector, std::span<const int16_t> pcm, size_t frame = 160) {
  Heard heard;
  while (!pcm.empty()) {
    const size_t size = std::min(frame, pcm.size());
    detector.push(pcm.first(size));
    pcm = pcm.subspan(size);
    while (const auto press = detector.take()) {
      heard.digits += press->digit;
      heard.durations.push_back(press->duration);
    }
  }
  return heard;
}

// A key by its two frequencies, each with its own level.
std::vector<int16_t> key(double low, double high, double low_dbm0, double high_dbm0,
                         size_t samples) {
  Sine a(low, low_dbm0), b(high, high_dbm0);
  std::vector<int16_t> out(samples);
  for (int16_t& s : out) s = static_cast<int16_t>(a.next() + b.next());
  out.resize(samples + 800, 0);
  return out;
}

std::vector<int16_t> generate(DtmfGenerator& generator) {
  std::vector<int16_t> out;
  std::array<int16_t, 160> frame;
  while (generator.generate(frame)) out.insert(out.end(), frame.begin(), frame.end());
  return out;
}

TEST(DtmfDetector, hears_all_sixteen_keys_of_our_generator) {
  DtmfGenerator generator;
  for (const char k : kKeys) ASSERT_TRUE(generator.queue(k, 80ms, 80ms));
  DtmfDetector detector;
  const Heard heard = listen(detector, generate(generator));
  EXPECT_EQ(heard.digits, kKeys);
  for (const Duration d : heard.durations) {
    EXPECT_NEAR(static_cast<double>(to_ms(d)), 80, 30);
  }
}

TEST(DtmfDetector, hears_keys_through_g711_and_any_frame_size) {
  for (const size_t frame : {80u, 102u, 160u, 480u, 1000u}) {
    DtmfGenerator generator;
    for (const char k : kKeys) generator.queue(k, 70ms, 70ms);
    auto sound = generate(generator);
    for (int16_t& s : sound) s = g711_decode(Law::A, g711_encode(Law::A, s));
    DtmfDetector detector;
    EXPECT_EQ(listen(detector, sound, frame).digits, kKeys) << frame;
  }
}

TEST(DtmfDetector, a_long_key_is_one_digit_and_says_how_long) {
  DtmfGenerator generator;
  generator.queue('5', 2s, 200ms);
  DtmfDetector detector;
  const Heard heard = listen(detector, generate(generator));
  EXPECT_EQ(heard.digits, "5");
  EXPECT_NEAR(static_cast<double>(to_ms(heard.durations.at(0))), 2000, 40);
}

TEST(DtmfDetector, reports_only_when_the_key_is_up) {
  DtmfGenerator generator;
  generator.queue('1', 500ms, 100ms);
  DtmfDetector detector;
  std::array<int16_t, 160> frame;
  for (int i = 0; i < 10; ++i) {
    generator.generate(frame);
    detector.push(frame);
    EXPECT_FALSE(detector.take());
  }
  EXPECT_TRUE(detector.pressed());
}

TEST(DtmfDetector, keys_from_loud_to_quiet_and_with_twist) {
  const struct {
    double low, high;
    bool heard;
  } cases[] = {
      {-3, -3, true},   {-9, -7, true},    {-25, -25, true},
      {-35, -35, true}, {-4, -10, true},  // Low tone 6 dB louder; ITU-T Q.24 tables: up to 8.
      {-9, -6, true},                     // High tone 3 dB louder: up to 4.
      {-20, -5, false},                   // Too much twist either way is speech.
      {-5, -20, false}, {-60, -60, false},
  };
  for (const auto& c : cases) {
    DtmfDetector detector;
    const Heard heard = listen(detector, key(770, 1336, c.low, c.high, 800));
    EXPECT_EQ(heard.digits, c.heard ? "5" : "") << c.low << " " << c.high;
  }
}

TEST(DtmfDetector, frequencies_off_by_a_percent_are_keys_and_by_five_are_not) {
  DtmfDetector near_by, far_off;
  EXPECT_EQ(listen(near_by, key(770 * 1.012, 1336 * 0.988, -10, -10, 800)).digits, "5");
  EXPECT_EQ(listen(far_off, key(770 * 1.05, 1336 * 1.05, -10, -10, 800)).digits, "");
}

TEST(DtmfDetector, single_tones_ringback_noise_and_the_prompt_are_no_keys) {
  DtmfDetector detector;
  for (double hertz = 300; hertz < 3400; hertz += 50) {
    EXPECT_EQ(listen(detector, test::tone(hertz, 10000, 1600)).digits, "") << hertz;
  }
  std::vector<int16_t> ringback(16000);
  ToneGenerator(ToneGenerator::kRingback).generate(ringback);
  EXPECT_EQ(listen(detector, ringback).digits, "");
  test::FixedRandom random;
  std::vector<int16_t> noise(80000);
  for (int16_t& s : noise) s = static_cast<int16_t>(random.u32() % 20000) - 10000;
  EXPECT_EQ(listen(detector, noise).digits, "");
  Prompt prompt;
  std::vector<int16_t> melody(16000);
  prompt.read(melody);
  EXPECT_EQ(listen(detector, melody).digits, "");
}

TEST(DtmfDetector, voices_with_gliding_pitch_are_no_keys) {
  // Ten seconds of vowel-like sound: harmonics of a gliding pitch, with two moving formants.
  std::vector<int16_t> voice(80000);
  double phase = 0;
  for (size_t i = 0; i < voice.size(); ++i) {
    const double t = static_cast<double>(i) / 8000;
    const double pitch = 140 + 50 * std::sin(2.1 * t) + 20 * std::sin(7.3 * t);
    phase += 2 * std::numbers::pi * pitch / 8000;
    const double f1 = 550 + 250 * std::sin(3.1 * t), f2 = 1500 + 500 * std::sin(2.3 * t + 1);
    double sum = 0;
    for (int h = 1; h * pitch < 3500; ++h) {
      const double f = h * pitch;
      const double gain =
          std::exp(-std::abs(f - f1) / 200) + 0.5 * std::exp(-std::abs(f - f2) / 250);
      sum += gain * std::sin(h * phase);
    }
    voice[i] = static_cast<int16_t>(std::clamp(4000 * sum, -32000.0, 32000.0));
  }
  DtmfDetector detector;
  EXPECT_EQ(listen(detector, voice).digits, "");
}

TEST(DtmfGenerator, plays_length_then_gap) {
  DtmfGenerator generator;
  generator.queue('1', 100ms, 50ms);
  std::vector<int16_t> sound(1600);
  EXPECT_TRUE(generator.generate(sound));
  EXPECT_GT(test::peak_at(std::span(sound).first(800), 697), 4000);
  EXPECT_GT(test::peak_at(std::span(sound).first(800), 1209), 4000);
  EXPECT_EQ(test::rms(std::span(sound).subspan(800)), 0);
  EXPECT_TRUE(generator.idle());
  EXPECT_FALSE(generator.generate(sound));
  EXPECT_EQ(test::rms(sound), 0);
}

TEST(DtmfGenerator, a_held_key_sounds_until_it_is_released) {
  DtmfGenerator generator;
  generator.hold('5', 40ms);
  std::array<int16_t, 160> frame;
  for (int i = 0; i < 50; ++i) {
    generator.generate(frame);
    EXPECT_GT(test::rms(frame), 5000);
  }
  generator.release(500ms);  // It sounded longer by then.
  generator.generate(frame);
  EXPECT_EQ(test::rms(frame), 0);
  generator.hold('6', 40ms);
  generator.release(100ms);
  std::array<int16_t, 1600> rest;
  generator.generate(rest);
  EXPECT_GT(test::rms(std::span(rest).subspan(200, 700)), 5000);
  EXPECT_EQ(test::rms(std::span(rest).last(400)), 0);
}

TEST(DtmfGenerator, has_no_tone_for_a_flash_or_a_letter) {
  DtmfGenerator generator;
  EXPECT_FALSE(generator.queue('!', 100ms, 50ms));
  EXPECT_FALSE(generator.queue('z', 100ms, 50ms));
  EXPECT_TRUE(generator.queue('d', 100ms, 50ms));
}

TEST(ToneGenerator, ringback_is_two_tones_for_two_seconds_of_six) {
  ToneGenerator ringback(ToneGenerator::kRingback);
  std::vector<int16_t> sound(8000 * 8);
  ringback.generate(sound);
  const auto on = std::span(sound).subspan(800, 8000);
  EXPECT_NEAR(test::peak_at(on, 440), 2561, 130);  // -19 dBm0
  EXPECT_NEAR(test::peak_at(on, 480), 2561, 130);
  EXPECT_EQ(test::rms(std::span(sound).subspan(16000, 32000)), 0);
  EXPECT_GT(test::rms(std::span(sound).subspan(48000 + 800, 8000)), 2000);
}

TEST(ToneGenerator, a_cadence_begins_and_ends_without_a_click) {
  ToneGenerator ringback(ToneGenerator::kRingback);
  std::vector<int16_t> sound(17000);
  ringback.generate(sound);
  int step = 0;
  for (size_t i = 1; i < sound.size(); ++i)
    step = std::max(step, std::abs(sound[i] - sound[i - 1]));
  EXPECT_LT(step, 2300);  // The steepest part of the two sines together.
  EXPECT_LT(std::abs(sound[15999]), 200);
}

TEST(ToneGenerator, levels_are_dbm0) {
  ToneGenerator::Spec spec;
  spec.first_hz = 1000;
  spec.dbm0 = 0;
  ToneGenerator generator(spec);
  std::vector<int16_t> sound(8000);
  generator.generate(sound);
  EXPECT_NEAR(test::peak_at(std::span(sound).subspan(80), 1000), 32767 * 0.6966, 100);
}

TEST(Prompt, is_audible_short_never_clipped_and_ends_quietly) {
  Prompt prompt;
  std::vector<int16_t> sound;
  std::array<int16_t, 160> frame;
  while (prompt.read(frame)) sound.insert(sound.end(), frame.begin(), frame.end());
  EXPECT_LE(sound.size(), 16000u);
  EXPECT_GT(sound.size(), 4000u);
  EXPECT_GT(test::rms(sound), 800);
  EXPECT_LT(*std::ranges::max_element(sound), 30000);
  EXPECT_LT(test::rms(std::span(sound).last(160)), 100);
  EXPECT_TRUE(prompt.done());
  EXPECT_FALSE(prompt.read(frame));
  EXPECT_EQ(test::rms(frame), 0);
}

TEST(Prompt, each_reader_hears_it_from_the_beginning) {
  Prompt a, b;
  std::array<int16_t, 1600> first, second;
  a.read(first);
  std::array<int16_t, 160> skip;
  a.read(skip);
  b.read(second);
  EXPECT_EQ(first, second);
}

}  // namespace
}  // namespace gw::media
