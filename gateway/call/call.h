#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/log.h"
#include "gateway/call/call_watcher.h"
#include "gateway/call/hold_music.h"
#include "gateway/call/hunt.h"
#include "gateway/call/leg.h"
#include "gateway/call/services.h"
#include "gateway/call/transfer.h"
#include "gateway/config/config.h"
#include "gateway/policy/router.h"

namespace gw {

class Call;

enum class CallState {
  Routing,    // Looking for somebody to ring.
  Ringing,    // At least one target leg is out.
  Answering,  // A user accepted; its media comes up before the caller hears 200.
  Talking,
  Ended,  // Legs are told; waiting for the last figures of its media.
};
std::string_view to_string(CallState state);

// Who ended a call, for CDR and log.
enum class EndedBy { Caller, Callee, Gateway, Operator };
std::string_view to_string(EndedBy by);

// Of one call, those that left included: their legs stay with it.
inline constexpr size_t kMaxGuests = 256;

// What a Call needs of its owner. Signalling thread.
class CallOwner {
 public:
  virtual ~CallOwner() = default;
  // The legs that reach a party: one per registered device of a phone, one for a user, one for a
  // trunk.
  virtual tl::expected<std::vector<std::unique_ptr<Leg>>, policy::HangupCause> legs_for(
      Call& call, const policy::Routed& routed, const policy::Party& party) = 0;
  virtual void on_port_opened(Call& call, PortId port) = 0;
  // A party asks for a transfer: Call::transfer, Call::take_over, or Leg::on_transfer(Failed)
  // follows.
  virtual void on_transfer_wanted(Call& call, Leg& leg, const TransferRequest& request) = 0;
  virtual PartyName name_of(const Call& call,
                            const Leg& leg) const = 0;  // As others in the call see it.
  virtual void on_call_finished(
      Call& call) = 0;  // The last thing a call does: it may be destroyed after this returns.
};

// A call: the party that called, the parties that ring, the one that answered; one state machine
// for every direction and network, and one end(). Owned by the CallRegistry; signalling thread.
class Call final : public LegObserver {
 public:
  struct Times {
    WallTime started{}, answered{}, ended{};
  };

  Call(Services& services, CallOwner& owner, config::Snapshot config, CallId id,
       policy::Routed routed, Log log);
  ~Call() override;

  // The caller's leg has been prepared. Rings the first rank.
  void begin(std::unique_ptr<Leg> caller);

  // The caller's leg could not be prepared (no common codec, no port): ended and recorded like
  // every call.
  void begin_refused(std::unique_ptr<Leg> caller, const policy::HangupCause& cause);

  // An application places the call: it is a party from the start, and talks with whom it invites.
  void begin_by_application(std::unique_ptr<Leg> application);

  // Rings a party beside those who talk; it is one of them when it answers. The watchers hear what
  // became of it, never before this returns. `timeout` 0: [calls] ring_timeout.
  InvitationId invite(policy::Routed routed, Duration timeout);
  bool cancel(InvitationId invitation);  // False: there is none such any more.

  // One more party that is there already: an application that connects.
  void admit(std::unique_ptr<Leg> leg);

  // While it rings: another way to go than the one that rings now. False: it rings no more, or was
  // sent around too often.
  bool redirect(policy::Routed routed);

  // Of those who talk: hung up by us; not heard any more; kept apart, or again with the others.
  void drop(Leg& leg, const policy::HangupCause& cause);
  void mute(Leg& leg);
  void set_apart(Leg& leg, bool apart);
  // A port beside those of the parties that takes part in the conversation: a media stream of an
  // application. Its owner detaches it before it goes.
  void attach(PortId port);
  void detach(PortId port);
  bool is_muted(const Leg& leg) const { return muted_.contains(&leg); }
  bool is_apart(const Leg& leg) const { return apart_.contains(&leg); }

  void watch(CallWatcher& watcher) { watchers_.push_back(&watcher); }
  void unwatch(CallWatcher& watcher) { std::erase(watchers_, &watcher); }

  // Every end comes here and acts once: the legs, the media, the record, the registry.
  void end(const policy::HangupCause& cause, EndedBy by);

  // The parties of `other`, which talks as this one does, become parties of this call: a
  // conference. `other` is over for its record; its owner destroys it.
  void take_in(Call& other) { take_in(other, nullptr); }

  // One of two gives its place to whom `routed` reaches, and leaves when that one answers; should
  // it hang up before, the other waits. Only when may_transfer.
  bool may_transfer(const Leg& transferor) const;
  void transfer(Leg& transferor, policy::Routed routed);
  // `mine` and `theirs` are one party in two calls of two: those whom it talked with talk with each
  // other, here. `from` is over as with take_in.
  void take_over(Leg& mine, Call& from, Leg& theirs);
  // Somebody who calls answers in the place of one that is rung, or goes on in the place of one
  // that talks. An error: that one cannot be replaced now; nothing became of the leg.
  tl::expected<void, policy::HangupCause> pick_up(Leg& rung, std::unique_ptr<Leg>& by);
  tl::expected<void, policy::HangupCause> replace(Leg& talks, std::unique_ptr<Leg>& by);

  void on_media(const media::MediaEvent& event);  // Of one of its ports.

  const CallId& id() const { return id_; }
  CallState state() const { return state_; }
  SessionId session() const { return session_; }
  const policy::Dialled& dialled() const { return routed_.dialled; }
  const policy::Decision& decision() const { return routed_.decision; }
  const config::Config& config() const { return *config_; }
  const Times& times() const { return times_; }
  const policy::HangupCause& cause() const { return cause_; }
  EndedBy ended_by() const { return ended_by_; }
  const Log& log() const { return log_; }
  Leg* caller() const { return caller_.get(); }
  Leg* callee() const { return callee_; }  // Who answered, or rang last.
  const std::vector<std::unique_ptr<Leg>>& targets() const { return targets_; }
  // Came with other calls.
  const std::vector<std::unique_ptr<Leg>>& guests() const { return guests_; }
  // The parties, once it was answered.
  const std::vector<Leg*>& talking() const { return talking_; }
  // Who sent it on.
  const std::vector<policy::Forward>& forwards() const { return hunt_.forwards(); }
  // The call that took this one in.
  const std::optional<CallId>& joined_to() const { return joined_to_; }
  // Who answered or was rung last, who called, and who came with other calls: all that the record
  // is about.
  std::vector<const Leg*> parties() const;
  bool involves(const policy::Party& party) const;
  bool is_active(const Leg& leg) const;  // Rings or talks.
  struct Rung {
    Leg* leg = nullptr;
    const policy::Routed* by = nullptr;  // Why it is.
  };
  std::vector<Rung> ringing() const;                // Who is being rung now.
  media::PortStats final_stats(PortId port) const;  // Once it ended.

 private:
  // LegObserver
  void on_ringing(Leg& leg) override;
  void on_early_media(Leg& leg) override;
  void on_delayed(Leg& leg, int status) override;
  void on_answered(Leg& leg) override;
  void on_media_ready(Leg& leg) override;
  void on_hold(Leg& leg, bool on) override;
  void on_digits(Leg& leg, std::string_view digits, Duration length, Duration gap) override;
  void on_transfer_wanted(Leg& leg, const TransferRequest& request) override;
  void on_ended(Leg& leg, const policy::HangupCause& cause) override;

  struct Invitation {
    InvitationId id;
    Hunt hunt;
    Duration timeout{};
    std::vector<Leg*> ringing{};
    policy::HangupCause failure{};
    bool failed = false;  // Somebody was tried: `failure` is theirs.
    TimerId timer{};
    void note(const policy::HangupCause& cause);
    void note(const policy::Party& party, const policy::HangupCause& cause);
  };
  using Invitations = std::list<Invitation>;

  void try_next_rank();
  void start_rank();
  tl::expected<bool, policy::HangupCause> send_on(Hunt& hunt, policy::ForwardReason reason);
  tl::expected<bool, policy::HangupCause> send_on_after_failure(Hunt& hunt);
  Duration ring_time(const Hunt& hunt, Duration wanted) const;
  tl::expected<void, policy::HangupCause> start_leg(Leg& leg);
  Invitations::iterator find(InvitationId id);
  Invitations::iterator invitation_of(const Leg& leg);
  void try_next_rank(Invitations::iterator invitation);
  void on_invitation_answered(Invitations::iterator invitation, Leg& leg);
  void on_invitation_timeout(InvitationId id);
  void give_up(Invitations::iterator invitation, const policy::HangupCause& cause);
  void stop_ringing(Invitations::iterator invitation, const policy::HangupCause& cause,
                    const Leg* except);
  void remove_ports(const Leg& leg);
  bool anybody_to_talk() const;
  const policy::Routed& way() const { return hunt_.way(); }
  void tell_watchers(const std::function<void(CallWatcher&)>& tell);
  // Transfers (call_transfer.cpp).
  void note_ringing(InvitationId invitation);
  void let_transferor_go();
  Leg* take_place(InvitationId invitation);
  void finish_transfer(Leg* transferor, Leg& target, const std::string& number);
  void fail_transfer(InvitationId invitation, const policy::HangupCause& cause);
  void drop_transfer(const policy::HangupCause& cause);
  void dismiss(Leg& leg);
  void tell_parties_changed();
  void tell_ringing_changed();
  void take_in(Call& other, Leg* but);
  void note_failure(const policy::Party& party, const policy::HangupCause& cause);
  bool worth_another_rank(const policy::Party& party, const policy::HangupCause& cause) const;
  void connect_media();
  void connect_parties();
  void leave(Leg& leg, const policy::HangupCause& cause);
  void show_holds();
  const Leg* who_waits() const;
  void give_up_to(const CallId& into);
  void let_them_talk();
  void end_other_targets(const Leg& winner);
  void watch_ports(const Leg& leg);
  void maybe_finish();
  void arm(TimerId& timer, Duration delay, void (Call::*then)());
  void on_ring_timeout();
  void on_answer_timeout() { let_them_talk(); }
  void on_max_duration();
  void finish_anyway();
  void set_state(CallState state);
  Leg* other(const Leg& leg) const;  // Of two that talk.
  bool is_talking(const Leg& leg) const;
  bool is_ringing(const Leg& leg) const;

  // Given to us.
  Services& services_;
  CallOwner& owner_;
  const config::Snapshot config_;
  const CallId id_;
  const policy::Routed routed_;
  const Log log_;

  // Owned by us.
  const SessionId session_;
  std::unique_ptr<Leg> caller_;
  std::vector<std::unique_ptr<Leg>>
      targets_;  // All that were tried; failed ones stay until the call is gone.
  std::vector<std::unique_ptr<Leg>>
      guests_;  // Parties of calls that this one took in, and who left them.

  // State.
  CallState state_ = CallState::Routing;
  Hunt hunt_;  // What was dialled stays for the record.
  unsigned redirections_ = 0;
  Invitations invitations_;
  uint64_t next_invitation_ = 1;
  std::optional<Transfer> transfer_;  // Under way.
  std::set<const Leg*> muted_, apart_;
  std::vector<CallWatcher*> watchers_;
  std::vector<PortId> attached_;
  HoldMusic hold_music_{services_};
  std::vector<Leg*> ringing_;  // Of the present rank, not failed yet.
  Leg* callee_ = nullptr;
  std::vector<Leg*> talking_;          // Two or more; a party that left is not among them.
  std::vector<Leg*> answered_guests_;  // Of the guests, who talked: the record names them.
  std::optional<CallId> joined_to_;
  policy::HangupCause best_failure_;
  bool final_failure_ = false;
  bool caller_hears_ringing_ = false;
  policy::HangupCause cause_;
  EndedBy ended_by_ = EndedBy::Gateway;
  bool finished_ = false;
  Times times_;
  std::map<PortId, bool> ports_;  // Opened -> closed.
  std::map<PortId, media::PortStats> stats_;
  TimerId ring_timer_, answer_timer_, duration_timer_, finish_timer_;
};

}  // namespace gw
