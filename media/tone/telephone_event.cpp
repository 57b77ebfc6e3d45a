#include "media/tone/telephone_event.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "media/wire/bytes.h"

namespace gw::media {
namespace {

constexpr std::string_view kDigits = "0123456789*#ABCD!";  // RFC 4733 3.2: events 0 to 16.

// Updates come at least every 50 ms; three in a row lost means that the key is up.
constexpr Duration kSilenceEndsPress = 150ms;
// A packet of an older press is late within this time; after it, the sender's clock has jumped.
constexpr Duration kReorderWindow = 1s;
constexpr Duration kRepeatWindow = 30s;
constexpr uint32_t kMaxSegment = 0xffff;  // The duration field is full.
constexpr uint16_t kMinTicks = 2;  // 40 ms: the shortest key that detectors must take (ITU-T Q.24).
constexpr uint16_t kMaxTicks = 3000;  // A minute: nobody holds a key longer.
constexpr uint32_t kEndPackets = 3;   // RFC 4733 2.5.1.4

uint16_t ticks_of(Duration d) {
  const auto ticks = (d + TelephoneEventSender::kTick / 2) / TelephoneEventSender::kTick;
  return static_cast<uint16_t>(std::clamp<int64_t>(ticks, kMinTicks, kMaxTicks));
}

}  // namespace

std::optional<char> digit_of_event(uint8_t event) {
  if (event >= kDigits.size()) return std::nullopt;
  return kDigits[event];
}

std::optional<uint8_t> event_of_digit(char digit) {
  const char upper = digit >= 'a' && digit <= 'd' ? static_cast<char>(digit - 'a' + 'A') : digit;
  const size_t event = kDigits.find(upper);
  if (event == std::string_view::npos) return std::nullopt;
  return static_cast<uint8_t>(event);
}

std::optional<TelephoneEvent> TelephoneEvent::parse(std::span<const std::byte> payload) {
  // Longer payloads are several events in one packet or redundancy (RFC 2198 without its header);
  // the first counts.
  if (payload.size() < kTelephoneEventSize) return std::nullopt;
  const uint8_t flags = wire::get8(&payload[1]);
  return TelephoneEvent{wire::get8(&payload[0]), (flags & 0x80) != 0,
                        static_cast<uint8_t>(flags & 0x3f), wire::get16(&payload[2])};
}

std::array<std::byte, kTelephoneEventSize> TelephoneEvent::bytes() const {
  std::array<std::byte, kTelephoneEventSize> out;
  wire::put8(&out[0], event);
  wire::put8(&out[1], static_cast<uint8_t>((end ? 0x80 : 0) | (volume & 0x3f)));
  wire::put16(&out[2], duration);
  return out;
}

bool TelephoneEventReceiver::receive(const wire::RtpHeader& header,
                                     std::span<const std::byte> payload, TimePoint now) {
  const auto event = TelephoneEvent::parse(payload);
  if (!event) return false;
  const auto digit = digit_of_event(event->event);
  if (!digit) return false;
  tick(now);  // A press that fell silent ended before this packet.
  if (stale(header.timestamp, now)) {
    if (header.timestamp == last_timestamp_) last_heard_ = now;
    return true;
  }

  if (pressed_ && header.timestamp != timestamp_) {
    if (wire::timestamp_distance(header.timestamp, timestamp_) < 0) return true;  // Late.
    if (event->event == event_ && header.timestamp - timestamp_ == kMaxSegment) {
      // RFC 4733 2.5.1.3: a key held longer than the field can say goes on in a new segment.
      earlier_ += kMaxSegment;
      timestamp_ = header.timestamp;
      longest_ = 0;
    } else {
      finish();  // All its ends were lost; the next key is here.
    }
  }
  if (!pressed_) {
    pressed_ = true;
    digit_ = *digit;
    event_ = event->event;
    timestamp_ = header.timestamp;
    earlier_ = 0;
    longest_ = 0;
  }
  heard_ = now;
  if (event->event != event_) return true;  // One timestamp is one key: the first packet named it.
  longest_ = std::max<uint32_t>(longest_, event->duration);
  if (event->end) finish();
  return true;
}

void TelephoneEventReceiver::tick(TimePoint now) {
  if (pressed_ && now - heard_ >= kSilenceEndsPress) finish();
}

std::optional<KeyPress> TelephoneEventReceiver::take() {
  if (queued_ == 0) return std::nullopt;
  const KeyPress first = queue_[0];
  std::shift_left(queue_.begin(), queue_.begin() + static_cast<ptrdiff_t>(queued_), 1);
  --queued_;
  return first;
}

Duration TelephoneEventReceiver::down_for() const {
  const uint64_t units = pressed_ ? earlier_ + longest_ : 0;
  return Duration(static_cast<int64_t>(units * 1'000'000'000 / clock_rate_));
}

void TelephoneEventReceiver::reset() {
  if (pressed_) finish();
  have_last_ = false;
}

void TelephoneEventReceiver::finish() {
  const KeyPress press{digit_, down_for()};
  if (queued_ < queue_.size()) queue_[queued_++] = press;
  pressed_ = false;
  have_last_ = true;
  last_timestamp_ = timestamp_;
  last_heard_ = heard_;
}

bool TelephoneEventReceiver::stale(uint32_t timestamp, TimePoint now) const {
  if (!have_last_) return false;
  const int32_t distance = wire::timestamp_distance(timestamp, last_timestamp_);
  if (distance == 0) return now - last_heard_ < kRepeatWindow;
  return distance < 0 && now - last_heard_ < kReorderWindow;
}

bool TelephoneEventSender::queue(char digit, Duration length, Duration gap) {
  return add(digit, {0, false, ticks_of(length), ticks_of(gap), 0});
}

bool TelephoneEventSender::hold(char digit, Duration gap) {
  release(Duration{0});
  return add(digit, {0, true, kMaxTicks, ticks_of(gap), 0});
}

TelephoneEventSender::Key* TelephoneEventSender::held() {
  if (key_.held) return &key_;
  for (size_t i = 0; i < count_; ++i) {
    Key& waiting = keys_[(first_ + i) % kMaxQueued];
    if (waiting.held) return &waiting;
  }
  return nullptr;
}

void TelephoneEventSender::sustain(Duration heard) {
  if (Key* key = held()) {
    key->heard = static_cast<uint16_t>(std::clamp<int64_t>(heard / kTick, key->heard, kMaxTicks));
  }
}

bool TelephoneEventSender::add(char digit, const Key& key) {
  const auto event = event_of_digit(digit);
  if (!event || count_ == kMaxQueued) return false;
  Key& added = keys_[(first_ + count_++) % kMaxQueued];
  added = key;
  added.event = *event;
  return true;
}

void TelephoneEventSender::release(Duration length) {
  Key* key = held();
  if (key == nullptr) return;
  key->held = false;
  key->ticks = ticks_of(length);
  if (key != &key_) return;
  key_.ticks = std::max(key_.ticks, said_);
  if (elapsed_ < key_.ticks) return;
  phase_ = Phase::Ending;  // The next packet says that it was up with the last.
  elapsed_ = 0;
}

std::optional<TelephoneEventSender::Out> TelephoneEventSender::tick(uint32_t timestamp) {
  if (phase_ == Phase::Idle) {
    if (count_ == 0) return std::nullopt;
    start_next(timestamp);
  }
  ++elapsed_;
  switch (phase_) {
    case Phase::Idle: return std::nullopt;
    case Phase::Key: {
      said_ = key_.held ? std::max<uint16_t>(said_, std::min<uint16_t>(elapsed_, key_.heard + 1))
                        : elapsed_;
      if (elapsed_ < key_.ticks) return packet(false);
      key_.held = false;
      key_.ticks = said_;
      const Out out = packet(true);
      phase_ = Phase::Ending;
      elapsed_ = 1;
      return out;
    }
    case Phase::Ending: {
      const Out out = packet(true);
      if (elapsed_ < kEndPackets) return out;
      // The two repeats were sent in the pause after the key.
      phase_ = key_.gap_ticks > kEndPackets - 1 ? Phase::Gap : Phase::Idle;
      elapsed_ = kEndPackets - 1;
      return out;
    }
    case Phase::Gap:
      if (elapsed_ >= key_.gap_ticks) phase_ = Phase::Idle;
      return std::nullopt;
  }
  return std::nullopt;
}

void TelephoneEventSender::clear() {
  count_ = 0;
  key_.held = false;
  // A key that is down must come up, else the far side holds it.
  if (phase_ == Phase::Key) key_.ticks = elapsed_ + 1;
}

TelephoneEventSender::Out TelephoneEventSender::packet(bool end) {
  const uint32_t ticks = phase_ == Phase::Key ? said_ : key_.ticks;
  const uint32_t units = ticks * (clock_rate_ / 50);
  TelephoneEvent event;
  event.event = key_.event;
  // RFC 4733 2.5.1.3: the segment that is full says so once, without an end; what is left of this
  // tick is in the next packet.
  const bool full = units - earlier_ > kMaxSegment;
  event.end = end && !full;
  event.duration = static_cast<uint16_t>(full ? kMaxSegment : units - earlier_);
  const Out out{event.bytes(), phase_ == Phase::Key && elapsed_ == 1, begin_};
  if (full) {
    earlier_ += kMaxSegment;
    begin_ += kMaxSegment;
  }
  return out;
}

void TelephoneEventSender::start_next(uint32_t timestamp) {
  key_ = keys_[first_];
  first_ = (first_ + 1) % kMaxQueued;
  --count_;
  phase_ = Phase::Key;
  begin_ = timestamp;
  earlier_ = 0;
  elapsed_ = 0;
  said_ = 0;
}

}  // namespace gw::media
