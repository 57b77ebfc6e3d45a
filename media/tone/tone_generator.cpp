#include "media/tone/tone_generator.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string_view>
#include <utility>

#include "media/codec/codec.h"
#include "media/tone/telephone_event.h"

namespace gw::media {
namespace {

constexpr double kFullScaleDbm0 = 3.14;      // A sine that fills 16 bits (ITU-T G.711).
constexpr size_t kRamp = kNarrowband / 250;  // 4 ms: a cadence without clicks.
constexpr double kDtmfLowDbm0 = -9;
constexpr double kDtmfHighDbm0 = -7;  // Lines lose more of the high tones.

size_t samples_of(Duration d) {
  return static_cast<size_t>(std::max<int64_t>(0, d.count()) * kNarrowband / 1'000'000'000);
}

constexpr Duration kShortestKey = 40ms;  // What detectors must take (ITU-T Q.24).
constexpr Duration kLongestKey = 60s;

uint32_t bounded_samples(Duration d) {
  return static_cast<uint32_t>(samples_of(std::clamp(d, kShortestKey, kLongestKey)));
}

int16_t to_pcm(double value) {
  return static_cast<int16_t>(std::lrint(std::clamp(value, -32768.0, 32767.0)));
}

struct DtmfPair {
  double low, high;
};

DtmfPair pair_of(char digit) {
  static constexpr std::string_view kKeys = "123A456B789C*0#D";
  static constexpr std::array<double, 4> kRows{697, 770, 852, 941};
  static constexpr std::array<double, 4> kColumns{1209, 1336, 1477, 1633};
  const size_t place = kKeys.find(digit);
  return {kRows[place / 4], kColumns[place % 4]};
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

bool DtmfGenerator::queue(char digit, Duration length, Duration gap) {
  return add(digit, {0, bounded_samples(length), bounded_samples(gap), false});
}

bool DtmfGenerator::hold(char digit, Duration gap) {
  release(Duration{0});
  return add(digit, {0, bounded_samples(kLongestKey), bounded_samples(gap), true});
}

bool DtmfGenerator::add(char digit, const Key& key) {
  const auto event = event_of_digit(digit);
  if (!event || *event > 15 || count_ == kMaxQueued) return false;  // A hook flash has no tone.
  Key& added = keys_[(first_ + count_++) % kMaxQueued];
  added = key;
  added.digit = *digit_of_event(*event);
  return true;
}

void DtmfGenerator::release(Duration length) {
  const uint32_t samples = bounded_samples(length);
  for (size_t i = 0; i < count_; ++i) {
    Key& waiting = keys_[(first_ + i) % kMaxQueued];
    if (std::exchange(waiting.held, false)) waiting.samples = samples;
  }
  if (std::exchange(held_, false)) left_ = samples > played_ ? samples - played_ : 0;
}

bool DtmfGenerator::generate(std::span<int16_t> out) {
  if (idle()) {
    std::ranges::fill(out, int16_t{0});
    return false;
  }
  for (int16_t& sample : out) {
    if (left_ == 0 && gap_left_ == 0 && count_ != 0) start_next();
    sample = 0;
    if (left_ != 0) {
      sample = to_pcm(low_.next() + high_.next());
      --left_;
      ++played_;
    } else if (gap_left_ != 0) {
      --gap_left_;
    }
  }
  return true;
}

void DtmfGenerator::clear() {
  count_ = 0;
  left_ = 0;
  gap_left_ = 0;
  held_ = false;
}

void DtmfGenerator::start_next() {
  const Key key = keys_[first_];
  first_ = (first_ + 1) % kMaxQueued;
  --count_;
  const DtmfPair pair = pair_of(key.digit);
  low_ = Sine(pair.low, kDtmfLowDbm0);
  high_ = Sine(pair.high, kDtmfHighDbm0);
  left_ = key.samples;
  gap_left_ = key.gap_samples;
  played_ = 0;
  held_ = key.held;
}

}  // namespace gw::media
