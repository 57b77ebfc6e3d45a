#include "media/tone/hold_tune.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numbers>
#include <vector>

#include "media/codec/codec.h"
#include "media/codec/filter_design.h"

namespace gw::media {
namespace {

constexpr uint32_t kBeatMs = 600;
constexpr double kFade = 0.9;        // s, until a bell is down to 1/e.
constexpr double kAttack = 0.012;    // s: a bell, not a click.
constexpr double kAmplitude = 1300;  // Of a bell's first partial: some -28 dBm0.
constexpr double kRest = 0;

// A pentatonic scale: whatever sounds together fits together. In hertz, one a beat.
constexpr double kMelody[] = {392.00, kRest, 523.25, 587.33, kRest, 659.26, kRest, kRest,
                              587.33, kRest, 440.00, 523.25, kRest, 392.00, kRest, kRest,
                              329.63, kRest, 440.00, 523.25, kRest, 587.33, kRest, kRest,
                              523.25, kRest, 440.00, 392.00, kRest, 329.63, kRest, kRest};

std::vector<int16_t> play(uint32_t rate) {
  const size_t beat = rate / 1000 * kBeatMs;
  const size_t size = beat * std::size(kMelody);
  std::vector<double> sum(size);
  for (size_t n = 0; n < std::size(kMelody); ++n) {
    if (kMelody[n] == kRest) continue;
    const size_t begin = beat * n;
    const double step = 2 * std::numbers::pi * kMelody[n] / rate;
    const auto length = static_cast<size_t>(6 * kFade * rate);
    for (size_t i = 0; i < length; ++i) {
      const double t = static_cast<double>(i) / rate, x = static_cast<double>(i) * step;
      const double level = kAmplitude * std::min(1.0, t / kAttack) * std::exp(-t / kFade);
      // The last bells ring on into the first: the loop has no seam.
      sum[(begin + i) % size] += level * (std::sin(x) + 0.3 * std::exp(-t) * std::sin(2 * x));
    }
  }
  std::vector<int16_t> pcm(size);
  std::ranges::transform(sum, pcm.begin(), to_pcm<double>);
  return pcm;
}

}  // namespace

ClipPtr hold_tune() {
  auto clip = std::make_shared<Clip>();
  clip->narrow = play(kNarrowband);
  clip->wide = play(kWideband);
  return clip;
}

}  // namespace gw::media
