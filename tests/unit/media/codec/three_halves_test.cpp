#include "media/codec/three_halves.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/unit/support/tone.h"

namespace gw::media {
namespace {

constexpr double kPeak = 10000;

std::vector<int16_t> up(const std::vector<int16_t>& in) {
  ThreeHalvesUp filter;
  std::vector<int16_t> out(in.size() / 2 * 3);
  for (size_t i = 0; i < in.size(); i += 320) {
    filter.process(std::span(in).subspan(i, 320), std::span(out).subspan(i / 2 * 3, 480));
  }
  return out;
}
std::vector<int16_t> down(const std::vector<int16_t>& in) {
  ThreeHalvesDown filter;
  std::vector<int16_t> out(in.size() / 3 * 2);
  for (size_t i = 0; i < in.size(); i += 480) {
    filter.process(std::span(in).subspan(i, 480), std::span(out).subspan(i / 3 * 2, 320));
  }
  return out;
}
double decibels(std::span<const int16_t> pcm, double hertz, double rate) {
  return 20 *
         std::log10(test::peak_at(pcm.subspan(rate == 24000 ? 480 : 320), hertz, rate) / kPeak +
                    1e-9);
}
std::vector<int16_t> second(double hertz, double rate) {
  return test::tone(hertz, kPeak, static_cast<size_t>(rate), 0, rate);
}

TEST(ThreeHalves, what_can_be_heard_keeps_its_level_both_ways) {
  for (const double hertz : {100.0, 1000.0, 3400.0, 5000.0, 6800.0}) {
    EXPECT_NEAR(decibels(up(second(hertz, 16000)), hertz, 24000), 0, 0.1) << hertz;
    EXPECT_NEAR(decibels(down(second(hertz, 24000)), hertz, 16000), 0, 0.1) << hertz;
  }
}

TEST(ThreeHalves, going_up_leaves_no_image) {
  for (const double hertz : {500.0, 3000.0, 6500.0}) {
    const auto wide = up(second(hertz, 16000));
    EXPECT_LT(decibels(wide, 16000 - hertz, 24000), -55) << hertz;
  }
}

TEST(ThreeHalves, going_down_folds_nothing_back) {
  for (const double hertz : {9300.0, 10000.0, 11500.0}) {
    const auto narrow = down(second(hertz, 24000));
    EXPECT_LT(decibels(narrow, 16000 - hertz, 16000), -55) << hertz;
  }
}

TEST(ThreeHalves, full_scale_does_not_wrap) {
  const auto loud = test::tone(1000, 32767, 16000, 0, 16000);
  const auto wide = up(loud);
  for (size_t i = 481; i < wide.size(); ++i) ASSERT_LT(std::abs(wide[i] - wide[i - 1]), 12000) << i;
}

TEST(ThreeHalves, there_and_back_is_the_same_sound_later) {
  const auto in = second(700, 16000);
  const auto back = down(up(in));
  ASSERT_EQ(back.size(), in.size());
  // Two delays of 44.5 samples at 48 kHz are 29.67 at 16 kHz.
  EXPECT_NEAR(decibels(back, 700, 16000), 0, 0.05);
  const auto expected = [](size_t i) {
    return kPeak *
           std::sin(2 * std::numbers::pi * 700 * (static_cast<double>(i) - 89.0 / 3) / 16000);
  };
  for (size_t i = 1000; i < 2000; ++i) ASSERT_NEAR(back[i], expected(i), 60) << i;
}

}  // namespace
}  // namespace gw::media
