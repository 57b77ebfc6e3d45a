#pragma once

#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"

namespace gw::acs::rest {

// Copies of signed requests that were performed. A signature is of a date in whole seconds: two
// equal requests of one second have one signature and both are meant, and Azure's clients sign once
// and send the very same again when they are put off or no answer comes. All of that is within a
// minute; what has the same signature later is a copy, though its date would be good for minutes
// more. With the first one's Repeatability-Request-ID it is answered from memory and does no harm.
// Bounded. Asio thread.
class Replays {
 public:
  static constexpr Duration kRepeats = 1min;  // Since the first was performed.
  // A date is good for five minutes either way.
  static constexpr Duration kRemembered = 10min;
  static constexpr size_t kMost = 50'000;  // At 200 bytes each. The oldest are forgotten first.

  // A request with this signature did what it asked for. `id`: its Repeatability-Request-ID, when
  // its API honours that; else empty.
  void performed(const std::string& signature, std::string_view id, TimePoint now);

  bool is_copy(const std::string& signature, std::string_view id, TimePoint now) const;

  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string signature, id;
    TimePoint at{};
  };

  std::list<Entry> entries_;  // Oldest first.
  std::unordered_map<std::string, std::list<Entry>::const_iterator> by_signature_;
};

}  // namespace gw::acs::rest
