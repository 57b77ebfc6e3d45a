// What a port's peer hears: the other leg's packets and PCM, and what is made here by time.
#include <algorithm>
#include <utility>

#include "media/path/media_port.h"

namespace gw::media {

// ---- From the other leg ----

bool MediaPort::may_send() const {
  return negotiated_ && !held_ && sends(parameters_.direction) && transport_.ready();
}

bool MediaPort::hears(TimePoint) const {
  return may_send() && !digits_out_.busy();
}

void MediaPort::on_heard_elsewhere() {
  filling_ = false;
  resting_.reset();
  if (ringback_) ringback_.reset();  // Real sound ends ours (RFC 3960 3.2).
}

// Packet path.
void MediaPort::pass(InboundAudio& audio, TimePoint now) {
  on_heard_elsewhere();
  sink_.pass(*audio.packet, audio.rtp, parameters_.codecs.front().send_payload_type, audio.sequence,
             audio.timestamp, audio.restarted, now);
}

// Packet path.
void MediaPort::play(std::span<const int16_t> pcm, int64_t position, bool restarted,
                     TimePoint now) {
  if (!hears(now)) return;
  if (sink_.rests_cheaply() && silence_.settled(pcm)) return rest(kNoNoise, now);
  on_heard_elsewhere();
  sink_.play(pcm, position, restarted, now);
}

// Packet path.
void MediaPort::play_coded(std::span<const std::byte> payload, int64_t position, bool restarted,
                           TimePoint now) {
  on_heard_elsewhere();
  sink_.play_coded(payload, position, restarted, now);
}

void MediaPort::continue_coding_of(const SoundPort& other) {
  if (const auto* port = dynamic_cast<const MediaPort*>(&other)) {
    sink_.continue_coding_of(port->sink_);
  }
}

void MediaPort::rest(NoiseLevel level, TimePoint now) {
  if (!hears(now)) return;
  if (resting_ == level) return;
  if (!resting_) {
    on_heard_elsewhere();
    sink_.drop_residue();
    noise_begins_ = true;
  }
  resting_ = level;
  next_tick_ = now;
  poke(now);
}

// ---- By time ----

TimePoint MediaPort::on_timer(TimePoint now) {
  TimePoint next = transport_.on_timer(now);
  if (now >= keys_in_.due()) {
    keys_in_.tick(now);
    take_keys(nullptr, now);
  }
  if (held_sound_ && now >= held_sound_->due()) release_held_sound(now);
  next = std::min(next, keys_in_.due());
  if (held_sound_) next = std::min(next, held_sound_->due());
  if (other_ != nullptr && !muted_ && !held_ && other_->hears(now)) {
    next = std::min(next, source_.on_timer(*other_, now));
  } else {
    source_.restart();
  }
  next = std::min(next, generate(now));
  if (now >= rtcp_.due()) {
    rtcp_.send(transport_, *pool_, receiver_, sink_.sender(), now, clock_.wall(),
               {voip_metrics(), false});
    counters_.lost.add(receiver_.lost() - std::min(counted_lost_, receiver_.lost()));
    counted_lost_ = std::max(counted_lost_, receiver_.lost());
  }
  next = std::min(next, rtcp_.due());
  return std::min(next, check_timeout(now));
}

TimePoint MediaPort::generate(TimePoint now) {
  if (!may_send()) return kNever;
  if (digits_out_.busy() || digits_were_busy_ || ringback_) return tick_generator(now);
  if (resting_) return fill_with_noise(now);
  if (settings_.fills_silence && other_ != nullptr) return fill(now);
  return kNever;
}

TimePoint MediaPort::tick_generator(TimePoint now) {
  if (now < next_tick_) return next_tick_;
  if (now - next_tick_ > kFillAfter) next_tick_ = now;  // The loop stood still: no burst.
  filling_ = false;
  const bool digits = digits_out_.busy();
  if (digits) {
    digits_were_busy_ = true;
    digits_out_.tick(sink_, now);
  } else if (std::exchange(digits_were_busy_, false)) {
    counters_.digits_out.add();
    sink_.sender().restart_talk_spurt();
    observer_.on_port_event(DigitsSent{settings_.id});
    return now;
  } else {
    std::array<int16_t, samples_for(kMaxFrame, kNarrowband)> pcm;
    const std::span<int16_t> frame = std::span(pcm).first(sink_.generated_samples());
    ringback_->generate(frame);
    sink_.play_generated(frame, now);
  }
  next_tick_ += digits && digits_out_.way() == DigitSender::Way::Events
                    ? TelephoneEventSender::kTick
                    : sink_.ptime();
  return next_tick_;
}

TimePoint MediaPort::fill(TimePoint now) {
  const bool sent = sink_.sender().has_sent();
  const TimePoint due = filling_ ? next_tick_
                        : sent   ? sink_.sender().last_sent() + kFillAfter
                                 : now;
  if (now < due) return due;
  if (!filling_ || now - next_tick_ > kFillAfter) next_tick_ = now;
  filling_ = true;
  if (sink_.sends_noise()) {  // Who takes comfort noise is told of a silence, not sent it.
    next_tick_ += sink_.play_noise(kNoNoise, true, now);
    return next_tick_;
  }
  sink_.play_silence(now);
  next_tick_ += sink_.silence_time();
  return next_tick_;
}

TimePoint MediaPort::fill_with_noise(TimePoint now) {
  if (now < next_tick_) return next_tick_;
  if (now - next_tick_ > kFillAfter) next_tick_ = now;
  next_tick_ += sink_.play_noise(*resting_, std::exchange(noise_begins_, false), now);
  return next_tick_;
}

// Aware of hold, mute and DTX: only who should send can be missed, and reports and keep-alives are
// signs of life too. Browsers are watched by ICE consent alone: one without a microphone sends
// nothing and is there.
TimePoint MediaPort::check_timeout(TimePoint now) {
  if (!settings_.fills_silence || !negotiated_ || other_ == nullptr || timed_out_) return kNever;
  if (held_ || muted_ || parameters_.remote_held || !receives(parameters_.direction)) return kNever;
  const bool patient = !receiver_.started() || peer_rests_;
  const Duration limit = settings_.media_timeout * (patient ? kPatience : 1);
  const TimePoint due = std::max(heard_, armed_) + limit;
  if (now < due) return due;
  timed_out_ = true;
  observer_.on_port_event(MediaTimedOut{settings_.id});
  return kNever;
}

}  // namespace gw::media
