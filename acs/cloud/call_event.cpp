#include "acs/cloud/call_event.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "acs/identity/any_case.h"
#include "acs/identity/identifier_json.h"

namespace gw::acs::cloud {
namespace {

using nlohmann::json;
using Kind = CallEvent::Kind;

constexpr size_t kMaxEvents = 100;        // Of one delivery; the service batches a few.
constexpr size_t kMaxParticipants = 400;  // The service's own limit is 350.
constexpr std::string_view kPrefix = "Microsoft.Communication.";

constexpr std::pair<std::string_view, Kind> kKinds[] = {
    {"CallConnected", Kind::CallConnected},
    {"CallDisconnected", Kind::CallDisconnected},
    {"CreateCallFailed", Kind::CreateCallFailed},
    {"AnswerFailed", Kind::AnswerFailed},
    {"ParticipantsUpdated", Kind::ParticipantsUpdated},
    {"CallTransferAccepted", Kind::CallTransferAccepted},
    {"CallTransferFailed", Kind::CallTransferFailed},
    {"SendDtmfTonesCompleted", Kind::SendDtmfTonesCompleted},
    {"SendDtmfTonesFailed", Kind::SendDtmfTonesFailed},
    {"ContinuousDtmfRecognitionToneReceived", Kind::ToneReceived},
    {"MediaStreamingStarted", Kind::MediaStreamingStarted},
    {"MediaStreamingStopped", Kind::MediaStreamingStopped},
    {"MediaStreamingFailed", Kind::MediaStreamingFailed},
};

int small(int64_t number) {
  return number >= 0 && number <= 9'999'999 ? static_cast<int>(number) : 0;
}

ResultInformation read_result(const json& data) {
  ResultInformation result;
  const json* info = member(data, "resultInformation");
  if (!info) return result;
  result.code = small(number_of(*info, "code"));
  result.sub_code = small(number_of(*info, "subCode"));
  result.message = text_of(*info, "message").substr(0, 400);
  if (const json* sip = member(*info, "sipDetails"))
    result.sip_status = small(number_of(*sip, "code"));
  if (const json* q850 = member(*info, "q850Details"))
    result.q850 = small(number_of(*q850, "code"));
  return result;
}

Kind kind_of(std::string_view type) {
  if (!type.starts_with(kPrefix)) return Kind::Other;
  type.remove_prefix(kPrefix.size());
  const auto* it = std::ranges::find(kKinds, type, &std::pair<std::string_view, Kind>::first);
  return it == std::end(kKinds) ? Kind::Other : it->second;
}

CallEvent read(const json& event, const json& data) {
  CallEvent out;
  out.type = text_of(event, "type");
  out.kind = kind_of(out.type);
  out.id = text_of(event, "id");
  out.connection_id = text_of(data, "callConnectionId");
  out.server_call_id = text_of(data, "serverCallId");
  out.correlation_id = text_of(data, "correlationId");
  out.operation_context = text_of(data, "operationContext");
  out.result = read_result(data);
  if (const json* list = member(data, "participants"); list && list->is_array()) {
    for (const json& one : *list) {
      if (out.participants.size() == kMaxParticipants) break;
      if (const json* who = member(one, "identifier"))
        out.participants.push_back(identity::raw_id_of(*who));
    }
  }
  out.sequence = number_of(data, "sequenceNumber");
  if (const json* update = member(data, "mediaStreamingUpdate")) {
    out.streaming_status = text_of(*update, "mediaStreamingStatusDetails");
  }
  return out;
}

}  // namespace

std::string_view to_string(Kind kind) {
  const auto* it = std::ranges::find(kKinds, kind, &std::pair<std::string_view, Kind>::second);
  return it == std::end(kKinds) ? "Other" : it->first;
}

Result<std::vector<CallEvent>> parse_call_events(std::string_view body) {
  json all = json::parse(body, nullptr, false);
  if (all.is_object()) all = json::array({std::move(all)});
  if (!all.is_array())
    return fail(ErrorCode::InvalidArgument, "the body is no list of CloudEvents");
  if (all.size() > kMaxEvents) return fail(ErrorCode::InvalidArgument, "too many events at once");
  std::vector<CallEvent> events;
  for (const json& one : all) {
    const json* data = member(one, "data");
    if (!data || !data->is_object()) continue;
    CallEvent event = read(one, *data);
    if (!event.connection_id.empty() && !event.type.empty()) events.push_back(std::move(event));
  }
  return events;
}

}  // namespace gw::acs::cloud
