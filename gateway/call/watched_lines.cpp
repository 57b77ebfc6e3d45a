// What CallControl tells phones of the extensions that they watch: which there are, and who is who
// in their dialogs.
#include "gateway/call/call_control.h"

namespace gw {

using policy::Party;
using policy::PartyKind;

// Extensions come first, as where they are dialled; names serve those who have none.
std::optional<std::string> CallControl::line_of(std::string_view request_user) const {
  const config::Config& config = *config_;
  const auto phone = [](const config::Phone& p) {
    return policy::to_string(Party{PartyKind::Phone, p.username});
  };
  const auto user = [](const config::User& u) {
    return policy::to_string(Party{PartyKind::User, u.name});
  };
  if (const auto* found = config.phone_by_extension(request_user)) return phone(*found);
  if (const auto* found = config.user_by_extension(request_user)) return user(*found);
  if (const auto* found = config.phone(request_user)) return phone(*found);
  if (const auto* found = config.user(request_user)) return user(*found);
  return std::nullopt;
}

// RFC 3323: who asked not to be shown to the called is not shown to who watches the called either.
LineState::Shown CallControl::shown_to_phones(const policy::Presentation& caller) const {
  if (caller.anonymous) return {"anonymous", "anonymous.invalid", "Anonymous"};
  return {caller.number, config_->sip.domain, caller.display_name};
}

LineState::Shown CallControl::shown_to_phones(const Call& call, const Leg& leg,
                                              const policy::Routed* rung_by) const {
  if (&leg == call.caller()) return shown_to_phones(call.decision().caller_to_phones);
  const config::Config& config = call.config();
  const Party& party = leg.party();
  switch (party.kind) {
    case PartyKind::Phone:
      if (const config::Phone* phone = config.phone(party.name)) {
        return {phone->extension.empty() ? phone->username : phone->extension, config.sip.domain,
                phone->display_name};
      }
      break;
    case PartyKind::User:
      if (const config::User* user = config.user(party.name)) {
        return {user->extension.empty() ? user->name : user->extension, config.sip.domain,
                user->display_name.empty() ? user->name : user->display_name};
      }
      break;
    case PartyKind::Trunk:
      return {rung_by ? rung_by->decision.normalised : call.decision().normalised,
              config.sip.domain,
              {}};
    case PartyKind::App: break;
  }
  return {};
}

}  // namespace gw
