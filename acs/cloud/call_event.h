#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace gw::acs::cloud {

// How an operation or a call went, in the service's codes.
struct ResultInformation {
  int code = 0, sub_code = 0;
  std::string message;
  int sip_status = 0;  // sipDetails.code
  int q850 = 0;        // q850Details.code
};

// A callback of Call Automation: a CloudEvent 1.0 about one call connection.
struct CallEvent {
  enum class Kind {
    CallConnected,
    CallDisconnected,
    CreateCallFailed,
    AnswerFailed,
    ParticipantsUpdated,
    CallTransferAccepted,
    CallTransferFailed,
    SendDtmfTonesCompleted,
    SendDtmfTonesFailed,
    ToneReceived,  // ContinuousDtmfRecognitionToneReceived
    MediaStreamingStarted,
    MediaStreamingStopped,
    MediaStreamingFailed,
    Other,  // Published and of no use here, or newer than we are.
  };

  Kind kind = Kind::Other;
  std::string id;    // Of the event: doubled deliveries have the same.
  std::string type;  // As sent.
  std::string connection_id, server_call_id, correlation_id, operation_context;
  ResultInformation result;
  std::vector<std::string> participants;  // Raw ids, of ParticipantsUpdated,
  int64_t sequence = 0;                   // which counts up: a late one is old news.
  std::string streaming_status;  // mediaStreamingStatusDetails: "streamConnectionInterrupted"
};
std::string_view to_string(CallEvent::Kind kind);

// The body of one delivery: an array of events, or a single one. What is no event of a call is left
// out. An error: the body is no JSON, or far too many at once. Pure; a fuzz target.
Result<std::vector<CallEvent>> parse_call_events(std::string_view body);

}  // namespace gw::acs::cloud
