#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "acs/cloud/api_request.h"

namespace gw::acs::cloud {

// Azure's Call Automation API, 2026-03-12: every operation is accepted at once, its outcome comes
// as a callback event. Pure.

// How a call's sound comes to us: Azure dials our WebSocket.
struct MediaStreaming {
  std::string transport_url;  // wss://
  bool unmixed = false;       // One stream a participant instead of one for all.
  int sample_rate = 16000;    // 16000 or 24000.
};

struct CreateCall {
  std::string target;  // Raw id: "8:acs:...", "4:+1425..."
  std::string source;  // "8:acs:..."; empty = the service makes one.
  std::string source_display_name{};
  std::string source_number{};  // Needed when the target is a number.
  std::string operation_context{};
  std::string callback_uri;
  std::optional<MediaStreaming> media{};
};
ApiRequest create_call(const CreateCall& call);

struct AnswerCall {
  std::string incoming_call_context;
  std::string answered_by{};  // "8:acs:..."
  std::string operation_context{};
  std::string callback_uri;
  std::optional<MediaStreaming> media{};
};
ApiRequest answer_call(const AnswerCall& call);

enum class RejectReason { None, Busy, Forbidden };
ApiRequest reject_call(std::string_view incoming_call_context, RejectReason reason);
ApiRequest redirect_call(std::string_view incoming_call_context, std::string_view target);

ApiRequest leave_call(std::string_view connection_id);      // A call of two ends by it.
ApiRequest terminate_call(std::string_view connection_id);  // For everybody.

struct Transfer {
  std::string connection_id;
  std::string target;           // Raw id.
  std::string transferee{};     // Of a call of more than two.
  std::string source_number{};  // Needed when the target is a number.
  std::string operation_context{};
};
ApiRequest transfer_call(const Transfer& transfer);

// Keys 0-9 * # A-D toward one participant; others are left out.
ApiRequest send_dtmf(std::string_view connection_id, std::string_view keys,
                     std::string_view participant, std::string_view operation_context);

ApiRequest start_media_streaming(std::string_view connection_id, std::string_view operation_context,
                                 std::string_view operation_callback_uri);

}  // namespace gw::acs::cloud
