#include "acs/events/call_event.h"

#include "acs/identity/identifier_json.h"

namespace gw::acs::events {
namespace {

using nlohmann::json;

// Names of people come from networks, and may be no UTF-8.
std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json to_json(const ResultInformation& result) {
  json out = {{"code", result.code}, {"subCode", result.sub_code}, {"message", result.message}};
  if (result.sip_code != 0) {
    out["sipDetails"] = {{"code", result.sip_code}, {"message", result.sip_message}};
  }
  if (result.q850_code != 0) out["q850Details"] = {{"code", result.q850_code}, {"message", ""}};
  return out;
}

json data_of(const IncomingCall& call) {
  json out = {{"to", identity::to_json(call.to)},
              {"from", identity::to_json(call.from)},
              {"serverCallId", call.server_call_id},
              {"callerDisplayName", call.caller_display_name},
              {"incomingCallContext", call.incoming_call_context},
              {"correlationId", call.correlation_id}};
  if (!call.custom.sip.empty() || !call.custom.voip.empty()) {
    out["customContext"] = {{"sipHeaders", call.custom.sip}, {"voipHeaders", call.custom.voip}};
  }
  return out;
}

}  // namespace

json to_json(const call_automation::Participant& participant) {
  return {{"identifier", identity::to_json(participant.who)},
          {"isMuted", participant.muted},
          {"isOnHold", participant.on_hold}};
}

std::string to_cloud_events(const CallEvent& event, const std::string& id, WallTime at) {
  json data = event.more;
  data["callConnectionId"] = event.connection_id;
  data["serverCallId"] = event.server_call_id;
  data["correlationId"] = event.correlation_id;
  if (!event.context.empty()) data["operationContext"] = event.context;
  if (event.result) data["resultInformation"] = to_json(*event.result);
  const std::string source = "calling/callConnections/" + event.connection_id;
  return dump({{{"id", id},
                {"source", source},
                {"type", "Microsoft.Communication." + event.type},
                {"time", iso8601(at)},
                {"specversion", "1.0"},
                {"datacontenttype", "application/json"},
                {"subject", source},
                {"data", std::move(data)}}});
}

std::string to_notification(const IncomingCall& call, EventSchema schema, const std::string& topic,
                            const std::string& id, WallTime at) {
  constexpr const char* kType = "Microsoft.Communication.IncomingCall";
  const std::string subject = "/caller/" + call.from + "/recipient/" + call.to;
  if (schema == EventSchema::CloudEvents) {
    return dump({{"id", id},
                 {"source", topic},
                 {"type", kType},
                 {"time", iso8601(at)},
                 {"specversion", "1.0"},
                 {"subject", subject},
                 {"data", data_of(call)}});
  }
  return dump({{{"id", id},
                {"topic", topic},
                {"subject", subject},
                {"data", data_of(call)},
                {"eventType", kType},
                {"dataVersion", "1.0"},
                {"metadataVersion", "1"},
                {"eventTime", iso8601(at)}}});
}

std::string to_subscription_validation(const std::string& code, const std::string& url,
                                       const std::string& topic, const std::string& id,
                                       WallTime at) {
  return dump({{{"id", id},
                {"topic", topic},
                {"subject", ""},
                {"data", {{"validationCode", code}, {"validationUrl", url}}},
                {"eventType", "Microsoft.EventGrid.SubscriptionValidationEvent"},
                {"dataVersion", "2"},
                {"metadataVersion", "1"},
                {"eventTime", iso8601(at)}}});
}

}  // namespace gw::acs::events
