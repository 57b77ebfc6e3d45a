// Keys (DTMF) of a port: those of its peer on their way to the other leg, and the other leg's to
// it.
#include <utility>

#include "media/codec/g711.h"
#include "media/path/media_port.h"

namespace gw::media {
namespace {

// Between keys that one leg pressed and another plays: no more than fast hands leave, or they would
// fall behind.
constexpr Duration kRelayedKeyGap = 40ms;
// Longer is no loss but a pause, and the key is up.
constexpr int64_t kMaxListenedGap = kNarrowband / 25;

}  // namespace

// ---- From its peer ----

void MediaPort::receive_info(const KeyPress& key, TimePoint now) {
  keys_in_.receive_info(key, other_ != nullptr && other_->hears_tones(), now);
  take_keys(nullptr, now);
  poke(now);
}

void MediaPort::receive_event(InboundAudio& event, TimePoint now) {
  keys_in_.receive_event(event.rtp.header, event.rtp.payload, now);
  take_keys(&event, now);
  sustain(KeyWay::Event);
  deadline_.at_latest(keys_in_.due());
  if (key_path_ != KeyPath::Passed || !keys_in_.event_is_new()) return;
  if (muted_ || other_ == nullptr || !other_->hears(now)) return;
  event.restarted |= std::exchange(skipped_, false);
  other_->pass_event(event, now);
}

void MediaPort::take_keys(const InboundAudio* event, TimePoint now) {
  while (const auto change = keys_in_.take()) {
    if (change->kind == KeyChange::Kind::Down) {
      key_down(*change, event, now);
    } else {
      key_up(*change, now);
    }
  }
}

void MediaPort::key_down(const KeyChange& change, const InboundAudio* event, TimePoint now) {
  key_path_ = KeyPath::Whole;
  if (muted_ || other_ == nullptr) return;
  const bool tone = change.way == KeyWay::InBand;
  const wire::NegotiatedEvents* events =
      event == nullptr ? nullptr : keys_in_.events_of(event->rtp.header.payload_type);
  if (tone ? other_->hears_tones()
           : events != nullptr && other_->hears(now) &&
                 other_->passes_events(event->codec, events->clock_rate)) {
    key_path_ = KeyPath::Passed;  // A tone in the sound, an event in its packets.
  } else if (other_->hold_key(change.key.digit, now)) {
    key_path_ = KeyPath::Live;
  }
}

void MediaPort::key_up(const KeyChange& change, TimePoint now) {
  counters_.digits_in.add();
  const bool in_band = change.way == KeyWay::InBand;
  observer_.on_port_event(
      DigitReceived{settings_.id, change.key.digit, change.key.duration, in_band});
  if (other_ == nullptr) return;
  // One key is one key: what went through is not played again. What went down comes up, muted or
  // not.
  const bool whole = change.kind == KeyChange::Kind::Whole;
  if (!whole && key_path_ == KeyPath::Live) {
    other_->release_key(change.key.duration, now);
  } else if (!muted_ && (whole || key_path_ == KeyPath::Whole)) {
    other_->press(change.key, now);
  }
}

// The key that is down on the other side too grows there as it is heard here, not by time alone: a
// source that stands still for a moment must not make it longer. Packet path.
void MediaPort::sustain(KeyWay way) {
  if (key_path_ != KeyPath::Live || muted_ || other_ == nullptr) return;
  if (const Duration heard = keys_in_.down_for(way); heard > Duration{0})
    other_->sustain_key(heard);
}

// A leg whose keys are tones. Packet path.
void MediaPort::hear(InboundAudio& audio, TimePoint now) {
  const size_t samples = listen_for_tones(audio, now);
  const bool taken_out = samples > 0 && other_ != nullptr && !other_->hears_tones();
  if (taken_out && keys_in_.tone_sounds()) {
    held_sound_->clear();  // Its beginning.
    skipped_ = true;
  }
  take_keys(nullptr, now);
  sustain(KeyWay::InBand);
  deadline_.at_latest(keys_in_.due());
  if (!taken_out) {
    release_held_sound(now);
    return carry(audio, now);
  }
  if (keys_in_.tone_sounds()) return;
  if (!held_sound_->hold(audio, duration_of(samples, kNarrowband), now)) carry(audio, now);
  deadline_.at_latest(held_sound_->due());
  release_held_sound(now);
}

// How many samples were listened to; 0 for sound that is no codec's of ours.
size_t MediaPort::listen_for_tones(const InboundAudio& audio, TimePoint now) {
  std::array<int16_t, samples_for(kMaxFrame, kNarrowband)> pcm;
  size_t size = 0;
  if (is_g711(audio.codec) && audio.rtp.payload.size() <= pcm.size()) {
    size = audio.rtp.payload.size();
    g711_decode(law_of(audio.codec), audio.rtp.payload, std::span(pcm).first(size));
  } else if (tone_decoder_ && tone_decoder_->codec() == audio.codec) {
    size = tone_decoder_->decode(audio.rtp.payload, pcm);
  }
  if (size == 0) return 0;
  const int64_t position = audio.timestamp * kNarrowband / descriptor(audio.codec).rtp_clock;
  const int64_t lost = position - listened_until_;
  if (!audio.restarted && lost > 0 && lost <= kMaxListenedGap) {
    keys_in_.skip(static_cast<size_t>(lost));
  }
  listened_until_ = position + static_cast<int64_t>(size);
  keys_in_.listen(std::span(pcm).first(size), now);
  return size;
}

void MediaPort::release_held_sound(TimePoint now) {
  if (!held_sound_) return;
  while (auto held = held_sound_->next(now)) {
    InboundAudio audio{held->packet,   held->rtp,       held->codec,
                       held->sequence, held->timestamp, held->restarted};
    carry(audio, now);
  }
}

// ---- To its peer ----

void MediaPort::send_digits(std::string_view digits, Duration length, Duration gap, TimePoint now) {
  if (!digits_out_.busy()) next_tick_ = now;
  if (hears_tones()) sink_.prepare();
  for (const char digit : digits) send_key({digit, length}, gap);
  digits_were_busy_ = true;  // So that DigitsSent comes even when nothing could be queued.
  poke(now);
}

void MediaPort::send_key(const KeyPress& key, Duration gap) {
  switch (digits_out_.way()) {
    case DigitSender::Way::Events:
    case DigitSender::Way::Tones: digits_out_.queue(key.digit, key.duration, gap); return;
    case DigitSender::Way::Info:
      observer_.on_port_event(DigitToSend{settings_.id, key.digit, key.duration});
      return;
    case DigitSender::Way::None: counters_.digits_undeliverable.add(); return;
  }
}

bool MediaPort::passes_events(Codec codec, uint32_t clock_rate) const {
  return events_out_ && passes(codec) && events_out_->clock_rate == clock_rate &&
         descriptor(codec).rtp_clock == clock_rate;
}

// Packet path.
void MediaPort::pass_event(InboundAudio& event, TimePoint now) {
  on_heard_elsewhere();
  sink_.pass(*event.packet, event.rtp, events_out_->send_payload_type, event.sequence,
             event.timestamp, event.restarted, now);
}

void MediaPort::press(const KeyPress& key, TimePoint now) {
  if (!may_send()) return;
  if (!digits_out_.busy()) next_tick_ = now;
  send_key(key, kRelayedKeyGap);
  poke(now);
}

bool MediaPort::hold_key(char digit, TimePoint now) {
  if (!may_send()) return true;  // Nobody is there to hear it.
  const bool idle = !digits_out_.busy();
  if (!digits_out_.hold(digit, kRelayedKeyGap)) return false;
  if (idle) next_tick_ = now;
  poke(now);
  return true;
}

void MediaPort::release_key(Duration length, TimePoint now) {
  digits_out_.release(length);
  poke(now);
}

}  // namespace gw::media
