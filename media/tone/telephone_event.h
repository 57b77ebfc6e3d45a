#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/clock.h"
#include "media/wire/rtp.h"

namespace gw::media {

// A key that was pressed and released. 0-9 * # A-D, and '!' for a hook flash (event 16).
struct KeyPress {
  char digit = 0;
  Duration duration{0};
};

std::optional<char> digit_of_event(uint8_t event);
std::optional<uint8_t> event_of_digit(char digit);  // Lower-case a-d too.

constexpr size_t kTelephoneEventSize = 4;

// The payload of RFC 4733 2.3.
struct TelephoneEvent {
  uint8_t event = 0;
  bool end = false;
  uint8_t volume = 10;    // -dBm0, 0..63.
  uint16_t duration = 0;  // In timestamp units.

  static std::optional<TelephoneEvent> parse(std::span<const std::byte> payload);
  std::array<std::byte, kTelephoneEventSize> bytes() const;
};

// Turns a stream of event packets into key presses: one press a timestamp, whatever is lost,
// repeated, late or without its marker. Owned by a MediaPort. No allocation. Packet path.
class TelephoneEventReceiver {
 public:
  explicit TelephoneEventReceiver(uint32_t clock_rate) : clock_rate_(clock_rate) {}

  // False when the payload is none of an event or the event no key. Then take() until it is empty.
  bool receive(const wire::RtpHeader& header, std::span<const std::byte> payload, TimePoint now);
  // Ends a press whose end packets were all lost.
  void tick(TimePoint now);
  std::optional<KeyPress> take();

  bool pressed() const { return pressed_; }  // Audio of the same source is to be ignored meanwhile.
  char digit() const { return digit_; }      // The key that is down.
  Duration down_for() const;                 // As far as was heard.
  void reset();                              // New SSRC.

 private:
  void finish();
  bool stale(uint32_t timestamp, TimePoint now) const;

  const uint32_t clock_rate_;

  bool pressed_ = false;
  char digit_ = 0;
  uint8_t event_ = 0;
  uint32_t timestamp_ = 0;  // Of the segment that is going on.
  uint64_t earlier_ = 0;    // Units in the segments before it (RFC 4733 2.5.1.3).
  uint32_t longest_ = 0;
  TimePoint heard_{};

  bool have_last_ = false;
  uint32_t last_timestamp_ = 0;  // Of the press that was reported last.
  TimePoint last_heard_{};

  std::array<KeyPress, 4> queue_{};
  size_t queued_ = 0;
};

// Plays keys as event packets, one a tick of 20 ms: same timestamp, growing duration, the end three
// times; keys longer than the duration field go on in new segments (RFC 4733 2.5.1.3). A key comes
// whole, by queue(), or while it is down, by hold(), sustain() and release(). Owned by a MediaPort.
// No allocation. Packet path.
class TelephoneEventSender {
 public:
  static constexpr size_t kMaxQueued = 64;
  static constexpr Duration kTick = 20ms;

  struct Out {
    std::array<std::byte, kTelephoneEventSize> payload;
    bool marker = false;
    uint32_t timestamp = 0;  // Of the segment's beginning; the sequence number advances by one.
  };

  explicit TelephoneEventSender(uint32_t clock_rate) : clock_rate_(clock_rate) {}

  // False: no key, or the queue is full. Lengths under 40 ms become 40, over a minute a minute.
  bool queue(char digit, Duration length, Duration gap);
  // A key that is down until release(), a minute at most; it queues behind the others. One at a
  // time: another hold() releases it.
  bool hold(char digit, Duration gap);
  // The held key is known to have been down this long. Its duration grows a tick beyond what is
  // known and no further: when its source stands still, it is said again as it is.
  void sustain(Duration heard);
  // It was down this long; a key that was played longer by then ends at once. Nothing when no key
  // is held.
  void release(Duration length);
  // Once each 20 ms with the stream's timestamp of now; what to send, if anything. Nothing in a
  // gap.
  std::optional<Out> tick(uint32_t timestamp);

  bool idle() const {
    return count_ == 0 && phase_ == Phase::Idle;
  }                                      // The queue ran dry and the last gap is over.
  bool busy() const { return !idle(); }  // Audio is to be held back.
  void clear();

 private:
  enum class Phase { Idle, Key, Ending, Gap };
  struct Key {
    uint8_t event = 0;
    bool held = false;       // `ticks` is not known yet.
    uint16_t ticks = 0;      // How long it is down.
    uint16_t gap_ticks = 0;  // The pause after it, the repeated ends included.
    uint16_t heard = 0;      // Ticks that a held key is known to have been down.
  };

  Key* held();
  bool add(char digit, const Key& key);
  Out packet(bool end);
  void start_next(uint32_t timestamp);

  const uint32_t clock_rate_;

  std::array<Key, kMaxQueued> keys_{};
  size_t first_ = 0, count_ = 0;

  Phase phase_ = Phase::Idle;
  Key key_;
  uint32_t begin_ = 0;    // Timestamp of the segment.
  uint32_t earlier_ = 0;  // Units in the segments before it.
  uint16_t elapsed_ = 0;  // Ticks in the phase.
  uint16_t said_ = 0;     // Of the key's ticks.
};

}  // namespace gw::media
