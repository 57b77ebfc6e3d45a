#pragma once

#include "gateway/call/call_watcher.h"
#include "gateway/call/leg.h"

namespace gw {

// One of two parties gives its place to somebody else (RFC 5589): who goes, who stays, who is rung
// for it, and how far it is. Whoever asks, by REFER, in a browser or on the command line, it is
// this. Owned by the Call, which does what follows; signalling thread.
class Transfer {
 public:
  enum class State { Trying, Ringing, Done, Failed };

  Transfer(InvitationId invitation, Leg& transferor, Leg& transferee)
      : invitation_(invitation), transferor_(&transferor), transferee_(&transferee) {}

  InvitationId invitation() const { return invitation_; }
  // Null once it hung up: it need not wait for the outcome.
  Leg* transferor() const { return left_ ? nullptr : transferor_; }
  Leg& transferee() const { return *transferee_; }
  bool waits_alone() const { return left_ && !is_over(); }
  bool is_over() const { return state_ == State::Done || state_ == State::Failed; }

  // Each step is told to the transferor once, in order, also after it hung up (RFC 5589 6.1);
  // nothing follows the last.
  void begin();
  void rings();
  void done();
  void fail(const policy::HangupCause& cause);
  void transferor_left() { left_ = true; }

 private:
  void move_to(State state, const policy::HangupCause& cause = {});

  const InvitationId invitation_;
  Leg* const transferor_;
  Leg* const transferee_;
  State state_ = State::Trying;
  bool left_ = false;
};

}  // namespace gw
