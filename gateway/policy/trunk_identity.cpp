#include "gateway/policy/trunk_identity.h"

#include <algorithm>

#include "gateway/policy/caller_id_policy.h"

namespace gw::policy {
namespace {

const sip::NameAddr kAnonymous{"Anonymous", "anonymous", "anonymous.invalid", 0, false};

bool hidden(const sip::NameAddr& caller) {
  return is_hidden_number(caller.user) || caller.host == "anonymous.invalid";
}

// A call that came from a trunk and leaves by one was sent on by us: carriers want to see the
// number that it was sent on from before they present a foreign one.
std::vector<sip::Diverted> diverted(const config::Config& config, const Routed& routed,
                                    const std::string& host) {
  std::vector<sip::Diverted> all = routed.dialled.diverted;
  for (sip::Diverted& by : all) {
    if (by.host.empty()) by.host = host;  // A party of ours.
  }
  const std::string& number = routed.decision.normalised;
  const bool by_us = routed.dialled.from.kind == PartyKind::Trunk && !number.empty() &&
                     number != routed.decision.number_out;
  const auto& owned = config.numbers.owned;
  const bool ours = std::ranges::find(owned, number) != owned.end();
  if (by_us || (routed.dialled.from.kind == PartyKind::Trunk && ours)) {
    all.insert(all.begin(), sip::Diverted{number, host, "unconditional", false});
  }
  return all;
}

}  // namespace

void say_who_calls(const config::Config& config, const config::Trunk& trunk, const Routed& routed,
                   sip::OutgoingInvite& invite) {
  const config::TrunkCallerId& table = trunk.caller_id;
  const Presentation& caller = routed.decision.caller;
  const std::string host = trunk.fqdn.empty() ? config.sip.domain : trunk.fqdn;
  const std::string display = table.display_name && !caller.anonymous ? caller.display_name : "";
  const sip::NameAddr known{display, caller.number, host, 0, false};

  invite.privacy_id = caller.anonymous;
  const bool may_tell = !caller.number.empty() && (!caller.anonymous || table.trusted);
  if (caller.anonymous) {
    invite.from = kAnonymous;
  } else {
    invite.from = known;
    if (!table.from) invite.from.user = trunk.username.empty() ? trunk.name : trunk.username;
  }
  if (table.p_asserted_identity && may_tell) invite.p_asserted_identity = known;
  if (table.p_preferred_identity && may_tell) invite.p_preferred_identity = known;
  if (table.remote_party_id) invite.remote_party = may_tell ? known : kAnonymous;
  invite.say_diversion = table.diversion;
  invite.say_history = table.history_info;
  if (table.diversion || table.history_info) invite.diverted = diverted(config, routed, host);
  invite.own_host = trunk.fqdn;
}

void read_who_calls(const config::Trunk& trunk, const sip::Invite& invite, Dialled& dialled) {
  const sip::NameAddr* caller = &invite.from;
  // Microsoft's proxy says Privacy: id with every call: of the identity that it asserts, not of the
  // one in From, which is what its caller chose to present.
  const bool direct_routing = trunk.profile == config::TrunkProfile::DirectRouting;
  const bool only_from = direct_routing && invite.private_caller;
  if (trunk.caller_id.incoming_trusted) {
    if (invite.p_asserted_identity && !only_from)
      caller = &*invite.p_asserted_identity;
    else if (invite.remote_party && !only_from)
      caller = &*invite.remote_party;
    dialled.diverted = invite.diverted;
  }
  dialled.wants_privacy =
      (invite.private_caller && !direct_routing) || hidden(invite.from) || hidden(*caller);
  if (hidden(*caller)) return;
  dialled.from_number = caller->user;
  dialled.from_display = caller->display;
}

void say_where(const config::Config& config, const Party& from, sip::OutgoingInvite& invite) {
  std::string location = config.emergency.location;
  if (from.kind == PartyKind::Phone) {
    const config::Phone* phone = config.phone(from.name);
    if (phone && !phone->location.empty()) location = phone->location;
  }
  if (location.empty()) return;
  invite.extra_headers.emplace_back("Geolocation", "<" + location + ">");
  invite.extra_headers.emplace_back("Geolocation-Routing", "yes");
}

}  // namespace gw::policy
