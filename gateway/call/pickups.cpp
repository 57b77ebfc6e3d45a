// INVITE with Replaces (RFC 3891), from phones: a call that rings elsewhere is picked up, a
// conversation goes on at another phone.
#include <algorithm>

#include "gateway/call/call_control.h"
#include "gateway/call/sip_leg.h"

namespace gw {
namespace {

using policy::Cause;
using policy::HangupCause;
using policy::Party;
using policy::PartyKind;

HangupCause no(Cause cause, int status, std::string why) {
  return {cause, status, 0, std::move(why)};
}

bool rings(const Call& call, const Leg& leg) {
  return std::ranges::any_of(call.ringing(), [&](const Call::Rung& r) { return r.leg == &leg; });
}

bool talks(const Call& call, const Leg& leg) {
  return std::ranges::find(call.talking(), &leg) != call.talking().end();
}

}  // namespace

// In words that we gave away to watchers, else in those of a dialog of its own.
LineState::Named CallControl::named_by(const sip::Replaces& replaces) const {
  LineState::Named named = lines_.find(replaces.call_id, replaces.to_tag, replaces.from_tag);
  if (named.leg || !replaces.dialog) return named;
  TransferRequest request;
  request.dialog = replaces.dialog;
  registry_.for_each([&](Call& call) {
    if (call.state() == CallState::Ended) return;
    const auto look_at = [&](Leg* leg) {
      if (leg && leg->is_meant_by(request)) named = {&call, leg, false};
    };
    look_at(call.caller());
    for (const auto& leg : call.targets()) look_at(leg.get());
    for (const auto& leg : call.guests()) look_at(leg.get());
  });
  return named;
}

// RFC 3891 3, and whom [calls] pickup lets do it.
std::optional<HangupCause> CallControl::may_replace(const LineState::Named& named,
                                                    const sip::Replaces& replaces,
                                                    const Party& by) const {
  if (named.over) return no(Cause::Declined, 603, "the call that was meant is over");
  if (!named.leg) return no(Cause::NotFound, 481, "no such dialog");
  const bool its_own = named.leg->party() == by;
  const bool talking = talks(*named.call, *named.leg);
  // "An early dialog that was not initiated by this UA": who calls cannot be picked up.
  if (!talking && !rings(*named.call, *named.leg))
    return no(Cause::NotFound, 481, "it is not rung");
  if (talking && replaces.early_only) return no(Cause::Busy, 486, "it was answered");
  const config::Config::Pickup pickup = config_->calls.pickup;
  const bool allowed = pickup == config::Config::Pickup::Any ||
                       (pickup == config::Config::Pickup::Ringing && (!talking || its_own));
  if (!allowed) return no(Cause::Declined, 603, "[calls] pickup does not let it");
  const config::Phone* phone = config_->phone(by.name);
  if (phone && phone->max_calls > 0 && !its_own && registry_.live_with(by) >= phone->max_calls)
    return no(Cause::Forbidden, 403, "the phone's max_calls is reached");
  return std::nullopt;
}

sip::DialogObserver* CallControl::on_replaces(const CallId& id, const sip::Invite& invite,
                                              const policy::Dialled& dialled,
                                              std::unique_ptr<sip::Dialog> dialog) {
  const LineState::Named named = named_by(*invite.replaces);
  if (const auto cause = may_replace(named, *invite.replaces, dialled.from)) {
    const int status = cause->sip_status;
    dialog->refuse(status, policy::sip_phrase(status), policy::sip_reason(*cause), {});
    refuse(id, dialled, {}, *cause);
    return nullptr;
  }
  Call& call = *named.call;
  const bool tls = invite.transport == sip::Transport::Tls;
  SipLeg::Media media{
      call.session(), phone_spec(*config_, dialled.from, tls, invite.source.v6()), {}};
  auto leg = std::make_unique<SipLeg>(services_, call, call.log().with({{"leg", "sip"}}),
                                      dialled.from, std::move(dialog), invite, std::move(media));
  sip::DialogObserver* observer = leg.get();
  std::unique_ptr<Leg> by = std::move(leg);
  tl::expected<void, HangupCause> taken;
  if (const auto prepared = static_cast<SipLeg&>(*by).prepare(); !prepared) {
    taken = tl::unexpected(policy::from_error(prepared.error()));
  } else if (talks(call, *named.leg)) {
    taken = call.replace(*named.leg, by);
  } else {
    taken = call.pick_up(*named.leg, by);
  }
  if (taken) return observer;
  by->end(taken.error(), false);
  for (const PortId port : by->ports()) services_.media.remove_port(port);
  refuse(id, dialled, {}, taken.error());
  return nullptr;
}

}  // namespace gw
