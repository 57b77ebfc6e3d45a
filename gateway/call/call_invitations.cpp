// The other half of Call: what applications do in it, and whom they invite.
#include <algorithm>
#include <iterator>
#include <utility>

#include "base/assert.h"
#include "gateway/call/call.h"

namespace gw {

using policy::Cause;
using policy::HangupCause;

namespace {

constexpr unsigned kMaxRedirections = 5;  // By applications; more is a loop.

}  // namespace

void Call::begin_by_application(std::unique_ptr<Leg> application) {
  caller_ = std::move(application);
  watch_ports(*caller_);
  talking_ = {caller_.get()};
  set_state(CallState::Talking);
}

void Call::admit(std::unique_ptr<Leg> leg) {
  GW_ASSERT(state_ == CallState::Talking);
  watch_ports(*leg);
  talking_.push_back(leg.get());
  answered_guests_.push_back(leg.get());
  guests_.push_back(std::move(leg));
  connect_media();
  tell_parties_changed();
}

bool Call::redirect(policy::Routed routed) {
  if (state_ != CallState::Ringing || ++redirections_ > kMaxRedirections) return false;
  services_.loop.cancel(ring_timer_);
  for (Leg* leg : std::exchange(ringing_, {})) {
    leg->end({Cause::AnsweredElsewhere}, true);
    remove_ports(*leg);
  }
  log_.info("call was redirected",
            {{"route", routed.decision.route}, {"ranks", routed.decision.ranks.size()}});
  hunt_.begin_anew(std::move(routed));
  try_next_rank();
  return true;
}

InvitationId Call::invite(policy::Routed routed, Duration timeout) {
  Invitation& invitation = invitations_.emplace_back(
      Invitation{InvitationId{next_invitation_++}, Hunt(std::move(routed)), timeout});
  const policy::Decision& decision = invitation.hunt.way().decision;
  invitation.failure = decision.accepted
                           ? HangupCause{Cause::NotFound, 0, 0, "nobody is there to be invited"}
                           : decision.cause;
  // Posted, so that nothing is heard of it before its id is known. The destructor cancels it.
  invitation.timer = services_.loop.after(Duration{}, [this, id = invitation.id] {
    if (const auto it = find(id); it != invitations_.end()) try_next_rank(it);
  });
  return invitation.id;
}

bool Call::cancel(InvitationId id) {
  const auto invitation = find(id);
  if (invitation == invitations_.end() || state_ == CallState::Ended) return false;
  stop_ringing(invitation, {Cause::CancelledByCaller, 0, 0, "the invitation was cancelled"},
               nullptr);
  services_.loop.cancel(invitation->timer);
  invitations_.erase(invitation);
  tell_ringing_changed();
  if (!anybody_to_talk()) end({Cause::NormalClearing, 0, 0, "nobody is left"}, EndedBy::Gateway);
  return true;
}

// Of several failures the one that says most is told.
void Call::Invitation::note(const HangupCause& cause) {
  if (!failed || weight(cause.cause) >= weight(failure.cause)) failure = cause;
  failed = true;
}

void Call::Invitation::note(const policy::Party& party, const HangupCause& cause) {
  hunt.note_failure(party, cause);
  note(cause);
}

Call::Invitations::iterator Call::find(InvitationId id) {
  return std::ranges::find(invitations_, id, &Invitation::id);
}

Call::Invitations::iterator Call::invitation_of(const Leg& leg) {
  return std::ranges::find_if(invitations_, [&](const Invitation& i) {
    return std::ranges::find(i.ringing, &leg) != i.ringing.end();
  });
}

void Call::try_next_rank(Invitations::iterator invitation) {
  services_.loop.cancel(invitation->timer);
  Hunt& hunt = invitation->hunt;
  while (invitation->failure.cause != Cause::Declined) {
    if (const auto sent = send_on_after_failure(hunt); !sent) {
      invitation->note(sent.error());
    } else if (*sent) {
      invitation->failed = false;
    }
    if (!hunt.next()) break;
    if (const auto sent = send_on(hunt, policy::ForwardReason::Always); !sent) {
      invitation->note(sent.error());
      continue;
    } else if (*sent) {
      continue;
    }
    const policy::Rank rank = hunt.rank();
    for (const policy::Party& party : rank.parties) {
      if (guests_.size() >= kMaxGuests) {
        invitation->note({Cause::Exhausted, 0, 0, "too many parties were invited to this call"});
        break;
      }
      auto legs = owner_.legs_for(*this, hunt.way(), party);
      if (!legs) {
        invitation->note(party, legs.error());
        continue;
      }
      for (auto& leg : *legs) {
        if (const auto started = start_leg(*leg); started) {
          invitation->ringing.push_back(leg.get());
        } else {
          invitation->note(party, started.error());
        }
        guests_.push_back(std::move(leg));
      }
    }
    if (invitation->ringing.empty()) continue;
    invitation->timer =
        services_.loop.after(ring_time(hunt, invitation->timeout),
                             [this, id = invitation->id] { on_invitation_timeout(id); });
    const bool rings = std::ranges::any_of(invitation->ringing, &Leg::rings_at_once);
    if (rings) note_ringing(invitation->id);
    tell_ringing_changed();
    const auto self = std::ranges::find_if(invitation->ringing, &Leg::answers_itself);
    if (self != invitation->ringing.end()) on_invitation_answered(invitation, **self);
    return;
  }
  give_up(invitation, invitation->failure);
}

void Call::on_invitation_answered(Invitations::iterator invitation, Leg& leg) {
  const InvitationId id = invitation->id;
  const std::string number = invitation->hunt.way().decision.normalised;
  services_.loop.cancel(invitation->timer);
  stop_ringing(invitation, {Cause::AnsweredElsewhere}, &leg);
  invitations_.erase(invitation);
  watch_ports(leg);
  if (talking_.size() >= media::kMaxParties) {
    leg.end({Cause::Exhausted}, false);
    remove_ports(leg);
    const HangupCause full{
        Cause::Exhausted, 0, 0,
        "a conference has at most " + std::to_string(media::kMaxParties) + " parties"};
    fail_transfer(id, full);
    return tell_watchers(
        [&](CallWatcher& watcher) { watcher.on_invitation_failed(*this, id, full); });
  }
  const bool transferred = transfer_ && transfer_->invitation() == id;
  Leg* const transferor = take_place(id);
  talking_.push_back(&leg);
  if (callee_) {
    answered_guests_.push_back(&leg);
  } else {
    callee_ = &leg;
  }
  connect_media();
  leg.connected();
  show_holds();
  if (transferred) finish_transfer(transferor, leg, number);
  log_.info("party joined",
            {{"party", policy::to_string(leg.party())}, {"parties", talking_.size()}});
  if (times_.answered == WallTime{}) {
    times_.answered = services_.clock.wall();
    if (config_->calls.max_duration > Duration{})
      arm(duration_timer_, config_->calls.max_duration, &Call::on_max_duration);
  }
  tell_watchers([&](CallWatcher& watcher) { watcher.on_invitation_answered(*this, id, leg); });
  tell_parties_changed();
}

void Call::on_invitation_timeout(InvitationId id) {
  const auto invitation = find(id);
  if (invitation == invitations_.end() || state_ == CallState::Ended) return;
  const HangupCause unanswered{Cause::NoAnswer, 0, 0, "nobody answered"};
  invitation->note(unanswered);
  for (const Leg* leg : invitation->ringing) invitation->note(leg->party(), unanswered);
  stop_ringing(invitation, {Cause::NoAnswer, 0, 0, "nobody answered"}, nullptr);
  try_next_rank(invitation);
}

void Call::give_up(Invitations::iterator invitation, const HangupCause& why) {
  const InvitationId id = invitation->id;
  const HangupCause cause = why;
  log_.info("invitation failed", {{"cause", policy::to_string(cause.cause)},
                                  {"status", cause.sip_status},
                                  {"why", cause.detail}});
  invitations_.erase(invitation);
  fail_transfer(id, cause);
  const bool lonely = !anybody_to_talk();
  tell_watchers([&](CallWatcher& watcher) { watcher.on_invitation_failed(*this, id, cause); });
  if (lonely) end(cause, EndedBy::Callee);
}

void Call::stop_ringing(Invitations::iterator invitation, const HangupCause& cause,
                        const Leg* except) {
  for (Leg* leg : std::exchange(invitation->ringing, {})) {
    if (leg == except) continue;
    leg->end(cause, true);
    remove_ports(*leg);
  }
}

}  // namespace gw
