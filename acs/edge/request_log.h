#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <string>

namespace gw::acs::edge {

// What a device asked and what it was told. A request that comes again, because the answer was lost
// with a socket, gets the same answer and is never carried out twice. Requests are known to the
// rest of the gateway by tickets of our own: a page that lost its memory counts its requests from 1
// again while older ones may still wait. An answer is forgotten once the device has acknowledged an
// event that left after it on the same socket: it has the answer too, then. Bounded. Owned by an
// EdgeSession.
class RequestLog {
 public:
  static constexpr uint64_t kUnproven = std::numeric_limits<uint64_t>::max();

  enum class Kind { Invite, Accept, Reject, Other };
  enum class Seen { Fresh, Pending, Answered, TooMany };
  struct Begun {
    Seen seen;
    uint32_t ticket = 0;
  };
  struct Request {
    uint32_t id = 0;  // As the device numbered it; 0 = it does not wait any more.
    Kind kind = Kind::Other;
    std::string call_id;
    bool answered = false;
    std::string answer;
    uint64_t after = kUnproven;  // It was told after this event.
  };

  Begun begin(uint32_t id);
  void describe(uint32_t ticket, Kind kind, std::string call_id);

  // nullptr: never asked, or answered before.
  const Request* waiting(uint32_t ticket) const;
  // `last_event`: what left before the answer does.
  const std::string& tell_again(uint32_t ticket, uint64_t last_event);
  void finish(uint32_t ticket, std::string answer, uint64_t last_event);
  void acknowledge(uint64_t event);
  void socket_changed();  // What the last one carried may be lost.

  // The device begins anew: nothing that it asked before is asked again.
  void begin_anew();

 private:
  void drop(size_t answered);

  std::map<uint32_t, Request> requests_;  // By ticket.
  std::map<uint32_t, uint32_t> tickets_;  // By the device's number.
  std::deque<uint32_t> answered_;         // Tickets, oldest first.
  size_t bytes_ = 0;                      // Of the answers.
  uint32_t last_ticket_ = 0;
};

}  // namespace gw::acs::edge
