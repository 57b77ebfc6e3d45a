#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "media/tone/telephone_event.h"

namespace gw::media {

// Finds DTMF keys in 8 kHz sound, to the limits of ITU-T Q.24: SpanDSP's Goertzel filters hear,
// rules of ours decide. Owned by a MediaPort whose phone has no telephone-event; about 1 us a
// frame. No allocation after construction.
class DtmfDetector {
 public:
  DtmfDetector();
  ~DtmfDetector();
  DtmfDetector(const DtmfDetector&) = delete;
  DtmfDetector& operator=(const DtmfDetector&) = delete;

  void push(std::span<const int16_t> pcm);  // Packet path. Then take() until it is empty.
  std::optional<KeyPress> take();           // Once per key, when it ended.
  // Sound that was lost: the key goes on, and so does time.
  void skip(size_t samples);  // Packet path.
  // Its sound does not go on: a key that is down was as long as was heard.
  void end();  // Packet path.
  bool pressed() const { return digit() != 0; }
  char digit() const;         // The key that is down, 0 = none.
  Duration down_for() const;  // As far as was heard.

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gw::media
