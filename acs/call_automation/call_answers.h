#pragma once

#include <string>

#include "acs/call_automation/call_commands.h"
#include "acs/http/http_server.h"

namespace gw::acs::call_automation {

// Replies in the documented shape. `context` is the request's operationContext, which most answers
// repeat.
http::Response to_response(const Outcome& outcome, unsigned status, const std::string& context);

std::string_view to_string(ConnectionState state);  // "connected"

}  // namespace gw::acs::call_automation
