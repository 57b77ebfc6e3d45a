#include "media/path/mix_seat.h"

#include <algorithm>
#include <utility>

namespace gw::media {
namespace {

// A voice that comes or goes, comes or goes within the frame.
void ramp(std::span<int16_t> pcm, bool up) {
  const auto length = static_cast<int32_t>(pcm.size());
  for (int32_t i = 0; i < length; ++i) {
    const int32_t part = up ? i + 1 : length - i - 1;
    pcm[static_cast<size_t>(i)] = static_cast<int16_t>(pcm[static_cast<size_t>(i)] * part / length);
  }
}

}  // namespace

MixSeat::MixSeat(SoundPort& port, MixTable& table, uint32_t rate) : port_(port), table_(table) {
  set_rate(rate);
}

void MixSeat::set_rate(uint32_t rate) {
  rate_ = rate;
  frame_ = samples_for(MixerInput::kTick, rate);
  input_.emplace(rate);
  sounds_ = false;
  missed_ = true;
}

void MixSeat::play(std::span<const int16_t> pcm, int64_t, bool, TimePoint now) {
  input_->push(pcm, now);
}

bool MixSeat::hold_key(char digit, TimePoint now) {
  key_ = digit;
  table_.on_key_down(*this, digit, now);
  return true;
}

void MixSeat::release_key(Duration length, TimePoint now) {
  table_.on_key_up(*this, {std::exchange(key_, 0), length}, now);
}

void MixSeat::listen(bool gated, TimePoint now) {
  const std::span<int16_t> frame = std::span(pcm_).first(frame_);
  const bool sounds = input_->pull(frame, now);
  if (sounds) {
    meter_.measure(frame);
  } else {
    meter_.measure_silence();
  }
  const bool was_open = std::exchange(open_, !gated || meter_.active());
  sounds_ = sounds && (open_ || was_open);
  if (sounds_ && gated && open_ != was_open) ramp(frame, open_);
}

bool MixSeat::whispers_to(const MixSeat& listener) const {
  if (!sounds_) return false;
  const std::span<const PortId> audience = port_.audience();
  return std::ranges::find(audience, listener.port_.id()) != audience.end();
}

void MixSeat::tell_others(std::span<const int32_t> all, int64_t position, TimePoint now) {
  std::array<int32_t, kMaxFrame> others;
  if (contributes()) {
    for (size_t i = 0; i < frame_; ++i) others[i] = all[i] - pcm_[i];
  } else {
    std::ranges::copy(all.first(frame_), others.begin());
  }
  limiter_.process(std::span(others).first(frame_), std::span(out_).first(frame_));
  tell(std::span(out_).first(frame_), position, now);
}

void MixSeat::tell(std::span<const int16_t> all, int64_t position, TimePoint now) {
  if (!port_.hears(now)) return miss();
  port_.play(all, position, std::exchange(missed_, false), now);
}

void MixSeat::tell_coded(std::span<const std::byte> payload, int64_t position, TimePoint now) {
  port_.play_coded(payload, position, std::exchange(missed_, false), now);
}

const AudioEncoder* MixSeat::sharable(TimePoint now) const {
  return port_.hears(now) ? port_.sharable_encoder() : nullptr;
}

}  // namespace gw::media
