#include "media/path/audio_source.h"

#include <algorithm>
#include <utility>

namespace gw::media {
namespace {

// Packets that are late for this long are not a burst after a stall of the network: the source's
// clock stood still (a hold, a silence), and its line begins anew.
constexpr Duration kStoodStill = 100ms;
constexpr Duration kFarBehind = 5s;
// Over a longer hole nothing is concealed at its end: the listener heard the pause already.
constexpr Duration kMaxHole = 200ms;

}  // namespace

void AudioSource::prepare(Codec codec, uint32_t rate) {
  if (rate != rate_) {
    release();
    rate_ = rate;
    frame_samples_ = samples_for(20ms, rate);
  }
  auto& slot = decoders_[static_cast<size_t>(codec)];
  if (!slot) slot = make_decoder(codec, rate);
}

void AudioSource::release() {
  restart();
  for (auto& slot : decoders_) slot.reset();
}

int64_t AudioSource::position_of(const Frame& frame) const {
  return frame.timestamp * rate_ / descriptor(frame.codec).rtp_clock;
}

Duration AudioSource::frame_time() const {
  return duration_of(frame_samples_, rate_);
}

void AudioSource::restart() {
  playing_ = false;
  let_go();
}

void AudioSource::let_go() {
  for (Held& held : held_) held.packet.reset();
  held_count_ = 0;
  hold_until_ = kNever;
}

void AudioSource::begin(const Frame& frame) {
  restart();
  playing_ = true;
  restart_due_ = true;
  codec_ = frame.codec;
  decoder(codec_)->reset();
  last_sequence_ = frame.sequence - 1;
  next_position_ = position_of(frame);
}

void AudioSource::push(PacketPtr& packet, const Frame& frame, PcmSink& sink, TimePoint now) {
  AudioDecoder* const decodes = decoder(frame.codec);
  const size_t samples = decodes != nullptr ? decodes->samples_in(frame.payload) : 0;
  if (samples == 0 || samples > pcm_.size()) return counters_.discard(Discard::Codec);
  if (!playing_ || frame.restarted || frame.codec != codec_) begin(frame);

  const int64_t position = position_of(frame);
  if (is_late(frame, position, samples, now)) {
    ++late_;
    return counters_.discard(Discard::Late);
  }
  if (frame.sequence > last_sequence_ + 1 && hold(packet, frame, now)) return;
  emit(frame, sink, now);
  release_in_order(sink, now);
}

bool AudioSource::is_late(const Frame& frame, int64_t position, size_t samples, TimePoint now) {
  const auto length = static_cast<int64_t>(samples);
  if (frame.sequence <= last_sequence_) {
    reordered_until_ = now + kReorderMemory;
    return true;
  }
  const int64_t behind = next_position_ - position;
  // Clocks of cheap phones are a few samples off from frame to frame.
  if (behind <= length / 2) {
    late_since_ = kNever;
    return false;
  }
  late_since_ = std::min(late_since_, now);
  if (now - late_since_ < kStoodStill &&
      behind < static_cast<int64_t>(samples_for(kFarBehind, rate_)))
    return true;
  late_since_ = kNever;
  begin(frame);
  return false;
}

bool AudioSource::hold(PacketPtr& packet, const Frame& frame, TimePoint now) {
  if (now >= reordered_until_ || held_count_ == kMaxHeld || !packet) return false;
  if (held_count_ == 0) hold_until_ = now + kReorderWait;
  size_t at = held_count_++;
  for (; at > 0 && held_[at - 1].frame.sequence > frame.sequence; --at) {
    held_[at] = std::move(held_[at - 1]);
  }
  held_[at].packet = std::move(packet);
  held_[at].frame = frame;  // Its payload points into the packet, which does not move.
  return true;
}

void AudioSource::release_in_order(PcmSink& sink, TimePoint now) {
  size_t done = 0;
  while (done < held_count_ && held_[done].frame.sequence <= last_sequence_ + 1) {
    if (held_[done].frame.sequence == last_sequence_ + 1) emit(held_[done].frame, sink, now);
    held_[done++].packet.reset();
  }
  if (done == 0) return;
  std::move(held_.begin() + done, held_.begin() + held_count_, held_.begin());
  held_count_ -= done;
  if (held_count_ == 0) hold_until_ = kNever;
}

void AudioSource::emit(const Frame& frame, PcmSink& sink, TimePoint now) {
  int64_t position = position_of(frame);
  const bool lost = frame.sequence > last_sequence_ + 1;
  if (lost) replace_lost(frame, position, sink, now);
  const size_t samples = decoder(codec_)->decode(frame.payload, pcm_);
  if (samples == 0) return counters_.discard(Discard::Codec);
  if (std::abs(position - next_position_) <= static_cast<int64_t>(samples / 2)) {
    position = next_position_;
  }
  sink.play(std::span(pcm_).first(samples), position, std::exchange(restart_due_, false), now);
  last_sequence_ = frame.sequence;
  next_position_ = position + static_cast<int64_t>(samples);
  frame_samples_ = samples;
  expected_ = now + frame_time();
  concealed_ = Duration{0};
  paused_ = false;
}

// Rule 5: one frame in place of the lost ones, so that at most two leave back to back.
void AudioSource::replace_lost(const Frame& successor, int64_t position, PcmSink& sink,
                               TimePoint now) {
  const int64_t hole = position - next_position_;
  const auto frame = static_cast<int64_t>(frame_samples_);
  const auto longest = static_cast<int64_t>(samples_for(kMaxHole, rate_));
  if (hole < frame || hole > longest || paused_) return;
  const std::span<int16_t> out = std::span(pcm_).first(frame_samples_);
  if (decoder(codec_)->recover(successor.payload, out) == 0) return;
  counters_.recovered.add();
  concealed_time_ += frame_time();
  sink.play(out, position - frame, std::exchange(restart_due_, false), now);
}

TimePoint AudioSource::deadline() const {
  if (!playing_) return kNever;
  const TimePoint conceal = paused_ ? kNever : expected_ + kDeadline;
  return std::min(conceal, hold_until_);
}

TimePoint AudioSource::on_timer(PcmSink& sink, TimePoint now) {
  if (!playing_) return kNever;
  if (now >= hold_until_) {
    // The missing one did not come: go on without it.
    const Frame first = held_[0].frame;
    last_sequence_ = std::max(last_sequence_, first.sequence - 1);
    replace_lost(first, position_of(first), sink, now);
    release_in_order(sink, now);
    if (held_count_ > 0) hold_until_ = now + kReorderWait;
  }
  if (!paused_ && now >= expected_ + kDeadline) conceal_next(sink, now);
  return deadline();
}

void AudioSource::conceal_next(PcmSink& sink, TimePoint now) {
  const Duration limit = codec_ == Codec::Opus ? kConcealOpus : kConcealG711;
  if (concealed_ >= limit) {
    paused_ = true;
    return;
  }
  const std::span<int16_t> out = std::span(pcm_).first(frame_samples_);
  if (decoder(codec_)->conceal(out) == 0) {
    paused_ = true;
    return;
  }
  counters_.concealed.add();
  concealed_time_ += frame_time();
  sink.play(out, next_position_, std::exchange(restart_due_, false), now);
  next_position_ += static_cast<int64_t>(frame_samples_);
  concealed_ += frame_time();
  expected_ += frame_time();
}

}  // namespace gw::media
