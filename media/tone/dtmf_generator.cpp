#include "media/tone/dtmf_generator.h"

#include <spandsp.h>

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "media/codec/codec.h"
#include "media/tone/telephone_event.h"

namespace gw::media {
namespace {

constexpr int kLowDbm0 = -9;
constexpr int kTwist = 2;                // dB; lines lose more of the high tones.
constexpr Duration kShortestKey = 40ms;  // What detectors must take (ITU-T Q.24).
constexpr Duration kLongestKey = 60s;

uint32_t bounded_samples(Duration d) {
  return static_cast<uint32_t>(samples_for(std::clamp(d, kShortestKey, kLongestKey), kNarrowband));
}

dtmf_tx_state_t* make_tones() {
  // The first of all makes SpanDSP's table of keys, which nothing guards: ports are made by many
  // threads.
  static const bool table_made = [] {
    dtmf_tx_state_t* const first = dtmf_tx_init(nullptr);
    return first != nullptr && dtmf_tx_free(first) == 0;
  }();
  GW_ASSERT(table_made);
  dtmf_tx_state_t* const tones = dtmf_tx_init(nullptr);
  GW_ASSERT(tones != nullptr);
  return tones;
}

}  // namespace

void DtmfGenerator::TonesDeleter::operator()(dtmf_tx_state_s* tones) const {
  dtmf_tx_free(tones);
}

DtmfGenerator::DtmfGenerator() : tones_(make_tones()) {}
DtmfGenerator::~DtmfGenerator() = default;

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
  const bool any = !idle();
  while (!out.empty()) {
    if (left_ == 0 && gap_left_ == 0 && count_ != 0) start_next();
    out = out.subspan(left_ != 0 ? play(out) : pause(out));
  }
  return any;
}

size_t DtmfGenerator::play(std::span<int16_t> out) {
  const auto samples = static_cast<uint32_t>(std::min<size_t>(out.size(), left_));
  dtmf_tx(tones_.get(), out.data(), static_cast<int>(samples));
  left_ -= samples;
  played_ += samples;
  return samples;
}

size_t DtmfGenerator::pause(std::span<int16_t> out) {
  const size_t samples = gap_left_ != 0 ? std::min<size_t>(out.size(), gap_left_) : out.size();
  std::ranges::fill(out.first(samples), int16_t{0});
  gap_left_ -= std::min(gap_left_, static_cast<uint32_t>(samples));
  return samples;
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
  // From a cleared state: what was left of a key that was released early is not played.
  dtmf_tx_init(tones_.get());
  dtmf_tx_set_level(tones_.get(), kLowDbm0, kTwist);
  dtmf_tx_set_timing(tones_.get(), static_cast<int>(to_ms(kLongestKey)), 0);
  dtmf_tx_put(tones_.get(), &key.digit, 1);
  left_ = key.samples;
  gap_left_ = key.gap_samples;
  played_ = 0;
  held_ = key.held;
}

}  // namespace gw::media
