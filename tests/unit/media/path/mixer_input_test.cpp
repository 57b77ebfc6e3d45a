// What waits for the mixer's ticks: little, never none for long, never more and more.
#include "media/path/mixer_input.h"

#include <gtest/gtest.h>

#include <cmath>

#include "media/path/mix_limiter.h"
#include "media/path/speech_meter.h"
#include "tests/unit/support/manual_clock.h"
#include "tests/unit/support/tone.h"

namespace gw::media {
namespace {

class MixerInputTest : public ::testing::TestWithParam<uint32_t> {
 protected:
  size_t frame() const { return samples_for(20ms, GetParam()); }
  void push(size_t samples) {
    input_.push(test::tone(400, 8000, samples, said_, GetParam()), clock_.now());
    said_ += samples;
  }
  bool pull() {
    std::vector<int16_t> out(frame());
    const bool sounds = input_.pull(out, clock_.now());
    heard_.insert(heard_.end(), out.begin(), out.end());
    return sounds;
  }
  // The part of all energy that is the tone: one whose phase is broken has less.
  double purity(size_t from, size_t length) const {
    const auto part = std::span(heard_).subspan(from, length);
    const double tone = test::peak_at(part, 400, GetParam());
    return tone * tone / 2 / std::pow(test::rms(part), 2);
  }

  test::ManualClock clock_;
  MixerInput input_{GetParam()};
  size_t said_ = 0;
  std::vector<int16_t> heard_;
};
INSTANTIATE_TEST_SUITE_P(Rates, MixerInputTest, ::testing::Values(kNarrowband, kWideband));

TEST_P(MixerInputTest, a_clean_stream_waits_less_than_two_packets) {
  for (int i = 0; i < 500; ++i) {
    push(frame());
    clock_.advance(9ms);
    EXPECT_TRUE(pull());
    EXPECT_LE(input_.waiting(), 20ms);
    clock_.advance(11ms);
  }
  EXPECT_GT(purity(0, 500 * frame()), 0.999);
}

TEST_P(MixerInputTest, packets_of_60_and_of_10_ms_leave_without_a_break) {
  for (int i = 0; i < 300; ++i) {
    if (i % 3 == 0) push(3 * frame());
    clock_.advance(7ms);
    EXPECT_TRUE(pull());
    clock_.advance(13ms);
  }
  EXPECT_LE(input_.waiting(), 60ms);
  const size_t first = heard_.size();
  while (input_.waiting() > Duration{0}) pull();
  for (int i = 0; i < 600; ++i) {
    push(frame() / 2);
    clock_.advance(10ms);
    if (i % 2 == 1) pull();
  }
  EXPECT_GT(purity(0, first), 0.999);
  EXPECT_GT(purity(heard_.size() - 200 * frame(), 200 * frame()), 0.999);
}

// A quarter of an hour with a source whose clock is wrong by 300 ppm; and by the 3 % of no clock at
// all, which takes a correction every second.
TEST_P(MixerInputTest, a_clock_that_is_fast_or_slow_neither_piles_up_nor_starves) {
  for (const double wrong : {300e-6, -300e-6, 5e-3, -5e-3}) {
    MixerInput input(GetParam());
    std::vector<int16_t> out(frame());
    const auto period = std::chrono::duration_cast<Duration>(20ms / (1 + wrong));
    TimePoint next_push = clock_.now(), next_pull = clock_.now() + 9ms;
    const TimePoint end = clock_.now() + 15min;
    Duration most{0};
    size_t silent = 0;
    while (clock_.now() < end) {
      clock_.advance(std::min(next_push, next_pull) - clock_.now());
      if (next_push <= next_pull) {
        input.push(test::tone(400, 8000, frame(), said_, GetParam()), clock_.now());
        said_ += frame();
        next_push += period;
        continue;
      }
      next_pull += 20ms;
      if (!input.pull(out, clock_.now())) ++silent;
      most = std::max(most, input.waiting());
    }
    EXPECT_LE(most, 60ms) << wrong;
    EXPECT_EQ(0u, silent) << wrong;
  }
}

TEST_P(MixerInputTest, a_correction_of_the_clock_is_no_click) {
  for (int i = 0; i < 4; ++i) push(frame());
  for (int i = 0; i < 400; ++i) {  // Sixty milliseconds too many, which nobody needs.
    clock_.advance(9ms);
    EXPECT_TRUE(pull());
    clock_.advance(11ms);
    push(frame());
  }
  EXPECT_LE(input_.waiting(), 50ms);
  int largest = 0;
  for (size_t i = 1; i < heard_.size(); ++i) {
    largest = std::max(largest, std::abs(heard_[i] - heard_[i - 1]));
  }
  const double steepest = 8000 * 2 * std::numbers::pi * 400 / GetParam();
  EXPECT_LT(largest, 1.3 * steepest);
}

TEST_P(MixerInputTest, a_lost_packet_is_bridged_without_a_click) {
  for (int i = 0; i < 100; ++i) {
    if (i != 50) push(frame());
    clock_.advance(9ms);
    EXPECT_TRUE(pull()) << i;
    clock_.advance(11ms);
  }
  int largest = 0;
  for (size_t i = 1; i < heard_.size(); ++i) {
    largest = std::max(largest, std::abs(heard_[i] - heard_[i - 1]));
  }
  EXPECT_LT(largest, 1.5 * 8000 * 2 * std::numbers::pi * 400 / GetParam());
}

TEST_P(MixerInputTest, a_source_that_stops_is_silent_soon_and_begins_again) {
  for (int i = 0; i < 10; ++i) {
    push(frame());
    clock_.advance(9ms);
    pull();
    clock_.advance(11ms);
  }
  int bridged = 0;
  for (int i = 0; i < 10; ++i) {
    bridged += pull() ? 1 : 0;
    clock_.advance(20ms);
  }
  EXPECT_LE(bridged, 3);
  push(frame());
  clock_.advance(9ms);
  EXPECT_TRUE(pull());
}

TEST_P(MixerInputTest, a_burst_after_a_stall_is_cut_and_stays_bounded) {
  for (int i = 0; i < 100; ++i) push(6 * frame());
  EXPECT_LE(input_.waiting(), MixerInput::kMost);
  clock_.advance(10ms);
  EXPECT_TRUE(pull());
}

TEST(MixLimiter, what_fits_is_not_touched) {
  std::vector<int32_t> sum(160);
  for (size_t i = 0; i < 160; ++i) sum[i] = i % 2 == 0 ? 32767 : -32767;
  std::vector<int16_t> out(160);
  MixLimiter limiter;
  limiter.process(sum, out);
  for (size_t i = 0; i < 160; ++i) EXPECT_EQ(sum[i], out[i]);
}

TEST(MixLimiter, comes_down_without_clipping_and_returns_without_a_step) {
  MixLimiter limiter;
  std::vector<int16_t> out(160);
  size_t at_top = 0, longest = 0;
  for (size_t f = 0; f < 200; ++f) {
    std::vector<int32_t> sum(160);
    const double loud = f >= 50 && f < 100 ? 6 : 0.5;
    for (size_t i = 0; i < 160; ++i) {
      const double t = static_cast<double>(f * 160 + i) / 8000;
      sum[i] = static_cast<int32_t>(loud * 32000 * std::sin(2 * std::numbers::pi * 437 * t));
    }
    limiter.process(sum, out);
    for (size_t i = 0; i < 160; ++i) {
      ASSERT_GE(static_cast<int64_t>(out[i]) * sum[i], 0) << "wrapped";
      at_top = f > 50 && std::abs(out[i]) >= 32767 ? at_top + 1 : 0;
      longest = std::max(longest, at_top);
    }
  }
  EXPECT_LE(longest, 2u);  // Peaks touch it; clipped ones would stay there.
  EXPECT_FLOAT_EQ(1, limiter.gain());
}

TEST(SpeechMeter, begins_at_once_and_ends_after_half_a_second) {
  SpeechMeter meter;
  const auto noise = test::tone(500, 60, 160);
  const auto voice = test::tone(500, 800, 160);
  for (int i = 0; i < 50; ++i) meter.measure(noise);
  EXPECT_FALSE(meter.active());
  meter.measure(voice);
  EXPECT_TRUE(meter.active());
  for (int i = 0; i < 24; ++i) meter.measure(noise);
  EXPECT_TRUE(meter.active());
  meter.measure(noise);
  EXPECT_FALSE(meter.active());
}

}  // namespace
}  // namespace gw::media
