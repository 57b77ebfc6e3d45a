#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

namespace gw::acs::edge {

// What a device asked and what it was told. A request that comes again, because the answer was lost
// with a socket, gets the same answer and is never carried out twice. Bounded. Owned by an
// EdgeSession.
class RequestLog {
 public:
  enum class Kind { Invite, Accept, Reject, Other };
  struct Pending {
    Kind kind = Kind::Other;
    std::string call_id;
  };
  enum class Seen { Fresh, Pending, Answered, TooMany };

  Seen begin(uint32_t id);
  void describe(uint32_t id, Pending what);
  std::string call_of(uint32_t id) const;
  const std::string& answer(uint32_t id) const { return entries_.at(id).answer; }

  // Remembers the answer to a request that waits for one; nullopt when none does.
  std::optional<Pending> finish(uint32_t id, std::string answer);

  // The device begins anew and may number its requests from 1 again. Those that wait keep their
  // number until answered.
  void forget_answers();

 private:
  struct Entry {
    Pending what;
    bool answered = false;
    std::string answer;
  };
  void drop_oldest();

  std::map<uint32_t, Entry> entries_;
  std::deque<uint32_t> answered_;  // Oldest first.
  size_t bytes_ = 0;               // Of the answers.
};

}  // namespace gw::acs::edge
