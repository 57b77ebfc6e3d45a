#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/random.h"
#include "gateway/call/call.h"
#include "gateway/call/call_watcher.h"
#include "sip/line_dialog.h"

namespace gw {

// Who rings, is rung and talks at each phone and user: what phones that watch them are told (BLF),
// and what an INVITE with Replaces may name. Watches all calls. Owned by CallControl; signalling
// thread.
class LineState final : public CallWatcher {
 public:
  // How a party is shown to phones: what its presentation allows. No user = not at all.
  struct Shown {
    std::string user, host, display;
    bool operator==(const Shown&) const = default;
  };
  struct House {
    std::function<Shown(const Call& call, const Leg& leg, const policy::Routed* rung_by)> shown;
    std::function<Shown(const policy::Presentation& caller)> caller;  // Of a call to a phone.
    std::function<void(const std::string& key)> changed;
  };

  LineState(Random& random, House house) : random_(random), house_(std::move(house)) {}

  // "phone:101" or "user:alice"; none for others, who are no line of ours.
  static std::string key_of(const policy::Party& party);
  std::vector<sip::LineDialog> dialogs(std::string_view key) const;

  // The leg that Replaces names in words that dialogs() gave away.
  struct Named {
    Call* call = nullptr;
    Leg* leg = nullptr;
    bool over = false;  // There was one.
  };
  Named find(const std::string& call_id, const std::string& one_tag,
             const std::string& other_tag) const;

  void on_ringing_changed(Call& call) override { update(call); }
  void on_leg_rings(Call& call, Leg& leg) override;
  void on_answered(Call& call) override { update(call); }
  void on_parties_changed(Call& call) override { update(call); }
  void on_leg_media(Call&, Leg&, const media::MediaEvent&) override {}
  void on_key(Call&, Leg&, char) override {}
  void on_invitation_answered(Call& call, InvitationId, Leg&) override { update(call); }
  void on_invitation_failed(Call& call, InvitationId, const policy::HangupCause&) override {
    update(call);
  }
  void on_joined_to(Call& call, Call& into) override;
  void on_call_ended(Call& call) override { forget(call); }

 private:
  struct Entry {
    Leg* leg = nullptr;
    std::string key;  // Empty: no line of ours, but somebody whom a line talks with.
    Shown shown;
    bool rang = false;
    sip::LineDialog dialog;
  };
  using Entries = std::vector<Entry>;

  void update(Call& call);
  void forget(Call& call);
  Entries now(Call& call);
  Entry entry_of(Call& call, Leg& leg, const policy::Routed* rung_by);
  void leave_line(const Entry& entry, const Call& call);
  void remember_ended(const Entry& entry);

  Random& random_;
  const House house_;
  std::map<const Call*, Entries> calls_;
  std::map<std::string, std::set<const Call*>, std::less<>> by_key_;
  std::unordered_map<std::string, Call*> by_dialog_;
  std::deque<std::string> ended_;
};

}  // namespace gw
