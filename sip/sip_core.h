#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/task.h"
#include "sip/forked_answers.h"
#include "sip/listeners.h"
#include "sip/sofia_loop.h"
#include "sip/sofia_ptr.h"
#include "sip/sofia_sip.h"

namespace gw::sip {

class InviteDialog;

// Every INVITE dialog by its number, those included that finish in the background after their owner
// left. Part of SipCore.
class Dialogs {
 public:
  explicit Dialogs(Gauge& open);
  ~Dialogs();

  uint64_t next_id() { return ++last_id_; }
  InviteDialog& add(std::unique_ptr<InviteDialog> dialog);
  InviteDialog* find(uint64_t id) const;
  void erase(uint64_t id);
  void clear();
  size_t size() const { return by_id_.size(); }

 private:
  Gauge& open_;
  uint64_t last_id_ = 0;
  std::unordered_map<uint64_t, std::unique_ptr<InviteDialog>> by_id_;
};

// What the agent's parts share. Owned by the agent; signalling thread.
struct SipCore {
  SipCore(SofiaLoop& l, const Clock& c, Random& r, Metrics& m, Log log_to);
  ~SipCore();

  // Runs `task` from the loop, unless the agent is gone by then.
  void post(Task task);

  SofiaLoop& loop;
  const Clock& clock;
  Random& random;
  Metrics& metrics;
  Log log;
  std::string user_agent;
  Duration min_session = 90s;
  Duration session_expires = 30min;  // Asked of peers (RFC 4028); 0 = not.
  Duration timer_c = 3min;           // RFC 3261 16.6 (11).
  Duration t1 = 500ms;

  Listeners listeners;  // Sofia's transactions point into it: it goes after the agent.
  AgentPtr agent;
  ForkedAnswers forked_answers;
  Dialogs dialogs;  // After what they use: they go first.

  // Greater than 0 while a call of an owner's is on the stack: what Sofia tells meanwhile is
  // posted, not called.
  unsigned owner_calls = 0;

  std::function<void(std::string_view method)> count_request;
  std::function<void(const char* reason)> count_refusal;
  std::function<bool(const url_t& uri)> is_ours;  // Domain or a listener: dialled here.

 private:
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// Marks that a call of an owner's is on the stack.
class OwnerCall {
 public:
  explicit OwnerCall(SipCore& core) : core_(core) { ++core_.owner_calls; }
  ~OwnerCall() { --core_.owner_calls; }
  OwnerCall(const OwnerCall&) = delete;
  OwnerCall& operator=(const OwnerCall&) = delete;

 private:
  SipCore& core_;
};

}  // namespace gw::sip
