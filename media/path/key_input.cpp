#include "media/path/key_input.h"

#include <algorithm>
#include <utility>

namespace gw::media {
namespace {

constexpr Duration kEventTick = 100ms;  // To notice that the end of an event was lost.

}  // namespace

void KeyInput::negotiate(const std::vector<wire::NegotiatedEvents>& events, bool listens,
                         TimePoint now) {
  const KeyPress event{event_down_.digit, events_.down_for()};
  events_.set_events(events);
  if (event.digit != 0 && !events_.pressed()) key_up(event_down_, event, KeyWay::Event, now);
  collect_events(now);
  if (!listens && detector_) {
    detector_->end();
    collect_tones(now);
    detector_.reset();
  } else if (listens && !detector_) {
    detector_ = std::make_unique<DtmfDetector>();
  }
}

void KeyInput::receive_event(const wire::RtpHeader& header, std::span<const std::byte> payload,
                             TimePoint now) {
  events_.receive(header, payload, now);
  collect_events(now);
}

void KeyInput::collect_events(TimePoint now) {
  while (const auto key = events_.take()) key_up(event_down_, *key, KeyWay::Event, now);
  const char digit = events_.pressed_digit();
  if (digit != 0 && event_down_.digit == 0) {
    key_down(event_down_, digit, KeyWay::Event, now);
    event_is_new_ = event_down_.is_new;
  }
  event_due_ = digit != 0 ? now + kEventTick : kNever;
}

void KeyInput::listen(std::span<const int16_t> pcm, TimePoint now) {
  if (!detector_) return;
  detector_->push(pcm);
  collect_tones(now);
}

void KeyInput::skip(size_t samples) {
  if (detector_) detector_->skip(samples);
}

void KeyInput::collect_tones(TimePoint now) {
  while (const auto key = detector_->take()) key_up(tone_down_, *key, KeyWay::InBand, now);
  if (detector_->pressed() && tone_down_.digit == 0) {
    key_down(tone_down_, detector_->digit(), KeyWay::InBand, now);
  }
  tone_due_ = tone_sounds() ? now + kToneStops : kNever;
}

Duration KeyInput::down_for(KeyWay way) const {
  if (way == KeyWay::Event) return events_.down_for();
  return detector_ ? detector_->down_for() : Duration{0};
}

void KeyInput::receive_info(const KeyPress& key, bool tone_goes_on, TimePoint now) {
  if (listens() && tone_goes_on && info_count_ < infos_.size()) {
    infos_[info_count_++] = {key, now + kToneFollows};
    return;
  }
  Down none;
  key_up(none, key, KeyWay::Info, now);
}

void KeyInput::tick(TimePoint now) {
  events_.tick(now);
  collect_events(now);
  if (now >= tone_due_) {
    detector_->end();
    collect_tones(now);
  }
  while (info_count_ > 0 && now >= infos_[0].until) {
    Down none;
    key_up(none, infos_[0].key, KeyWay::Info, now);
    std::shift_left(infos_.begin(), infos_.begin() + static_cast<ptrdiff_t>(info_count_--), 1);
  }
}

TimePoint KeyInput::due() const {
  const TimePoint down = std::min(event_due_, tone_due_);
  return info_count_ > 0 ? std::min(down, infos_[0].until) : down;
}

std::optional<KeyChange> KeyInput::take() {
  if (change_count_ == 0) return std::nullopt;
  const KeyChange first = changes_[0];
  std::shift_left(changes_.begin(), changes_.begin() + static_cast<ptrdiff_t>(change_count_--), 1);
  return first;
}

void KeyInput::reset() {
  events_.reset();
}

void KeyInput::key_down(Down& down, char digit, KeyWay way, TimePoint now) {
  down = {digit, ledger_.is_new(digit, way, now)};
  if (down.is_new) tell({KeyChange::Kind::Down, way, {digit, Duration{0}}});
}

void KeyInput::key_up(Down& down, const KeyPress& key, KeyWay way, TimePoint now) {
  const bool whole = down.digit == 0;
  const bool is_new = whole ? ledger_.is_new(key.digit, way, now) : down.is_new;
  down = {};
  if (way == KeyWay::Event) event_is_new_ = is_new;
  if (is_new) tell({whole ? KeyChange::Kind::Whole : KeyChange::Kind::Up, way, key});
}

void KeyInput::tell(const KeyChange& change) {
  if (change_count_ < changes_.size()) changes_[change_count_++] = change;
}

}  // namespace gw::media
