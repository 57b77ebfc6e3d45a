#include "acs/cloud/incoming_call.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "acs/identity/any_case.h"
#include "acs/identity/identifier_json.h"

namespace gw::acs::cloud {
namespace {

using nlohmann::json;

constexpr size_t kMaxIncomingCalls = 100;
constexpr size_t kMaxContext = 65536;
constexpr size_t kMaxName = 256;
constexpr size_t kMaxRawId = 256;
constexpr std::string_view kIncoming = "Microsoft.Communication.IncomingCall";
constexpr std::string_view kValidation = "Microsoft.EventGrid.SubscriptionValidationEvent";

std::string party(const json& data, std::string_view name) {
  const json* who = member(data, name);
  return who ? identity::raw_id_of(*who).substr(0, kMaxRawId) : std::string();
}

std::optional<IncomingCall> read_incoming(const json& event, const json& data) {
  IncomingCall call;
  call.event_id = text_of(event, "id");
  call.from = party(data, "from");
  call.to = party(data, "to");
  call.caller_name = text_of(data, "callerDisplayName").substr(0, kMaxName);
  call.server_call_id = text_of(data, "serverCallId");
  call.correlation_id = text_of(data, "correlationId");
  call.context = text_of(data, "incomingCallContext");
  if (call.to.empty() || call.context.empty() || call.context.size() > kMaxContext)
    return std::nullopt;
  return call;
}

}  // namespace

Result<EventDelivery> parse_event_delivery(std::string_view body) {
  json all = json::parse(body, nullptr, false);
  if (all.is_object()) all = json::array({std::move(all)});
  if (!all.is_array()) return fail(ErrorCode::InvalidArgument, "the body is no list of events");
  if (all.size() > kMaxIncomingCalls)
    return fail(ErrorCode::InvalidArgument, "too many events at once");
  EventDelivery delivery;
  for (const json& event : all) {
    std::string type = text_of(event, "eventType");
    if (type.empty()) type = text_of(event, "type");
    const json* data = member(event, "data");
    if (data && type == kValidation) {
      delivery.validation_code = text_of(*data, "validationCode");
      continue;
    }
    auto call = data && type == kIncoming ? read_incoming(event, *data) : std::nullopt;
    if (call) {
      delivery.calls.push_back(std::move(*call));
    } else {
      ++delivery.ignored;
    }
  }
  return delivery;
}

}  // namespace gw::acs::cloud
