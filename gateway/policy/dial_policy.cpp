#include "gateway/policy/dial_policy.h"

#include <algorithm>

namespace gw::policy {
namespace {

// What has no country may be a carrier's service or a local number. Longer digits that are no
// number of the numbering plan could lead anywhere: some carriers ignore what is too much.
constexpr size_t kLongestLocal = 8;

// How much of the number the longest of these beginnings covers; 0 = none does.
size_t longest(const std::vector<std::string>& prefixes, std::string_view number) {
  size_t most = 0;
  for (const std::string& prefix : prefixes) {
    if (number.starts_with(prefix)) most = std::max(most, prefix.size());
  }
  return most;
}

bool same_area(std::string_view a, std::string_view b) {
  const auto north_american = [](std::string_view c) { return c == "US" || c == "CA"; };
  return a == b || (north_american(a) && north_american(b));
}

template <class Parties>
const config::DialPolicy* own_of(const Parties* party) {
  return party && party->dial_policy ? &*party->dial_policy : nullptr;
}

}  // namespace

const config::DialPolicy* dial_policy_of(const config::Config& config, const Party& party) {
  const config::DialPolicy* own = nullptr;
  switch (party.kind) {
    case PartyKind::Phone: own = own_of(config.phone(party.name)); break;
    case PartyKind::User: {
      const config::User* user = config.user(party.name);
      own = own_of(user ? user : config.user_by_id(party.name));
      break;
    }
    case PartyKind::App: own = own_of(config.app(party.name)); break;
    case PartyKind::Trunk: return own_of(config.trunk(party.name));
  }
  return own ? own : &config.dial_policy;
}

bool is_international(const std::string& e164, const std::string& country) {
  return !same_area(kind_of(e164).country, country);
}

std::optional<std::string> forbidden(const config::DialPolicy& policy, std::string_view number,
                                     const std::string& country) {
  const size_t allowed = longest(policy.allow, number);
  const size_t denied = longest(policy.deny, number);
  if (denied > 0 && denied >= allowed) {
    return "begins with " + std::string(number.substr(0, denied)) + ": dial_policy.deny";
  }
  if (!policy.allow.empty() && allowed == 0) return "is none of dial_policy.allow";
  if (policy.international && policy.premium) return std::nullopt;
  if (!number.starts_with('+')) {
    if (number.size() <= kLongestLocal || allowed > 0) return std::nullopt;
    return "is no number of any country: dial_policy.international and premium are false";
  }
  const std::string e164(number);
  const NumberKind kind = kind_of(e164);
  if (!policy.international && allowed == 0 && !same_area(kind.country, country)) {
    return "is international: dial_policy.international is false";
  }
  if (!policy.premium && kind.premium) return "is premium: dial_policy.premium is false";
  return std::nullopt;
}

}  // namespace gw::policy
