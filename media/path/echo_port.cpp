#include "media/path/echo_port.h"

#include "media/path/phase.h"

namespace gw::media {

void EchoPort::on_wired(SoundPort* other, TimePoint now) {
  other_ = other;
  if (other_ == nullptr) return;
  if (!prompt_.done()) other_->prepare_to_play(kNarrowband);
  deadline_.at_latest(now);
}

void EchoPort::on_other_changed(TimePoint now) {
  if (other_ != nullptr && !prompt_.done()) other_->prepare_to_play(kNarrowband);
  deadline_.at_latest(now);
}

void EchoPort::prepare_to_play(uint32_t rate) {
  // PCM that is played to us goes back to whom it came from.
  if (other_ != nullptr) other_->prepare_to_play(rate);
}

bool EchoPort::hears(TimePoint now) const {
  return other_ != nullptr && prompt_.done() && other_->hears(now);
}

std::optional<Codec> EchoPort::codec() const {
  return other_ == nullptr ? std::nullopt : other_->codec();
}

void EchoPort::pass(InboundAudio& audio, TimePoint now) {
  if (other_ != nullptr) other_->pass(audio, now);
}

void EchoPort::play(std::span<const int16_t> pcm, int64_t position, bool restarted, TimePoint now) {
  if (other_ != nullptr) other_->play(pcm, position, restarted, now);
}

TimePoint EchoPort::on_timer(TimePoint now) {
  if (other_ == nullptr || prompt_.done()) return kNever;
  if (!other_->hears(now)) {
    next_tick_ = kNever;
    return now + kTick;  // DTLS is not up yet, or the call is not answered.
  }
  if (next_tick_ == kNever) next_tick_ = next_tick_of(id_.value, now);
  if (now < next_tick_) return next_tick_;
  prompt_.read(pcm_);
  other_->play(pcm_, position_, position_ == 0, now);
  position_ += static_cast<int64_t>(pcm_.size());
  next_tick_ += kTick;
  return next_tick_;
}

}  // namespace gw::media
