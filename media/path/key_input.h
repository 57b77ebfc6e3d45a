#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>

#include "media/path/digits.h"
#include "media/path/key_ledger.h"
#include "media/tone/dtmf_detector.h"

namespace gw::media {

// What a key of the peer did. A key goes down and up; one whose beginning was not seen, or that
// came by SIP INFO, comes whole.
struct KeyChange {
  enum class Kind { Down, Up, Whole };
  Kind kind = Kind::Whole;
  KeyWay way = KeyWay::Event;
  KeyPress key;  // The duration when it went up.
};

// The keys of one leg's peer, each once and in order, whichever way it says them: RFC 4733, SIP
// INFO, tones in its sound. Owned by a MediaPort; its worker's thread. No allocation after
// negotiate().
class KeyInput {
 public:
  // How long a key by INFO waits for its tone, where the tone goes on in the sound: a phone that
  // says both is heard once.
  static constexpr Duration kToneFollows = 300ms;
  // A tone of which nothing more comes, not even late, is over.
  static constexpr Duration kToneStops = 500ms;

  // After each negotiation: what telephone-events come, and whether tones are listened for.
  // A key that is down in a way that is no more is up. Then take() until it is empty.
  void negotiate(const std::vector<wire::NegotiatedEvents>& events, bool listens, TimePoint now);

  // Null when the payload type is none of telephone-event.
  const wire::NegotiatedEvents* events_of(uint8_t payload_type) const {
    return events_.events_of(payload_type);
  }
  // Packet path, all of these. Then take() until it is empty.
  void receive_event(const wire::RtpHeader& header, std::span<const std::byte> payload,
                     TimePoint now);
  void listen(std::span<const int16_t> pcm, TimePoint now);  // 8 kHz.
  void skip(size_t samples);                                 // Sound that was lost.
  // `tone_goes_on` says that the other side is to hear a tone in the sound as it is.
  void receive_info(const KeyPress& key, bool tone_goes_on, TimePoint now);
  void tick(TimePoint now);
  std::optional<KeyChange> take();

  bool listens() const { return detector_ != nullptr; }
  bool tone_sounds() const { return detector_ && detector_->pressed(); }
  Duration down_for(KeyWay way) const;  // A key that is down, as far as was heard.
  // The event packets of now are of a key that was not said in another way before.
  bool event_is_new() const { return event_is_new_; }
  TimePoint due() const;  // Of the next tick(); kNever while no key is under way.
  void reset();           // New SSRC.

 private:
  struct Down {
    char digit = 0;  // 0 = none.
    bool is_new = false;
  };
  struct Waiting {
    KeyPress key;
    TimePoint until{};
  };

  void collect_events(TimePoint now);
  void collect_tones(TimePoint now);
  void key_down(Down& down, char digit, KeyWay way, TimePoint now);
  void key_up(Down& down, const KeyPress& key, KeyWay way, TimePoint now);
  void tell(const KeyChange& change);

  DigitReceiver events_;
  std::unique_ptr<DtmfDetector> detector_;
  KeyLedger ledger_;

  Down event_down_, tone_down_;
  bool event_is_new_ = true;
  TimePoint event_due_ = kNever, tone_due_ = kNever;
  std::array<Waiting, 4> infos_{};
  size_t info_count_ = 0;
  std::array<KeyChange, 8> changes_{};  // Taken after every input.
  size_t change_count_ = 0;
};

}  // namespace gw::media
