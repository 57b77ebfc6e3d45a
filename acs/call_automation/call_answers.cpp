#include "acs/call_automation/call_answers.h"

#include <nlohmann/json.hpp>

#include "acs/identity/identifier_json.h"

namespace gw::acs::call_automation {
namespace {

using http::Response;
using nlohmann::json;

json to_json(const Participant& participant) {
  return {{"identifier", identity::to_json(participant.who)},
          {"isMuted", participant.muted},
          {"isOnHold", participant.on_hold}};
}

json to_json(const CallProperties& call) {
  json out = {{"callConnectionId", call.connection_id},       {"serverCallId", call.server_call_id},
              {"callConnectionState", to_string(call.state)}, {"callbackUri", call.callback_uri},
              {"correlationId", call.correlation_id},         {"targets", json::array()}};
  for (const std::string& target : call.targets)
    out["targets"].push_back(identity::to_json(target));
  if (!call.source.empty()) out["source"] = identity::to_json(call.source);
  if (!call.source_display_name.empty()) out["sourceDisplayName"] = call.source_display_name;
  if (!call.caller_id.empty()) {
    out["sourceCallerIdNumber"] = identity::number_json(call.caller_id);
  }
  if (!call.answered_by.empty()) out["answeredBy"] = identity::user_json(call.answered_by);
  if (!call.answered_for.empty()) out["answeredFor"] = identity::number_json(call.answered_for);
  if (call.streaming) {
    out["mediaStreamingSubscription"] = {{"id", call.streaming->id},
                                         {"state", call.streaming->active ? "active" : "inactive"},
                                         {"subscribedContentTypes", {"audio"}}};
  }
  return out;
}

}  // namespace

std::string_view to_string(ConnectionState state) {
  switch (state) {
    case ConnectionState::Unknown: return "unknown";
    case ConnectionState::Connecting: return "connecting";
    case ConnectionState::Connected: return "connected";
    case ConnectionState::Transferring: return "transferring";
    case ConnectionState::TransferAccepted: return "transferAccepted";
    case ConnectionState::Disconnecting: return "disconnecting";
    case ConnectionState::Disconnected: return "disconnected";
  }
  return "unknown";
}

Response to_response(const Outcome& outcome, unsigned status, const std::string& context) {
  if (!outcome) return rest::to_response(outcome.error());
  json body;
  if (const auto* call = std::get_if<CallProperties>(&*outcome)) {
    body = to_json(*call);
  } else if (const auto* all = std::get_if<Participants>(&*outcome)) {
    body = {{"value", json::array()}};
    for (const Participant& one : all->all) body["value"].push_back(to_json(one));
  } else if (const auto* one = std::get_if<Participant>(&*outcome)) {
    body = to_json(*one);
  } else if (const auto* invitation = std::get_if<Invitation>(&*outcome)) {
    body = {{"participant", to_json(invitation->participant)}, {"invitationId", invitation->id}};
  } else {
    body = json::object();
  }
  const bool tagged = !std::holds_alternative<CallProperties>(*outcome) &&
                      !std::holds_alternative<Participants>(*outcome) &&
                      !std::holds_alternative<Participant>(*outcome);
  if (tagged && !context.empty()) body["operationContext"] = context;
  if (status == 204) {
    Response response;
    response.status = 204;
    return response;
  }
  return Response::json(status, body.dump(-1, ' ', false, json::error_handler_t::replace));
}

}  // namespace gw::acs::call_automation
