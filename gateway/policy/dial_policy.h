#pragma once

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

}  // namespace gw::policy
