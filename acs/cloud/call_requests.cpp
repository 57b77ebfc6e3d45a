#include "acs/cloud/call_requests.h"

#include <nlohmann/json.hpp>

#include "acs/cloud/identity_requests.h"
#include "acs/identity/identifier_json.h"
#include "acs/identity/tones.h"

namespace gw::acs::cloud {
namespace {

using nlohmann::json;

constexpr std::string_view kConnections = "/calling/callConnections";
constexpr std::string_view kVersion = "?api-version=2026-03-12";

// Text from phones may be no UTF-8: then it is replaced, not thrown.
std::string dump(const json& body) {
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

ApiRequest post(std::string_view operation, const std::string& path, const json& body) {
  return {.operation = operation,
          .method = "POST",
          .target = std::string(kConnections) + path + std::string(kVersion),
          .body = dump(body),
          .content_type = "application/json",
          .repeatable = true};
}

std::string of(std::string_view connection_id, std::string_view verb) {
  return "/" + path_segment(connection_id) + std::string(verb);
}

json streaming(const MediaStreaming& media) {
  return {{"transportType", "websocket"},
          {"transportUrl", media.transport_url},
          {"contentType", "audio"},
          {"audioChannelType", media.unmixed ? "unmixed" : "mixed"},
          {"startMediaStreaming", true},
          {"enableBidirectional", true},
          {"audioFormat", media.sample_rate == 24000 ? "pcm24KMono" : "pcm16KMono"},
          {"enableDtmfTones", true}};
}

void put(json& body, const char* key, const std::string& text) {
  if (!text.empty()) body[key] = text;
}

}  // namespace

ApiRequest create_call(const CreateCall& call) {
  json body = {{"targets", json::array({identity::to_json(call.target)})},
               {"callbackUri", call.callback_uri}};
  if (!call.source.empty()) body["source"] = identity::user_json(call.source);
  put(body, "sourceDisplayName", call.source_display_name);
  if (!call.source_number.empty()) {
    body["sourceCallerIdNumber"] = identity::number_json(call.source_number);
  }
  put(body, "operationContext", call.operation_context);
  if (call.media) body["mediaStreamingOptions"] = streaming(*call.media);
  return post("create_call", "", body);
}

ApiRequest answer_call(const AnswerCall& call) {
  json body = {{"incomingCallContext", call.incoming_call_context},
               {"callbackUri", call.callback_uri}};
  put(body, "operationContext", call.operation_context);
  if (!call.answered_by.empty()) body["answeredBy"] = identity::user_json(call.answered_by);
  if (call.media) body["mediaStreamingOptions"] = streaming(*call.media);
  return post("answer_call", ":answer", body);
}

ApiRequest reject_call(std::string_view incoming_call_context, RejectReason reason) {
  const char* word = "none";
  if (reason == RejectReason::Busy) word = "busy";
  if (reason == RejectReason::Forbidden) word = "forbidden";
  return post(
      "reject_call", ":reject",
      {{"incomingCallContext", std::string(incoming_call_context)}, {"callRejectReason", word}});
}

ApiRequest redirect_call(std::string_view incoming_call_context, std::string_view target) {
  return post("redirect_call", ":redirect",
              {{"incomingCallContext", std::string(incoming_call_context)},
               {"target", identity::to_json(target)}});
}

ApiRequest leave_call(std::string_view connection_id) {
  return {.operation = "leave_call",
          .method = "DELETE",
          .target = std::string(kConnections) + of(connection_id, "") + std::string(kVersion)};
}

ApiRequest terminate_call(std::string_view connection_id) {
  return {
      .operation = "terminate_call",
      .method = "POST",
      .target = std::string(kConnections) + of(connection_id, ":terminate") + std::string(kVersion),
      .repeatable = true};
}

ApiRequest transfer_call(const Transfer& transfer) {
  json body = {{"targetParticipant", identity::to_json(transfer.target)}};
  if (!transfer.transferee.empty()) body["transferee"] = identity::to_json(transfer.transferee);
  if (!transfer.source_number.empty()) {
    body["sourceCallerIdNumber"] = identity::number_json(transfer.source_number);
  }
  put(body, "operationContext", transfer.operation_context);
  return post("transfer_call", of(transfer.connection_id, ":transferToParticipant"), body);
}

ApiRequest send_dtmf(std::string_view connection_id, std::string_view keys,
                     std::string_view participant, std::string_view operation_context) {
  json tones = json::array();
  for (const char key : keys) {
    if (const std::string_view name = tone_of_key(key); !name.empty()) tones.push_back(name);
  }
  json body = {{"tones", std::move(tones)},
               {"targetParticipant", identity::to_json(participant, identity::WithKind::No)}};
  put(body, "operationContext", std::string(operation_context));
  return post("send_dtmf", of(connection_id, ":sendDtmfTones"), body);
}

ApiRequest start_media_streaming(std::string_view connection_id, std::string_view operation_context,
                                 std::string_view operation_callback_uri) {
  json body = json::object();
  put(body, "operationContext", std::string(operation_context));
  put(body, "operationCallbackUri", std::string(operation_callback_uri));
  ApiRequest request =
      post("start_media_streaming", of(connection_id, ":startMediaStreaming"), body);
  request.repeatable = false;
  return request;
}

}  // namespace gw::acs::cloud
