#include "media/codec/pitch_concealment.h"

#include <algorithm>
#include <cmath>

#include "media/codec/codec.h"

namespace gw::media {

PitchConcealment::PitchConcealment(uint32_t rate)
    : stride_(rate / kNarrowband),
      history_size_(stride_ * (kMaxPeriod + kCompared)),
      length_(stride_ * kMinPeriod) {}

void PitchConcealment::reset() {
  history_.fill(0);
  made_ = 0;
}

void PitchConcealment::hear(std::span<int16_t> pcm) {
  if (made_ > 0) {
    const size_t blend = std::min(stride_ * kBlend, pcm.size());
    for (size_t i = 0; i < blend; ++i) {
      const float in = static_cast<float>(i + 1) / static_cast<float>(blend + 1);
      const float mixed = next() * (1 - in) + static_cast<float>(pcm[i]) * in;
      pcm[i] = static_cast<int16_t>(std::lround(std::clamp(mixed, -32768.0F, 32767.0F)));
    }
    made_ = 0;
  }
  remember(pcm);
}

void PitchConcealment::fill(std::span<int16_t> out) {
  if (made_ == 0) begin();
  for (int16_t& sample : out) {
    sample = static_cast<int16_t>(std::lround(std::clamp(next(), -32768.0F, 32767.0F)));
  }
}

void PitchConcealment::remember(std::span<const int16_t> pcm) {
  const std::span<int16_t> history = std::span(history_).first(history_size_);
  if (pcm.size() >= history.size()) {
    std::ranges::copy(pcm.last(history.size()), history.begin());
    return;
  }
  std::ranges::move(history.subspan(pcm.size()), history.begin());
  std::ranges::copy(pcm, history.last(pcm.size()).begin());
}

// The shift at which the last 20 ms resemble what was before them most.
size_t PitchConcealment::find_period() const {
  const int16_t* const newest = history_.data() + stride_ * kMaxPeriod;
  size_t best = stride_ * kMaxPeriod;
  double best_score = -1;
  for (size_t period = stride_ * kMinPeriod; period <= stride_ * kMaxPeriod; period += stride_) {
    double product = 0, energy = 1;
    for (size_t i = 0; i < stride_ * kCompared; i += stride_) {
      const double before = newest[static_cast<ptrdiff_t>(i) - static_cast<ptrdiff_t>(period)];
      product += before * newest[i];
      energy += before * before;
    }
    const double score = product <= 0 ? 0 : product * product / energy;
    if (score > best_score) {
      best_score = score;
      best = period;
    }
  }
  return best;
}

void PitchConcealment::begin() {
  length_ = find_period();
  at_ = 0;
  const size_t start = history_size_ - length_;
  for (size_t i = 0; i < length_; ++i) period_[i] = history_[start + i];
  // The end runs into the beginning: its last quarter turns into what came before the period.
  const size_t quarter = length_ / 4;
  for (size_t i = 0; i < quarter; ++i) {
    const float in = static_cast<float>(i + 1) / static_cast<float>(quarter + 1);
    const float before = history_[start - quarter + i];
    float& end = period_[length_ - quarter + i];
    end = end * (1 - in) + before * in;
  }
  step_ = static_cast<float>(history_[history_size_ - 1]) - static_cast<float>(history_[start - 1]);
}

float PitchConcealment::next() {
  const size_t made = made_++;
  const size_t silent = stride_ * kSilent, full_level = stride_ * kFullLevel;
  const size_t blend = stride_ * kBlend;
  if (made >= silent) return 0;
  float sample = period_[at_];
  at_ = at_ + 1 == length_ ? 0 : at_ + 1;
  if (made < blend) {
    sample += step_ * (1 - static_cast<float>(made + 1) / static_cast<float>(blend));
  }
  if (made <= full_level) return sample;
  return sample * static_cast<float>(silent - made) / static_cast<float>(silent - full_level);
}

}  // namespace gw::media
