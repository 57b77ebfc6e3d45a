#include "media/path/digits.h"

#include <algorithm>

namespace gw::media {

void DigitSender::negotiate(const std::optional<wire::NegotiatedEvents>& events) {
  const bool same_clock = events && events_ && events->clock_rate == events_->clock_rate;
  events_ = events;
  if (!events_) {
    sender_.reset();
  } else if (!same_clock) {
    sender_ = std::make_unique<TelephoneEventSender>(events_->clock_rate);
  }
  if (way() != Way::Tones) {
    tones_.reset();
  } else if (!tones_) {
    tones_ = std::make_unique<Tones>();
  }
}

DigitSender::Way DigitSender::way() const {
  if (mode_ == DtmfMode::Info) return Way::Info;
  if (sender_) return Way::Events;
  return mode_ == DtmfMode::Rfc4733 ? Way::None : Way::Tones;
}

bool DigitSender::queue(char digit, Duration length, Duration gap) {
  switch (way()) {
    case Way::Events: return sender_->queue(digit, length, gap);
    case Way::Tones: return tones_ && tones_->generator.queue(digit, length, gap);
    case Way::Info:
    case Way::None: return false;
  }
  return false;
}

bool DigitSender::hold(char digit, Duration gap) {
  switch (way()) {
    case Way::Events: return sender_->hold(digit, gap);
    case Way::Tones: return tones_ && tones_->generator.hold(digit, gap);
    case Way::Info:
    case Way::None: return false;
  }
  return false;
}

void DigitSender::sustain(Duration heard) {
  if (sender_) sender_->sustain(heard);
}

void DigitSender::release(Duration length) {
  if (sender_) sender_->release(length);
  if (tones_) tones_->generator.release(length);
}

bool DigitSender::busy() const {
  return sender_ ? sender_->busy() : tones_ && !tones_->generator.idle();
}

void DigitSender::tick(AudioSink& sink, TimePoint now) {
  if (!sender_) {
    if (!tones_) return;
    const std::span<int16_t> frame = std::span(tones_->pcm).first(sink.generated_samples());
    if (tones_->generator.generate(frame)) sink.play_generated(frame, now);
    return;
  }
  const uint32_t clock = sink.sender().clock();
  const uint32_t timestamp = sink.sender().generated_timestamp(clock / 50, now);
  if (const auto out = sender_->tick(timestamp)) {
    sink.send_event(out->payload, events_->send_payload_type, out->marker, out->timestamp, now);
  }
}

void DigitSender::clear() {
  if (sender_) sender_ = std::make_unique<TelephoneEventSender>(events_->clock_rate);
  if (tones_) tones_->generator.clear();
}

void DigitReceiver::set_events(const std::vector<wire::NegotiatedEvents>& events) {
  count_ = 0;
  for (const wire::NegotiatedEvents& e : events) {
    if (count_ == kMaxClocks) return;
    Line& line = lines_[count_++];
    const bool same = line.receiver && line.events.clock_rate == e.clock_rate;
    line.events = e;
    if (!same) line.receiver.emplace(e.clock_rate);
  }
}

const wire::NegotiatedEvents* DigitReceiver::events_of(uint8_t payload_type) const {
  for (size_t i = 0; i < count_; ++i) {
    if (lines_[i].events.receive_payload_type == payload_type) return &lines_[i].events;
  }
  return nullptr;
}

void DigitReceiver::receive(const wire::RtpHeader& header, std::span<const std::byte> payload,
                            TimePoint now) {
  for (size_t i = 0; i < count_; ++i) {
    if (lines_[i].events.receive_payload_type == header.payload_type) {
      lines_[i].receiver->receive(header, payload, now);
      return;
    }
  }
}

void DigitReceiver::tick(TimePoint now) {
  for (size_t i = 0; i < count_; ++i) lines_[i].receiver->tick(now);
}

std::optional<KeyPress> DigitReceiver::take() {
  for (size_t i = 0; i < count_; ++i) {
    if (auto key = lines_[i].receiver->take()) return key;
  }
  return std::nullopt;
}

const TelephoneEventReceiver* DigitReceiver::pressed_one() const {
  for (size_t i = 0; i < count_; ++i) {
    if (lines_[i].receiver->pressed()) return &*lines_[i].receiver;
  }
  return nullptr;
}

char DigitReceiver::pressed_digit() const {
  const TelephoneEventReceiver* receiver = pressed_one();
  return receiver == nullptr ? '\0' : receiver->digit();
}

Duration DigitReceiver::down_for() const {
  const TelephoneEventReceiver* receiver = pressed_one();
  return receiver == nullptr ? Duration{0} : receiver->down_for();
}

void DigitReceiver::reset() {
  for (size_t i = 0; i < count_; ++i) lines_[i].receiver->reset();
}

}  // namespace gw::media
