#pragma once

#include "gateway/policy/router.h"
#include "sip/invite.h"

namespace gw::policy {

// What each side is told of who calls, by the trunk's [caller_id] table. Pure.

// Writes From, P-Asserted-Identity, P-Preferred-Identity, Remote-Party-ID, Privacy, Diversion and
// History-Info of an INVITE to this trunk. An anonymous caller's number stands in none of them,
// unless the trunk is trusted with it.
void say_who_calls(const config::Config& config, const config::Trunk& trunk, const Routed& routed,
                   sip::OutgoingInvite& invite);

// Who calls, as a trunk's INVITE says it and the table lets us believe: number, name, the wish to
// be anonymous, and who sent the call on.
void read_who_calls(const config::Trunk& trunk, const sip::Invite& invite, Dialled& dialled);

// An emergency call says where it comes from (RFC 6442), when that is configured.
void say_where(const config::Config& config, const Party& from, sip::OutgoingInvite& invite);

}  // namespace gw::policy
