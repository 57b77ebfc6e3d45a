#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "base/clock.h"
#include "base/ids.h"
#include "sip/sofia_ptr.h"

namespace gw::sip {

struct SipCore;

// 2xx answers to an INVITE of ours that found its answer already: another fork picked up too, or
// one so late that the transaction is gone. Each is acknowledged and ended at once (RFC
// 3261 13.2.2.4). Only for tags that we gave: anything else would let a stranger make us send. Part
// of SipCore; signalling thread.
class ForkedAnswers {
 public:
  ForkedAnswers(SipCore& core, const Clock& clock) : core_(core), clock_(clock) {}
  ~ForkedAnswers();

  void expect(const std::string& local_tag) { ours_.insert(local_tag); }
  void forget_later(
      const std::string& local_tag);  // 64*T1 after the dialog, when no answer can be under way.

  void on_answer(msg_t& message, const sip_t& response);
  size_t ending() const { return byes_.size(); }

 private:
  struct Fork {
    LegPtr leg;
    OutgoingPtr bye;
    ForkedAnswers* owner = nullptr;
    uint64_t id = 0;
  };

  void forget();
  void on_bye_response(uint64_t id, const sip_t* response);

  SipCore& core_;
  const Clock& clock_;
  std::unordered_set<std::string> ours_;
  std::deque<std::pair<TimePoint, std::string>> forgetting_;
  TimerId next_{};  // Set while anything is to be forgotten.
  std::unordered_map<uint64_t, Fork> byes_;
  uint64_t last_id_ = 0;
};

}  // namespace gw::sip
