#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "acs/call_automation/call_commands.h"
#include "base/clock.h"

namespace gw::acs::events {

// Why it went well or ill, in Azure's codes; what the SIP side said is beside them.
struct ResultInformation {
  unsigned code = 200, sub_code = 0;
  std::string message{};
  int sip_code = 0;  // 0 = no SIP party spoke.
  std::string sip_message{};
  int q850_code = 0;
};

// What became of a call or of an operation on it. A value: it crosses threads.
struct CallEvent {
  std::string type;  // "CallConnected"; Microsoft.Communication. goes before it.
  std::string connection_id, server_call_id, correlation_id;
  std::string context;  // operationContext
  std::optional<ResultInformation> result{};
  nlohmann::json more = nlohmann::json::object();  // What this type has beside the common members.
};

// The body of a callback: a list of one CloudEvent 1.0. Azure's parsers read the first of a list
// and no more, so there is never a second.
std::string to_cloud_events(const CallEvent& event, const std::string& id, WallTime at);

// Parts of `more`.
nlohmann::json to_json(const call_automation::Participant& participant);

// A call that comes in for an app.
struct IncomingCall {
  std::string to, from;  // Raw ids.
  std::string caller_display_name, server_call_id, incoming_call_context, correlation_id;
  call_automation::CustomContext custom;
};

enum class EventSchema { EventGrid, CloudEvents };

// The body of an IncomingCall notification; `topic` names the resource.
std::string to_notification(const IncomingCall& call, EventSchema schema, const std::string& topic,
                            const std::string& id, WallTime at);

// The first message to a webhook in Event Grid's schema: its answer proves that it wants events.
std::string to_subscription_validation(const std::string& code, const std::string& url,
                                       const std::string& topic, const std::string& id,
                                       WallTime at);

}  // namespace gw::acs::events
