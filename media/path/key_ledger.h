#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace gw::media {

enum class KeyWay : uint8_t { Event, Info, InBand };

// Some phones say one key in several ways: a tone in the sound and SIP INFO, or RFC 4733 and SIP
// INFO. The first way to say it counts; the others are paired with it, one each, so that the same
// key pressed twice is two keys. Owned by a KeyInput. No allocation. Packet path.
class KeyLedger {
 public:
  // An INFO may come when the key goes up, and be sent again after 500 ms.
  static constexpr Duration kSameKey = 1500ms;

  // A key is said, this way, for the first time; true when no other way has said it already.
  bool is_new(char digit, KeyWay way, TimePoint now);

 private:
  struct Entry {
    char digit = 0;
    uint8_t ways = 0;  // A bit for each that has said it.
    TimePoint at{};
  };
  std::array<Entry, 16> entries_{};  // The newest; twenty keys a second is faster than hands.
  size_t next_ = 0;
};

}  // namespace gw::media
