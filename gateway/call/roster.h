#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>

#include "gateway/call/call_watcher.h"
#include "gateway/call/leg.h"

namespace gw {

// Tells every party of a call who the others are and who of them holds, is muted or speaks: what a
// user's app shows of a conference. Watches all calls. Owned by CallControl; signalling thread.
class Roster final : public CallWatcher {
 public:
  using NameOf = std::function<PartyName(const Call& call, const Leg& leg)>;
  explicit Roster(NameOf name_of) : name_of_(std::move(name_of)) {}

  void on_answered(Call& call) override { show(call); }
  void on_parties_changed(Call& call) override { show(call); }
  void on_leg_media(Call& call, Leg& leg, const media::MediaEvent& event) override;
  void on_key(Call&, Leg&, char) override {}
  void on_invitation_answered(Call&, InvitationId, Leg&) override {}
  void on_invitation_failed(Call&, InvitationId, const policy::HangupCause&) override {}
  void on_joined_to(Call& call, Call& into) override;
  void on_call_ended(Call& call) override { books_.erase(&call); }

 private:
  // A party is named once, by the call that it came with: who is in a call that was joined to
  // another has no name there.
  struct Known {
    uint64_t key = 0;
    PartyName name;
  };
  struct Book {
    std::map<const Leg*, Known> parties;
    std::set<const Leg*> speakers;
  };

  void show(Call& call);

  const NameOf name_of_;
  std::map<const Call*, Book> books_;
  uint64_t next_key_ = 1;
};

}  // namespace gw
