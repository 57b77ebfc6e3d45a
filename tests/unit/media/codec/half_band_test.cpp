#include "media/codec/half_band.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "media/codec/codec.h"
#include "tests/unit/support/tone.h"

namespace gw::media {
namespace {

constexpr size_t kSettle = 200;  // Samples, until the filter is full.

double decibel(double ratio) {
  return 20 * std::log10(std::max(ratio, 1e-9));
}

// A second, in frames of 20 ms as the packet path gives them.
std::vector<int16_t> upsampled(double hertz) {
  Upsampler up;
  std::vector<int16_t> out(16000);
  for (size_t at = 0; at < 8000; at += 160) {
    up.process(test::tone(hertz, 8000, 160, at), std::span(out).subspan(2 * at, 320));
  }
  return {out.begin() + kSettle, out.end()};
}

std::vector<int16_t> downsampled(double hertz) {
  Downsampler down;
  std::vector<int16_t> out(8000);
  for (size_t at = 0; at < 8000; at += 160) {
    down.process(test::tone(hertz, 8000, 320, 2 * at, kWideband), std::span(out).subspan(at, 160));
  }
  return {out.begin() + kSettle, out.end()};
}

TEST(HalfBand, speech_keeps_its_level_up_and_down) {
  for (const double hertz : {100.0, 300.0, 1000.0, 2000.0, 3000.0, 3300.0}) {
    EXPECT_NEAR(0, decibel(test::peak_at(upsampled(hertz), hertz, kWideband) / 8000), 0.1) << hertz;
    EXPECT_NEAR(0, decibel(test::peak_at(downsampled(hertz), hertz) / 8000), 0.1) << hertz;
  }
}

TEST(HalfBand, nothing_is_mirrored_into_the_upper_half) {
  for (const double hertz : {300.0, 1000.0, 2000.0, 3000.0, 3300.0}) {
    const double image = test::peak_at(upsampled(hertz), 8000 - hertz, kWideband);
    EXPECT_LT(decibel(image / 8000), -50) << hertz;
  }
}

TEST(HalfBand, what_8_khz_cannot_hold_is_not_folded_into_it) {
  for (const double hertz : {4700.0, 5000.0, 6000.0, 7000.0, 7900.0}) {
    EXPECT_LT(decibel(test::rms(downsampled(hertz)) / 8000), -50) << hertz;
  }
}

TEST(HalfBand, frames_of_any_size_join_without_a_seam) {
  const auto in = test::tone(440, 8000, 960);
  Upsampler whole, pieces;
  std::vector<int16_t> expected(1920), out(1920);
  whole.process(in, expected);
  size_t at = 0;
  for (const size_t size : {1u, 7u, 24u, 80u, 160u, 688u}) {
    pieces.process(std::span(in).subspan(at, size), std::span(out).subspan(2 * at, 2 * size));
    at += size;
  }
  EXPECT_EQ(expected, out);
  Downsampler all, parts;
  std::vector<int16_t> small(480), other(480);
  all.process(in, small);
  at = 0;
  for (const size_t size : {2u, 14u, 48u, 160u, 320u, 416u}) {
    parts.process(std::span(in).subspan(at, size), std::span(other).subspan(at / 2, size / 2));
    at += size;
  }
  EXPECT_EQ(small, other);
}

}  // namespace
}  // namespace gw::media
