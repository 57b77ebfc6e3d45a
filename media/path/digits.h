#pragma once

#include <array>
#include <memory>
#include <optional>

#include "media/path/audio_sink.h"
#include "media/tone/dtmf_generator.h"
#include "media/tone/telephone_event.h"
#include "media/wire/offer_answer.h"

namespace gw::media {

// Keys toward one leg's peer: RFC 4733 when it was agreed, else tones in the sound, as its DtmfMode
// allows. Owned by a MediaPort, which calls tick() every 20 ms (events) or every frame (tones)
// while busy; audio of the other leg is held back meanwhile. Its worker's thread. No allocation
// after negotiate().
class DigitSender {
 public:
  enum class Way {
    Events,  // RFC 4733
    Tones,   // In the sound.
    Info,    // By the owner of the port: signalling carries them.
    None,    // The peer cannot be told.
  };

  explicit DigitSender(DtmfMode mode = DtmfMode::Auto) : mode_(mode) {}

  // After each negotiation; what was queued is lost only when the way of sending changed.
  void negotiate(const std::optional<wire::NegotiatedEvents>& events);

  Way way() const;
  bool queue(char digit, Duration length, Duration gap);  // Events and tones.
  // A key that is down, until release() says how long it was. False where keys go whole.
  bool hold(char digit, Duration gap);
  // So long it is down for certain; an event grows no further. A tone cannot wait for more.
  void sustain(Duration heard);
  void release(Duration length);
  bool busy() const;
  void tick(AudioSink& sink, TimePoint now);  // Packet path.
  void clear();  // At once: a key that is down ends at the peer because nothing more is said of it.

 private:
  const DtmfMode mode_;
  std::optional<wire::NegotiatedEvents> events_;
  std::unique_ptr<TelephoneEventSender> sender_;
  struct Tones {
    DtmfGenerator generator;
    std::array<int16_t, samples_for(AudioSink::kMaxPtime, kNarrowband)> pcm;
  };
  std::unique_ptr<Tones> tones_;  // Where keys are tones.
};

// Keys from one leg's peer by RFC 4733, at each clock that was agreed. Owned by a MediaPort.
class DigitReceiver {
 public:
  void set_events(const std::vector<wire::NegotiatedEvents>& events);

  // Null when the payload type is none of telephone-event.
  const wire::NegotiatedEvents* events_of(uint8_t payload_type) const;
  void receive(const wire::RtpHeader& header, std::span<const std::byte> payload,
               TimePoint now);     // Packet path.
  void tick(TimePoint now);        // Ends keys whose end was lost.
  std::optional<KeyPress> take();  // Until it is empty.
  bool pressed() const { return pressed_digit() != 0; }
  char pressed_digit() const;  // 0 = none.
  Duration down_for() const;   // Of that key, as far as was heard.
  bool any() const { return count_ > 0; }
  void reset();

 private:
  static constexpr size_t kMaxClocks = 2;  // 8000 and, from browsers, 48000.

  struct Line {
    wire::NegotiatedEvents events;
    std::optional<TelephoneEventReceiver> receiver;
  };
  const TelephoneEventReceiver* pressed_one() const;

  std::array<Line, kMaxClocks> lines_;
  size_t count_ = 0;
};

}  // namespace gw::media
