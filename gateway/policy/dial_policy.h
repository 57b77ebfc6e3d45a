#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/policy/router.h"

namespace gw::policy {

// Who may dial what, before any route is looked at. Phones and users may dial extensions,
// identities and emergency numbers; trunks may dial what a route gives them and nothing else, so
// that no carrier reaches a carrier by accident. Apps call for somebody else: no emergencies.
struct DialRights {
  bool emergency = false, extensions = false, identities = false;
};

constexpr DialRights rights_of(PartyKind kind) {
  switch (kind) {
    case PartyKind::Phone: return {true, true, false};
    case PartyKind::User: return {true, true, true};
    case PartyKind::Trunk: return {};
    case PartyKind::App: return {false, true, true};
  }
  return {};
}

// The policy that a party's calls outside are held to: its own, else [dial_policy]; nullptr: none,
// a trunk without one.
const config::DialPolicy* dial_policy_of(const config::Config& config, const Party& party);

// Why this number outside may not be called, "is international: ..."; nullopt: it may. `number` is
// E.164, or digits that are none (a carrier's service, something misdialled). Pure.
std::optional<std::string> forbidden(const config::DialPolicy& policy, std::string_view number,
                                     const std::string& country);

// Another country than `country`, as E.164 says it. The United States and Canada are one; islands
// that share a calling code (the Caribbean +1, Jersey's +44) are not: fraud lives there.
bool is_international(const std::string& e164, const std::string& country);

// All numbers that begin so are international: "+44".
bool leads_abroad(std::string_view prefix, const std::string& country);

}  // namespace gw::policy
