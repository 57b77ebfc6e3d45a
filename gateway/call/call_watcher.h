#pragma once

#include "base/ids.h"
#include "gateway/policy/hangup_cause.h"
#include "media/engine/media_engine.h"

namespace gw {

class Call;
class Leg;
enum class EndedBy;

using InvitationId = Id<struct InvitationTag>;  // A party that is rung beside those who talk.

// Who watches a call beside its parties: an application that drives it. Signalling thread; told
// last, when the call has done what there was to do, so that it may be asked for more from inside.
class CallWatcher {
 public:
  virtual ~CallWatcher() = default;
  virtual void on_ringing_changed(Call&) {}         // Somebody is rung, or not any more.
  virtual void on_leg_rings(Call&, Leg&) {}         // Its party was reached, and may answer.
  virtual void on_answered(Call& call) = 0;         // Its parties talk from now on.
  virtual void on_parties_changed(Call& call) = 0;  // Somebody came, left, or is held or muted.
  virtual void on_leg_media(Call& call, Leg& leg, const media::MediaEvent& event) = 0;
  virtual void on_key(Call& call, Leg& leg, char key) = 0;
  virtual void on_invitation_answered(Call& call, InvitationId invitation, Leg& leg) = 0;
  virtual void on_invitation_failed(Call& call, InvitationId invitation,
                                    const policy::HangupCause& cause) = 0;
  virtual void on_joined_to(Call& call, Call& into) = 0;  // Its parties are that call's now.
  virtual void on_call_ended(Call& call) = 0;             // The last.
};

}  // namespace gw
