#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "acs/call_automation/call_commands.h"
#include "acs/events/call_event.h"
#include "acs/rest/rest_error.h"

namespace gw {

// What an application is told again and again.
inline const acs::events::ResultInformation kActionDone{200, 0, "Action completed successfully."};

inline const acs::events::ResultInformation kParticipantLeft{
    404, 8523, "Action failed, the participant left the call."};

inline acs::rest::RestError no_participant() {
  return {404, "8523", "The participant is not in the call."};
}

inline acs::rest::RestError bad_request(std::string target, std::string message) {
  return {400, "BadRequest", std::move(message), std::move(target)};
}

inline nlohmann::json participant_json(const acs::call_automation::Participant& participant) {
  return {{"participant", acs::events::to_json(participant)}};
}

}  // namespace gw
