#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "sip/registrar.h"
#include "sip/sip_agent.h"
#include "sip/sip_view.h"

namespace gw::sip {

// REGISTER as the registrar's value, and its answer as header lines (RFC 3261 10.3). Pure.

struct RegisterParts {
  Registrar::Request request;
  std::string answer;                  // Header lines of the 200 beside Contact and Date.
  std::optional<Rejection> rejection;  // Then the rest is not to be used.
};
RegisterParts register_parts_of(const sip_t& sip, const PhoneAccount& account,
                                const SocketAddress& source, Transport transport);

// Contact and Date of the 200.
std::string register_answer(const std::vector<Binding>& bindings, WallTime now);

// Status, phrase and headers for an error of the registrar's.
Rejection register_rejection(const Error& error, const Registrar::Limits& limits);

}  // namespace gw::sip
