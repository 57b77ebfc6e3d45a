// The other half of Call: parties that give their place to others.
#include <algorithm>

#include "base/assert.h"
#include "gateway/call/call.h"

namespace gw {

using policy::Cause;
using policy::HangupCause;

bool Call::may_transfer(const Leg& transferor) const {
  return state_ == CallState::Talking && !transfer_ && talking_.size() == 2 &&
         is_talking(transferor);
}

void Call::transfer(Leg& transferor, policy::Routed routed) {
  GW_ASSERT(may_transfer(transferor));
  const InvitationId id = invite(std::move(routed), Duration{});
  transfer_.emplace(id, transferor, *other(transferor));
  log_.info("transfer began", {{"by", policy::to_string(transferor.party())},
                               {"of", policy::to_string(transfer_->transferee().party())}});
  transfer_->begin();
}

void Call::note_ringing(InvitationId invitation) {
  if (transfer_ && transfer_->invitation() == invitation) transfer_->rings();
}

// Who stays hears it ring, once it is alone.
void Call::let_transferor_go() {
  transfer_->transferor_left();
  services_.media.play_ringback(transfer_->transferee().port(), true);
}

// The target talks instead of the transferor from now on.
Leg* Call::take_place(InvitationId invitation) {
  if (!transfer_ || transfer_->invitation() != invitation) return nullptr;
  Leg* transferor = transfer_->transferor();
  if (transferor) {
    std::erase(talking_, transferor);
    remove_ports(*transferor);
  }
  services_.media.play_ringback(transfer_->transferee().port(), false);
  return transferor;
}

void Call::finish_transfer(Leg* transferor, Leg& target, const std::string& number) {
  Leg& transferee = transfer_->transferee();
  transfer_->done();
  transfer_.reset();
  if (transferor) dismiss(*transferor);
  const bool outside = target.party().kind == policy::PartyKind::Trunk;
  transferee.meet(outside ? PartyName{"4:" + number, ""} : owner_.name_of(*this, target));
  log_.info("call was transferred", {{"to", policy::to_string(target.party())}});
}

void Call::dismiss(Leg& leg) {
  leg.end({Cause::Transferred, 0, 0, "its party was transferred"}, true);
}

void Call::fail_transfer(InvitationId invitation, const HangupCause& cause) {
  if (!transfer_ || transfer_->invitation() != invitation) return;
  log_.info("transfer failed",
            {{"cause", policy::to_string(cause.cause)}, {"status", policy::sip_status(cause)}});
  if (transfer_->waits_alone())
    services_.media.play_ringback(transfer_->transferee().port(), false);
  transfer_->fail(cause);
  transfer_.reset();
}

// Nobody is left to be passed on.
void Call::drop_transfer(const HangupCause& cause) {
  if (!transfer_) return;
  const InvitationId id = transfer_->invitation();
  fail_transfer(id, cause);
  if (const auto invitation = find(id); invitation != invitations_.end()) {
    stop_ringing(invitation, {Cause::CancelledByCaller, 0, 0, "the transfer was given up"},
                 nullptr);
    services_.loop.cancel(invitation->timer);
    invitations_.erase(invitation);
  }
}

void Call::take_over(Leg& mine, Call& from, Leg& theirs) {
  GW_ASSERT(may_transfer(mine) && from.may_transfer(theirs));
  Leg& stays = *other(mine);
  Leg& comes = *from.other(theirs);
  const PartyName stays_as = owner_.name_of(*this, stays), comes_as = owner_.name_of(from, comes);
  std::erase(talking_, &mine);
  remove_ports(mine);
  take_in(from, &theirs);
  mine.on_transfer(TransferStep::Done, {Cause::Transferred});
  dismiss(mine);
  dismiss(theirs);
  stays.meet(comes_as);
  comes.meet(stays_as);
  log_.info("call was transferred", {{"to", policy::to_string(comes.party())}});
  tell_parties_changed();
}

// All that ring stop, as when one of them had answered.
tl::expected<void, HangupCause> Call::pick_up(Leg& rung, std::unique_ptr<Leg>& by) {
  const auto invitation = invitation_of(rung);
  const bool invited = invitation != invitations_.end() && state_ == CallState::Talking;
  if (!invited && (state_ != CallState::Ringing || !is_ringing(rung)))
    return tl::unexpected(HangupCause{Cause::Declined, 603, 0, "it rings no more"});
  Leg& leg = *by;
  const auto answered = leg.answer((invited ? *talking_.front() : *caller_).codecs());
  if (!answered) return tl::unexpected(policy::from_error(answered.error()));
  log_.info("call was picked up", {{"by", policy::to_string(leg.party())},
                                   {"instead_of", policy::to_string(rung.party())}});
  (invited ? guests_ : targets_).push_back(std::move(by));
  (invited ? invitation->ringing : ringing_).push_back(&leg);
  on_answered(leg);
  return {};
}

tl::expected<void, HangupCause> Call::replace(Leg& talks, std::unique_ptr<Leg>& by) {
  if (state_ != CallState::Talking || !is_talking(talks) || transfer_)
    return tl::unexpected(HangupCause{Cause::Declined, 603, 0, "it cannot be replaced now"});
  if (guests_.size() >= kMaxGuests)
    return tl::unexpected(HangupCause{Cause::Exhausted, 503, 0, "too many were in this call"});
  Leg& leg = *by;
  const Leg& meets = talking_.front() == &talks ? *talking_.back() : *talking_.front();
  const auto answered = leg.answer(meets.codecs());
  if (!answered) return tl::unexpected(policy::from_error(answered.error()));
  log_.info("call was taken over", {{"by", policy::to_string(leg.party())},
                                    {"instead_of", policy::to_string(talks.party())}});
  guests_.push_back(std::move(by));
  watch_ports(leg);
  std::ranges::replace(talking_, &talks, &leg);
  answered_guests_.push_back(&leg);
  muted_.erase(&talks);
  apart_.erase(&talks);
  remove_ports(talks);
  dismiss(talks);
  connect_media();
  leg.connected();
  show_holds();
  if (talking_.size() == 2) other(leg)->meet(owner_.name_of(*this, leg));
  tell_parties_changed();
  return {};
}

}  // namespace gw
