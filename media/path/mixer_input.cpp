#include "media/path/mixer_input.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace gw::media {

MixerInput::MixerInput(uint32_t rate) : rate_(rate), concealment_(rate) {}

void MixerInput::push(std::span<const int16_t> pcm, TimePoint now) {
  const size_t frame = samples_for(kTick, rate_);
  const size_t take = std::min(pcm.size(), kCapacity - size_);
  std::copy_n(pcm.begin(), take, data_.begin() + static_cast<ptrdiff_t>(size_));
  if (size_ < frame && size_ + take >= frame) full_since_ = now;
  size_ += take;
  last_push_ = now;
  portion_ = duration_of(static_cast<int64_t>(take), rate_);
  const size_t most = samples_for(kMost, rate_);
  if (size_ > most) cut(size_ - samples_for(kCaughtUp, rate_));
}

bool MixerInput::pull(std::span<int16_t> out, TimePoint now) {
  if (shrink_due_) shrink();
  if (size_ < out.size()) {
    playing_ = false;
  } else if (!playing_ && now - full_since_ >= kStart) {
    playing_ = true;
    window_ = 0;
    least_reserve_ = Duration::max();
  }
  if (!playing_) return bridge(out);
  std::copy_n(data_.begin(), out.size(), out.begin());
  remove(out.size());
  concealment_.hear(out);
  heard_ = true;
  bridged_ = Duration{0};
  look_at_reserve(now);
  return true;
}

bool MixerInput::bridge(std::span<int16_t> out) {
  if (!heard_ || bridged_ >= kBridge) {
    heard_ = false;
    std::ranges::fill(out, int16_t{0});
    return false;
  }
  concealment_.fill(out);
  bridged_ += kTick;
  return true;
}

std::span<const int16_t> MixerInput::drain() {
  const size_t all = size_;
  size_ = 0;
  playing_ = heard_ = false;
  return std::span(data_).first(all);
}

// How late the next packet could have come without being missed. Packets of 60 ms leave 40 that
// are no reserve but only wait for their tick.
void MixerInput::look_at_reserve(TimePoint now) {
  const int64_t portion = std::max<int64_t>(to_ms(portion_), 1);
  const Duration steps = std::chrono::milliseconds(portion - std::gcd(portion, to_ms(kTick)));
  least_reserve_ = std::min(least_reserve_, waiting() + (now - last_push_) - steps);
  if (++window_ < kWindow) return;
  shrink_due_ = least_reserve_ > kComfortable;
  window_ = 0;
  least_reserve_ = Duration::max();
}

void MixerInput::shrink() {
  if (size_ < samples_for(kTick, rate_)) return;  // The next packet is awaited.
  shrink_due_ = false;
  cut(find_period());
}

// The shift, 2.5 to 10 ms, at which what waits resembles itself most.
size_t MixerInput::find_period() const {
  const size_t shortest = rate_ / 400, longest = rate_ / 100, compared = rate_ / 200;
  size_t best = longest;
  double best_score = 0;
  for (size_t period = shortest; period <= longest; ++period) {
    double product = 0, energy = 1;
    for (size_t i = 0; i < compared; ++i) {
      const double later = data_[period + i];
      product += later * data_[i];
      energy += later * later;
    }
    const double score = product <= 0 ? 0 : product * product / energy;
    if (score > best_score) {
      best_score = score;
      best = period;
    }
  }
  return best;
}

// What is removed runs into what follows it.
void MixerInput::cut(size_t samples) {
  const size_t blend = std::min<size_t>(rate_ / 200, size_ - std::min(samples, size_));
  for (size_t i = 0; i < blend; ++i) {
    const float in = static_cast<float>(i + 1) / static_cast<float>(blend + 1);
    const float mixed =
        static_cast<float>(data_[i]) * (1 - in) + static_cast<float>(data_[samples + i]) * in;
    data_[samples + i] = static_cast<int16_t>(mixed);
  }
  remove(std::min(samples, size_));
}

void MixerInput::remove(size_t samples) {
  size_ -= samples;
  std::memmove(data_.data(), data_.data() + samples, size_ * sizeof(int16_t));
}

}  // namespace gw::media
