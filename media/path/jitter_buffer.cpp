#include "media/path/jitter_buffer.h"

#include <algorithm>
#include <numeric>

namespace gw::media {
namespace {

// Counted in sixteenths of a packet, so that fading leaves no rest that stays for ever.
constexpr uint32_t kPacket = 16;
constexpr uint32_t kEnough = 50 * kPacket;  // A second: before it one late packet says nothing.
constexpr uint32_t kLatePercent = 5;        // So many may be too late.
constexpr Duration kFadeEvery = 1s;         // By a quarter: four seconds count.

// Under -50 dB of full scale nobody speaks.
bool is_silent(std::span<const int16_t> pcm) {
  constexpr int64_t kLoud = 104;
  int64_t energy = 0;
  for (const int16_t s : pcm) energy += int64_t{s} * s;
  return energy < kLoud * kLoud * static_cast<int64_t>(pcm.size());
}

}  // namespace

void JitterBuffer::set_playout(const Playout& playout) {
  if (playout == playout_) return;
  playout_ = playout;
  target_ = playout.mode == Playout::Mode::Fixed ? playout.delay : Duration{0};
}

void JitterBuffer::on_arrival(int64_t position, uint32_t rate, TimePoint now) {
  if (playout_.mode == Playout::Mode::Off) return;
  const Duration lateness = clock_.observe(position, rate, now);
  if (playout_.mode != Playout::Mode::Adaptive) return;
  count(lateness, now);
  target_ = std::max(target_, wanted());
}

void JitterBuffer::count(Duration lateness, TimePoint now) {
  if (now >= fade_at_) {
    fade_at_ = now + kFadeEvery;
    for (uint32_t& bin : lateness_) bin -= (bin + 3) / 4;
  }
  lateness_[std::min(kBins - 1, static_cast<size_t>(lateness / kStep))] += kPacket;
}

Duration JitterBuffer::wanted() const {
  const uint32_t all = std::accumulate(lateness_.begin(), lateness_.end(), 0U);
  if (all < kEnough) return target_;  // DTX, or the beginning.
  uint32_t later = 0;
  size_t bins = kBins;
  while (bins > 0 && (later + lateness_[bins - 1]) * 100 <= all * kLatePercent) {
    later += lateness_[--bins];
  }
  const Duration spread = kStep * static_cast<int64_t>(bins);
  return spread > kNoticed ? std::min(spread, kMost) : Duration{0};
}

void JitterBuffer::on_played(std::span<const int16_t> pcm, TimePoint now) {
  if (playout_.mode != Playout::Mode::Adaptive || target_ == Duration{0}) return;
  if (now < shrink_at_ || wanted() >= target_ || !is_silent(pcm)) return;
  target_ -= kStep;
  shrink_at_ = now + kShrinkEvery;
}

}  // namespace gw::media
