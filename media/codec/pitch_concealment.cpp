#include "media/codec/pitch_concealment.h"

#include <algorithm>
#include <cmath>

#include "media/codec/codec.h"

namespace gw::media {
namespace {

int16_t to_sample(float value) {
  return static_cast<int16_t>(std::lround(std::clamp(value, -32768.0F, 32767.0F)));
}

}  // namespace

PitchConcealment::PitchConcealment(uint32_t rate)
    : stride_(rate / kNarrowband),
      history_size_(stride_ * (kMaxPeriod + kCompared)),
      length_(stride_ * kMinPeriod) {}

void PitchConcealment::reset() {
  history_.fill(0);
  end();
}

void PitchConcealment::hear(std::span<int16_t> pcm) {
  if (made_ > 0) {
    const size_t blend = std::min(stride_ * kBlend, pcm.size());
    for (size_t i = 0; i < blend; ++i) {
      const float in = static_cast<float>(i + 1) / static_cast<float>(blend + 1);
      const float mixed = next() * (1 - in) + static_cast<float>(pcm[i]) * in;
      pcm[i] = to_sample(mixed);
    }
    end();
  }
  remember(pcm);
}

void PitchConcealment::fill(std::span<int16_t> out) {
  if (made_ == 0) begin();
  for (int16_t& sample : out) {
    sample = to_sample(next());
  }
}

void PitchConcealment::bridge(std::span<int16_t> out, std::span<const int16_t> after, size_t rest) {
  const size_t length = find_period_of(after);
  if (length == 0) return fill(out);
  if (made_ == 0) begin();
  if (bridged_from_ == kNowhere) {
    bridged_from_ = made_;
    drawn_ = draw_to(after, made_ + out.size() + rest);
  }
  // Repeated backwards: its beginning, where a repetition ends, turns into what comes after it.
  std::array<float, kMaxStride * kMaxPeriod> period;
  for (size_t i = 0; i < length; ++i) period[i] = after[i];
  const size_t quarter = std::min(length / 4, after.size() - length);
  for (size_t i = 0; i < quarter; ++i) {
    const float in = static_cast<float>(i + 1) / static_cast<float>(quarter + 1);
    period[i] = static_cast<float>(after[length + i]) * (1 - in) + period[i] * in;
  }
  const float step = static_cast<float>(after[0]) - static_cast<float>(after[length]);
  const size_t blend = stride_ * kBlend;
  for (size_t i = 0; i < out.size(); ++i) {
    const size_t gone = made_ - bridged_from_ + 1, left = out.size() - i + rest;
    const float in = static_cast<float>(gone) / static_cast<float>(gone + left);
    float later = period[length - 1 - (left - 1) % length];
    if (left < blend) later += step * (1 - static_cast<float>(left) / static_cast<float>(blend));
    out[i] = to_sample(next() * (1 - in) + later * faded(left) * in);
  }
  if (rest == 0) end();
}

// By how much the period before the loss has to be drawn out for its repetition to meet what comes
// `hole` samples later in phase: a voice changes its pitch by a few percent in that time.
float PitchConcealment::draw_to(std::span<const int16_t> after, size_t hole) const {
  constexpr int kSteps = 8;
  constexpr float kStep = 0.0075F, kPenalty = 0.005F;
  const size_t compared = std::min(stride_ * 2 * kMinPeriod, after.size());
  float best = 1, best_score = -1;
  for (int k = -kSteps; k <= kSteps; ++k) {
    const float drawn = 1 + kStep * static_cast<float>(k);
    float product = 0, energy = 1, theirs = 1;
    for (size_t i = 0; i < compared; i += stride_) {
      const float ours = repeated(hole + i, drawn), other = after[i];
      product += ours * other;
      energy += ours * ours;
      theirs += other * other;
    }
    const float score =
        product / std::sqrt(energy * theirs) - kPenalty * static_cast<float>(std::abs(k));
    if (score > best_score) {
      best_score = score;
      best = drawn;
    }
  }
  return best;
}

// Sample `at` of the period before the loss, repeated; from where a bridge begins each repetition
// is `drawn` times as long.
float PitchConcealment::repeated(size_t at, float drawn) const {
  const size_t even = std::min(at, bridged_from_);
  const float drawn_part = static_cast<float>(at - even) / drawn;
  const float turns = (static_cast<float>(even) + drawn_part) / static_cast<float>(length_);
  const float place = (turns - std::floor(turns)) * static_cast<float>(length_);
  const size_t left = std::min(static_cast<size_t>(place), length_ - 1);
  const size_t right = left + 1 == length_ ? 0 : left + 1;
  return period_[left] + (period_[right] - period_[left]) * (place - static_cast<float>(left));
}

// The same of what follows a loss, of which there may be little.
size_t PitchConcealment::find_period_of(std::span<const int16_t> after) const {
  const size_t compared = stride_ * kMinPeriod;
  size_t best = 0;
  double best_score = 0;
  for (size_t period = stride_ * kMinPeriod;
       period <= stride_ * kMaxPeriod && period + compared <= after.size(); period += stride_) {
    double product = 0, energy = 1;
    const size_t n = std::min(2 * compared, after.size() - period);
    for (size_t i = 0; i < n; i += stride_) {
      const double later = after[i + period];
      product += later * after[i];
      energy += later * later;
    }
    const double score = product <= 0 ? 0 : product * product / energy;
    if (best == 0 || score > best_score) {
      best_score = score;
      best = period;
    }
  }
  return best;
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
  const size_t blend = stride_ * kBlend;
  if (made >= stride_ * kSilent) return 0;
  float sample = repeated(made, drawn_);
  if (made < blend) {
    sample += step_ * (1 - static_cast<float>(made + 1) / static_cast<float>(blend));
  }
  return sample * faded(made);
}

// What is made up so far from anything true.
float PitchConcealment::faded(size_t away) const {
  const size_t silent = stride_ * kSilent, full_level = stride_ * kFullLevel;
  if (away <= full_level) return 1;
  if (away >= silent) return 0;
  return static_cast<float>(silent - away) / static_cast<float>(silent - full_level);
}

void PitchConcealment::end() {
  made_ = 0;
  bridged_from_ = kNowhere;
  drawn_ = 1;
}

}  // namespace gw::media
