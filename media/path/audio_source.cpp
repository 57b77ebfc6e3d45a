#include "media/path/audio_source.h"

#include <algorithm>
#include <utility>

namespace gw::media {
namespace {

// Packets that are late for this long are not a burst after a stall of the network: the source's
// clock stood still (a hold, a silence), and its line begins anew.
constexpr Duration kStoodStill = 100ms;
constexpr Duration kFarBehind = 5s;
// A longer hole is a pause, not loss.
constexpr Duration kMaxHole = 200ms;

}  // namespace

void AudioSource::prepare(Codec codec, uint32_t rate) {
  if (rate != rate_) {
    release();
    rate_ = rate;
    frame_samples_ = samples_for(20ms, rate);
  }
  if (!workshop_) workshop_ = std::make_unique<Workshop>();
  auto& slot = workshop_->decoders[static_cast<size_t>(codec)];
  if (!slot) slot = make_decoder(codec, rate);
}

void AudioSource::release() {
  restart();
  workshop_.reset();
}

int64_t AudioSource::position_of(const Frame& frame) const {
  return frame.timestamp * rate_ / descriptor(frame.codec).rtp_clock;
}

void AudioSource::restart() {
  playing_ = false;
  jitter_.restart();
  let_go();
}

void AudioSource::let_go() {
  if (workshop_) workshop_->queue.clear();
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
  if (samples == 0 || samples > workshop_->pcm.size()) return counters_.discard(Discard::Codec);
  if (!playing_ || frame.restarted || frame.codec != codec_) begin(frame);

  const int64_t position = position_of(frame);
  const bool late = is_late(frame, position, samples, now);
  jitter_.on_arrival(position, rate_, now);  // Late ones above all.
  if (late) {
    ++late_;
    return counters_.discard(Discard::Late);
  }
  if (workshop_->queue.full()) return counters_.discard(Discard::Overload);
  workshop_->queue.push(packet, frame);
  play_due(sink, now);
}

bool AudioSource::is_late(const Frame& frame, int64_t position, size_t samples, TimePoint now) {
  const auto length = static_cast<int64_t>(samples);
  if (frame.sequence <= last_sequence_) {
    reordered_until_ = now + kReorderMemory;
    return true;
  }
  const int64_t behind = next_position_ - position;
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

// What is due of the queue, one frame at a time, with what is missing before it.
void AudioSource::play_due(PcmSink& sink, TimePoint now) {
  FrameQueue& queue = workshop_->queue;
  while (!queue.empty()) {
    const Frame front = queue.front();
    const int64_t hole = position_of(front) - next_position_;
    if (front.sequence <= last_sequence_ || hole < -static_cast<int64_t>(frame_samples_ / 2)) {
      queue.pop();  // Its place was filled while it waited.
      ++late_;
      counters_.discard(Discard::Late);
      continue;
    }
    if (hold_until_ == kNever && was_lost(front) && misses(front)) {
      hold_until_ = now;
      if (now < reordered_until_) {
        hold_until_ = std::min(now + kReorderWait, std::max(now, expected_ + kDeadline));
      }
    }
    if (now < front_due() || now < pace()) return;
    if (misses(front)) {
      fill_before(front, sink, now);
    } else {
      play(front, sink, now);
      queue.pop();
    }
  }
}

// Something before `successor` is to be made up. Not after a long silence: the listener
// heard the pause already.
bool AudioSource::misses(const Frame& successor) const {
  const int64_t hole = position_of(successor) - next_position_;
  return hole > slack() && !paused_ && hole <= static_cast<int64_t>(samples_for(kMaxHole, rate_));
}

TimePoint AudioSource::front_due() const {
  const Frame& front = workshop_->queue.front();
  const bool missing = misses(front);
  if (jitter_.waits()) return jitter_.due(missing ? next_position_ : position_of(front), rate_);
  return missing && was_lost(front) ? hold_until_ : TimePoint::min();
}

TimePoint AudioSource::concealment_due() const {
  if (paused_) return kNever;
  if (jitter_.waits()) return jitter_.due(next_position_, rate_) + kBufferGrace;
  return expected_ + kDeadline;
}

void AudioSource::play(const Frame& frame, PcmSink& sink, TimePoint now) {
  hold_until_ = kNever;
  const size_t samples = decoder(codec_)->decode(frame.payload, workshop_->pcm);
  if (samples == 0) return counters_.discard(Discard::Codec);
  int64_t position = position_of(frame);
  if (std::abs(position - next_position_) <= static_cast<int64_t>(samples / 2)) {
    position = next_position_;
  }
  last_sequence_ = frame.sequence;
  frame_samples_ = samples;
  expected_ = now + frame_time();
  concealed_ = Duration{0};
  paused_ = false;
  hand_over(std::span(workshop_->pcm).first(samples), position, sink, now);
}

// One frame of what is missing, with the help of the successor, which is here.
void AudioSource::fill_before(const Frame& successor, PcmSink& sink, TimePoint now) {
  const int64_t hole = position_of(successor) - next_position_;
  const auto samples = static_cast<size_t>(std::min<int64_t>(hole, frame_samples_));
  const int64_t left = hole - static_cast<int64_t>(samples);
  const size_t rest = left <= slack() ? 0 : static_cast<size_t>(left);
  const std::span<int16_t> out = std::span(workshop_->pcm).first(samples);
  make_up(out, was_lost(successor) ? &successor : nullptr, rest);
  hand_over(out, next_position_, sink, now);
}

// In place of what is missing; `successor`, where it is known, comes `rest` samples later.
void AudioSource::make_up(std::span<int16_t> out, const Frame* successor, size_t rest) {
  counters_.concealed.add();
  concealed_time_ += duration_of(out.size(), rate_);
  if (!conceals_) {
    std::ranges::fill(out, int16_t{0});
  } else if (successor == nullptr) {
    decoder(codec_)->conceal(out);
  } else {
    if (rest == 0 && decoder(codec_)->restores(successor->payload)) counters_.recovered.add();
    decoder(codec_)->recover(successor->payload, out, rest);
  }
}

void AudioSource::conceal_next(PcmSink& sink, TimePoint now) {
  const Duration limit = codec_ == Codec::Opus ? kConcealOpus : kConcealG711;
  const std::span<int16_t> out = std::span(workshop_->pcm).first(frame_samples_);
  if (concealed_ >= limit) {
    paused_ = true;
    return;
  }
  make_up(out, nullptr, 0);
  concealed_ += frame_time();
  expected_ += frame_time();
  hand_over(out, next_position_, sink, now);
}

void AudioSource::hand_over(std::span<const int16_t> pcm, int64_t position, PcmSink& sink,
                            TimePoint now) {
  next_position_ = position + static_cast<int64_t>(pcm.size());
  played_before_ = std::exchange(played_at_, now);
  jitter_.on_played(pcm, now);
  sink.play(pcm, position, std::exchange(restart_due_, false), now);
}

TimePoint AudioSource::deadline() const {
  if (!playing_) return kNever;
  const TimePoint due = workshop_->queue.empty() ? concealment_due() : front_due();
  return due == kNever ? kNever : std::max(due, pace());
}

TimePoint AudioSource::on_timer(PcmSink& sink, TimePoint now) {
  if (!playing_) return kNever;
  play_due(sink, now);
  if (workshop_->queue.empty() && now >= concealment_due() && now >= pace())
    conceal_next(sink, now);
  return deadline();
}

}  // namespace gw::media
