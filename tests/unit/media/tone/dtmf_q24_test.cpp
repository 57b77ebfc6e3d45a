// The detector against ITU-T Q.24: each limit, for all sixteen keys, wherever a key begins.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <string>

#include "media/tone/dtmf_detector.h"
#include "tests/unit/support/fixed_random.h"

namespace gw::media {
namespace {

constexpr std::string_view kPad = "123A456B789C*0#D";
constexpr std::array<double, 4> kRows{697, 770, 852, 941};
constexpr std::array<double, 4> kColumns{1209, 1336, 1477, 1633};
constexpr size_t kKeysDialled = 3;

struct Dialled {
  const char* what;
  double row_off = 0, column_off = 0;  // Of the frequency, per cent.
  double low = -10, high = -10;        // dBm0
  double on = 40, off = 40;            // ms
  double noise = -100;                 // dBm0
  bool accepted = true;
};

double amplitude(double dbm0) {
  return 32767 * std::pow(10, (dbm0 - 3.14) / 20);
}

class Q24 : public testing::TestWithParam<Dialled> {
 protected:
  // Gaussian, from twelve of the uniform kind.
  double noise() {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += random_.u32() / 4294967296.0;
    return sum;
  }

  std::vector<int16_t> dial(size_t key, size_t begins) {
    const Dialled& d = GetParam();
    const double low = kRows[key / 4] * (1 + d.row_off / 100);
    const double high = kColumns[key % 4] * (1 + d.column_off / 100);
    const auto on = static_cast<size_t>(d.on * 8), off = static_cast<size_t>(d.off * 8);
    const double hiss = amplitude(d.noise) / std::numbers::sqrt2;
    std::vector<int16_t> sound(800 + begins + kKeysDialled * (on + off) + 800);
    for (size_t i = 0; i < sound.size(); ++i) {
      double value = hiss * noise();
      const size_t since = i - 800 - begins;
      if (i >= 800 + begins && since < kKeysDialled * (on + off) && since % (on + off) < on) {
        const double t = 2 * std::numbers::pi * static_cast<double>(since) / 8000;
        value += amplitude(d.low) * std::sin(low * t) + amplitude(d.high) * std::sin(high * t + 1);
      }
      sound[i] = static_cast<int16_t>(std::clamp(value, -32768.0, 32767.0));
    }
    return sound;
  }

  static std::string heard(std::span<const int16_t> sound) {
    DtmfDetector detector;
    std::string keys;
    for (; !sound.empty(); sound = sound.subspan(std::min<size_t>(160, sound.size()))) {
      detector.push(sound.first(std::min<size_t>(160, sound.size())));
      while (const auto key = detector.take()) keys += key->digit;
    }
    return keys;
  }

  test::FixedRandom random_;
};

TEST_P(Q24, is_kept_for_every_key_wherever_it_begins) {
  for (size_t key = 0; key < kPad.size(); ++key) {
    const std::string wanted = GetParam().accepted ? std::string(kKeysDialled, kPad[key]) : "";
    for (size_t begins = 0; begins < 102; begins += 7) {
      EXPECT_EQ(heard(dial(key, begins)), wanted) << GetParam().what << " at " << begins;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    limits, Q24,
    testing::Values(
        Dialled{.what = "40 ms on, 40 ms off"}, Dialled{.what = "longer", .on = 100, .off = 60},
        Dialled{.what = "20 ms is none", .on = 20, .off = 60, .accepted = false},
        Dialled{.what = "both 1.5 % up", .row_off = 1.5, .column_off = 1.5},
        Dialled{.what = "both 1.5 % down", .row_off = -1.5, .column_off = -1.5},
        Dialled{.what = "apart by 1.5 %", .row_off = -1.5, .column_off = 1.5},
        Dialled{.what = "together by 1.5 %", .row_off = 1.5, .column_off = -1.5},
        Dialled{.what = "row 3.5 % up", .row_off = 3.5, .on = 100, .accepted = false},
        Dialled{.what = "row 3.5 % down", .row_off = -3.5, .on = 100, .accepted = false},
        Dialled{.what = "column 3.5 % up", .column_off = 3.5, .on = 100, .accepted = false},
        Dialled{.what = "column 3.5 % down", .column_off = -3.5, .on = 100, .accepted = false},
        Dialled{
            .what = "both 3.5 %", .row_off = 3.5, .column_off = -3.5, .on = 100, .accepted = false},
        Dialled{.what = "low louder by 8 dB", .low = -8, .high = -16},
        Dialled{.what = "high louder by 4 dB", .low = -14, .high = -10},
        Dialled{
            .what = "low louder by 12 dB", .low = -8, .high = -20, .on = 100, .accepted = false},
        Dialled{
            .what = "high louder by 8 dB", .low = -18, .high = -10, .on = 100, .accepted = false},
        Dialled{.what = "loud", .low = -3, .high = -3},
        Dialled{.what = "quiet", .low = -35, .high = -35},
        Dialled{.what = "very quiet", .low = -42, .high = -42},
        Dialled{.what = "under the floor", .low = -52, .high = -52, .on = 100, .accepted = false},
        Dialled{.what = "noise 15 dB below", .noise = -22},
        Dialled{.what = "noise 15 dB below, 1.5 % off",
                .row_off = 1.5,
                .column_off = -1.5,
                .on = 50,
                .noise = -22}));

}  // namespace
}  // namespace gw::media
