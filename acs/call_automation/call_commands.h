#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

#include "acs/rest/rest_error.h"
#include "base/clock.h"

namespace gw::acs::call_automation {

// What an app asks of a call, and what it is told at once; the outcome comes as an event. Values:
// they cross threads. Parties are raw ids ("8:acs:...", "4:+14255550100").

// How an operation's events find back to who asked for it.
struct Tag {
  std::string context;       // operationContext, echoed.
  std::string callback_uri;  // operationCallbackUri; "" = the call's.
};

struct MediaStreaming {
  std::string url;     // wss://
  bool mixed = true;   // Else a stream for each participant.
  bool start = false;  // With the call.
  bool bidirectional = false;
  bool dtmf = false;  // Keys as frames too.
  unsigned rate = 16000;
};

struct CustomContext {
  std::map<std::string, std::string> sip, voip;
};

// ---- Calls ----
struct CreateCall {
  std::vector<std::string> targets;
  std::string source;  // The identity that calls; "" = none was named.
  std::string source_display_name;
  std::string caller_id;  // E.164, for targets that are phone numbers.
  std::string callback_uri, context;
  std::optional<MediaStreaming> streaming;
};
struct AnswerCall {
  std::string incoming_call_context, callback_uri, context, answered_by;
  std::optional<MediaStreaming> streaming;
};
struct RedirectCall {
  std::string incoming_call_context, target;
};
enum class RejectReason { None, Busy, Forbidden };
struct RejectCall {
  std::string incoming_call_context;
  RejectReason reason = RejectReason::None;
};
struct ConnectCall {
  std::string server_call_id, callback_uri, context;
  std::optional<MediaStreaming> streaming;
};

// ---- Of one call connection ----
struct GetCall {};
struct HangUp {
  bool for_everyone = false;
};
struct ListParticipants {};
struct GetParticipant {
  std::string who;
};
struct AddParticipant {
  std::string who, source_display_name, caller_id;
  std::optional<Duration> timeout;
  CustomContext custom;
  Tag tag;
};
struct RemoveParticipant {
  std::string who;
  Tag tag;
};
struct MuteParticipant {
  std::string who;
  Tag tag;
};
struct CancelAddParticipant {
  std::string invitation_id;
  Tag tag;
};
struct Transfer {
  std::string target, transferee, caller_id;
  CustomContext custom;
  Tag tag;
};
struct Play {
  std::vector<std::string> files;  // URLs, one after the other.
  std::vector<std::string> to;     // Empty = everybody.
  bool loop = false;
  bool interrupt = false;  // What plays now is cancelled; else this one waits.
  Tag tag;
};
struct Recognize {
  std::string from;
  std::vector<std::string> prompt;  // URLs.
  bool interrupt_prompt = false;    // A key ends the prompt; else keys count after it.
  bool interrupt = false;
  Duration initial_silence = 5s;
  Duration inter_tone = 2s;
  size_t max_tones = 0;    // 0 = until a stop tone or silence.
  std::string stop_tones;  // "#*"
  Tag tag;
};
struct CancelMedia {};
struct ContinuousTones {
  std::string from;
  bool on = false;
  Tag tag;
};
struct SendTones {
  std::string tones, to;
  Tag tag;
};
struct Hold {
  std::string who;
  std::vector<std::string> music;
  Tag tag;
};
struct Unhold {
  std::string who;
  Tag tag;
};
struct Streaming {
  bool on = false;
  Tag tag;
};

using Command =
    std::variant<CreateCall, AnswerCall, RedirectCall, RejectCall, ConnectCall, GetCall, HangUp,
                 ListParticipants, GetParticipant, AddParticipant, RemoveParticipant,
                 MuteParticipant, CancelAddParticipant, Transfer, Play, Recognize, CancelMedia,
                 ContinuousTones, SendTones, Hold, Unhold, Streaming>;

// ---- Answers ----
enum class ConnectionState {
  Unknown,
  Connecting,
  Connected,
  Transferring,
  TransferAccepted,
  Disconnecting,
  Disconnected
};

struct StreamingState {
  std::string id;
  bool active = false;
};

struct CallProperties {
  std::string connection_id, server_call_id, correlation_id;
  std::vector<std::string> targets;
  ConnectionState state = ConnectionState::Unknown;
  std::string callback_uri, source, source_display_name, caller_id, answered_by, answered_for;
  std::optional<StreamingState> streaming;
};

struct Participant {
  std::string who;
  bool muted = false, on_hold = false;
  bool operator==(const Participant&) const = default;
};
struct Participants {
  std::vector<Participant> all;
};
struct Invitation {
  Participant participant;
  std::string id;
};
struct Accepted {};  // Done, or begun; there is nothing to tell.

using Reply = std::variant<Accepted, CallProperties, Participants, Participant, Invitation>;
using Outcome = tl::expected<Reply, rest::RestError>;

// Who does what apps ask. The gateway's side of the seam; it answers once, on any thread.
class CallAutomation {
 public:
  virtual ~CallAutomation() = default;
  // `connection` is empty for the commands that make one.
  virtual void perform(const std::string& connection, Command command,
                       std::function<void(Outcome)> answer) = 0;
};

}  // namespace gw::acs::call_automation
