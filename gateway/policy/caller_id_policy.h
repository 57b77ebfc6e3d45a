#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gateway/policy/router.h"

namespace gw::policy {

// Words that networks put where a number would be (RFC 3323 4.1, and carriers' habits).
bool is_hidden_number(std::string_view number);

// Every number that this user may present: their own numbers and the alternate caller ids. An
// identity that is not in the directory came from an app's back end (served ACS REST) and may
// present what the gateway owns, as in an ACS resource.
std::vector<std::string> allowed_numbers(const config::Config& config, std::string_view user);

// What a call presents to the outside: the number, or the reason why it may not be placed. `rule`
// is the route's caller_id
// ("pass", "owned" or a number). `to_trunk`: a trunk is among the targets, so that a user needs a
// number.
Result<Presentation> choose_caller_id(const config::Config& config, const Dialled& dialled,
                                      std::string_view rule, bool to_trunk);

// What this kind of target sees of the caller: phones of the house see extensions, users and trunks
// see numbers.
Presentation as_seen_by(const config::Config& config, const Dialled& dialled,
                        const Presentation& outside, PartyKind target);

}  // namespace gw::policy
