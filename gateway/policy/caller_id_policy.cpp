#include "gateway/policy/caller_id_policy.h"

#include <algorithm>

namespace gw::policy {
namespace {

using config::Config;

bool holds(const std::vector<std::string>& numbers, std::string_view number) {
  return std::ranges::find(numbers, number) != numbers.end();
}

const config::User* find_user(const Config& config, std::string_view name) {
  const config::User* user = config.user(name);
  return user ? user : config.user_by_id(name);
}

std::string display_of(const config::User& user) {
  return user.display_name.empty() ? user.name : user.display_name;
}

Presentation own_identity(const Config& config, const Dialled& dialled) {
  Presentation caller;
  switch (dialled.from.kind) {
    case PartyKind::Phone:
      if (const config::Phone* phone = config.phone(dialled.from.name)) {
        caller.number = phone->caller_id;
        caller.display_name = phone->display_name;
      }
      break;
    case PartyKind::User:
      caller.display_name = dialled.from_display;
      if (const config::User* user = find_user(config, dialled.from.name)) {
        if (caller.display_name.empty()) caller.display_name = display_of(*user);
      }
      break;
    case PartyKind::Trunk:
      caller.anonymous = is_hidden_number(dialled.from_number);
      if (caller.anonymous) break;
      caller.number =
          normalise(dialled.from_number, config.numbers.country).value_or(dialled.from_number);
      caller.display_name = dialled.from_display;
      break;
    case PartyKind::App:
      // A call that it passes on shows who called; one of its own what it asks for.
      caller.number = dialled.from_number;
      caller.display_name = dialled.from_display;
      break;
  }
  return caller;
}

// The number that a user asked for, if it is theirs; with none asked, the only one they have.
Result<std::string> number_of_user(const Config& config, const Dialled& dialled, bool needed) {
  const std::vector<std::string> allowed = allowed_numbers(config, dialled.from.name);
  if (!dialled.caller_id.empty()) {
    const std::string asked =
        normalise(dialled.caller_id, config.numbers.country).value_or(dialled.caller_id);
    if (holds(allowed, asked)) return asked;
    return fail(ErrorCode::Forbidden, to_string(dialled.from) + " may not present " + mask(asked));
  }
  if (allowed.size() == 1) return allowed.front();
  if (!needed) return allowed.empty() ? "" : allowed.front();
  return fail(
      ErrorCode::Forbidden,
      to_string(dialled.from) + (allowed.empty() ? " has no number to present"
                                                 : " has several numbers and asked for none"));
}

}  // namespace

bool is_hidden_number(std::string_view number) {
  for (const std::string_view word :
       {"", "anonymous", "Anonymous", "restricted", "unavailable", "unknown"}) {
    if (number == word) return true;
  }
  return false;
}

std::vector<std::string> allowed_numbers(const Config& config, std::string_view user_name) {
  const config::User* user = find_user(config, user_name);
  if (!user) return config.numbers.owned;
  std::vector<std::string> numbers = user->numbers;
  for (const std::string& number : user->alternate_caller_ids) {
    if (!holds(numbers, number)) numbers.push_back(number);
  }
  return numbers;
}

Result<Presentation> choose_caller_id(const Config& config, const Dialled& dialled,
                                      std::string_view rule, bool to_trunk) {
  Presentation caller = own_identity(config, dialled);
  const bool fixed = rule != "pass" && rule != "owned";
  if (dialled.from.kind == PartyKind::User) {
    // A route that names the number needs none from the user; one that they may not present is
    // refused all the same.
    const auto number = number_of_user(config, dialled, to_trunk && rule == "pass");
    if (!number) return tl::unexpected(number.error());
    caller.number = *number;
  }
  if (dialled.from.kind == PartyKind::App && !dialled.caller_id.empty()) {
    const std::string asked =
        normalise(dialled.caller_id, config.numbers.country).value_or(dialled.caller_id);
    // As an ACS resource: only its own numbers.
    if (!holds(config.numbers.owned, asked)) {
      return fail(ErrorCode::Forbidden,
                  to_string(dialled.from) + " may not present " + mask(asked));
    }
    caller.number = asked;
  }
  if (fixed) {
    caller.number = rule;
    caller.anonymous = false;
    if (dialled.wants_privacy)
      caller.display_name.clear();  // A number of the house's gives nobody away.
    return caller;
  }
  caller.anonymous = caller.anonymous || dialled.wants_privacy;
  if (!to_trunk) return caller;
  const std::vector<std::string>& owned = config.numbers.owned;
  const bool foreign = rule == "owned" && !holds(owned, caller.number);
  // A carrier wants some number from a phone; without one of its own it goes out under the house's
  // first.
  const bool lacking = caller.number.empty() && dialled.from.kind == PartyKind::Phone;
  if ((foreign || lacking) && !owned.empty()) caller.number = owned.front();
  if (rule == "owned" && !caller.number.empty()) {
    caller.anonymous = false;
    if (dialled.wants_privacy) caller.display_name.clear();
  }
  if (caller.number.empty()) caller.anonymous = true;
  return caller;
}

Presentation as_seen_by(const Config& config, const Dialled& dialled, const Presentation& outside,
                        PartyKind target) {
  Presentation seen = outside;
  if (outside.anonymous || target == PartyKind::Trunk) return seen;
  std::string extension;
  if (dialled.from.kind == PartyKind::Phone) {
    if (const config::Phone* phone = config.phone(dialled.from.name)) extension = phone->extension;
  } else if (dialled.from.kind == PartyKind::User) {
    if (const config::User* user = find_user(config, dialled.from.name))
      extension = user->extension;
  }
  // A phone calls back by extension; an app's user knows numbers (4:+1425...) and takes the
  // extension when there is none.
  const bool by_extension = target == PartyKind::Phone && dialled.caller_id.empty();
  if (!extension.empty() && (by_extension || seen.number.empty())) seen.number = extension;
  // Without any number a name still tells who it is; a raw id tells nothing.
  // Users see the identity that an app calls as, phones its name.
  const bool by_identity = !dialled.from_identity.empty() && target == PartyKind::User;
  if (seen.number.empty() && !by_identity) {
    const bool raw_id = dialled.from.name.find(':') != std::string::npos;
    seen.number = raw_id ? "" : dialled.from.name;
    seen.anonymous = raw_id && seen.display_name.empty();
  }
  return seen;
}

}  // namespace gw::policy
