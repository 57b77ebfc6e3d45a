#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace gw::acs::cloud {

// Somebody calls an identity or a number of the resource: it rings for 30 s, within which it is
// answered, rejected or redirected by its context.
struct IncomingCall {
  std::string event_id;
  std::string from, to;  // Raw ids; "4:anonymous" and "" happen.
  std::string caller_name;
  std::string server_call_id, correlation_id;
  std::string context;  // Opaque, several kB.
};

// What Event Grid delivered.
struct EventDelivery {
  std::optional<std::string> validation_code;  // The handshake of a new subscription.
  std::vector<IncomingCall> calls;
  size_t ignored = 0;  // Events of other types.
};

// One delivery's body, in Event Grid's schema ("eventType") or as CloudEvents ("type"); an array or
// a single event. Pure; a fuzz target.
Result<EventDelivery> parse_event_delivery(std::string_view body);

}  // namespace gw::acs::cloud
