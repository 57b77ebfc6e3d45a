#include "media/tone/tone_generator.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "media/codec/codec.h"
#include "media/codec/filter_design.h"

namespace gw::media {
namespace {

constexpr double kFullScaleDbm0 = 3.14;      // A sine that fills 16 bits (ITU-T G.711).
constexpr size_t kRamp = kNarrowband / 250;  // 4 ms: a cadence without clicks.

size_t samples_of(Duration d) {
  return static_cast<size_t>(std::max<int64_t>(0, d.count()) * kNarrowband / 1'000'000'000);
}

}  // namespace

Sine::Sine(double hertz, double dbm0)
    : step_(2 * std::numbers::pi * hertz / kNarrowband),
      amplitude_(hertz > 0 ? 32767 * std::pow(10, (dbm0 - kFullScaleDbm0) / 20) : 0) {}

double Sine::next() {
  const double value = amplitude_ * std::sin(phase_);
  phase_ += step_;
  if (phase_ >= 2 * std::numbers::pi) phase_ -= 2 * std::numbers::pi;
  return value;
}

ToneGenerator::ToneGenerator(const Spec& spec)
    : first_(spec.first_hz, spec.dbm0),
      second_(spec.second_hz, spec.dbm0),
      on_samples_(samples_of(spec.on)),
      period_samples_(samples_of(spec.on) + samples_of(spec.off)) {}

void ToneGenerator::generate(std::span<int16_t> out) {
  for (int16_t& sample : out) {
    sample = to_pcm(gain() * (first_.next() + second_.next()));
    ++position_;
    if (on_samples_ != 0 && position_ >= period_samples_) position_ = 0;
  }
}

double ToneGenerator::gain() const {
  const double rise = static_cast<double>(position_) / kRamp;
  if (on_samples_ == 0) return std::min(rise, 1.0);
  if (position_ >= on_samples_) return 0;
  const double fall = static_cast<double>(on_samples_ - position_) / kRamp;
  return std::min({rise, fall, 1.0});
}

}  // namespace gw::media
