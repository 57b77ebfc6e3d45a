#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"

namespace gw::acs::edge {

// The words of proto/edge.proto as plain values, so that calls know nothing of protobuf.

struct Identity {
  std::string raw_id;  // "8:acs:<guid>_<guid>", "4:+14255550123", "4:101", "4:anonymous"
  std::string display_name;
};

enum class Category {
  Unspecified,
  Success,
  ExpectedError,
  UnexpectedClientError,
  UnexpectedServerError
};

struct Status {
  uint32_t code = 0;  // 0 = done.
  uint32_t sub_code = 0;
  std::string message;
  Category category = Category::Success;
};

struct EndReason {
  enum class By { Unspecified, Local, Remote, Network };
  Status status;
  uint32_t sip_status = 0;
  uint32_t q850_cause = 0;
  By by = By::Unspecified;
};

struct CallContext {
  std::string user_to_user;
  std::vector<std::pair<std::string, std::string>>
      headers;  // X-MS-Custom-*, at most five, no CR or LF; toward users History-Info and Diversion
                // too.
};

enum class CallState { Trying, Ringing, EarlyMedia, Connected, LocalHold, RemoteHold };

struct CallUpdate {
  std::string call_id;
  CallState state = CallState::Trying;
  bool muted = false;
  Identity remote;
  std::string server_call_id;
  bool outgoing = false;
  uint32_t sip_status = 0;
  int64_t connected_at_ms = 0;
  Identity transferor;  // Who gave this call to the user; empty raw_id = nobody.
};

// What becomes of a transfer: for the user who asked (Accepted: for who is passed on).
struct TransferUpdate {
  enum class State { Transferring, Transferred, Failed, Accepted };
  std::string call_id;
  State state = State::Transferring;
  Status error;  // Failed.
  std::string new_call_id;
};

enum class ParticipantState { Connecting, Ringing, EarlyMedia, Connected, Hold, Disconnected };

struct Participant {
  std::string participant_id;
  Identity identity;
  ParticipantState state = ParticipantState::Connecting;
  bool muted = false;
  bool speaking = false;
};

// A device = one session of an identity (one browser tab). Stable over reconnects within the resume
// window.
using DeviceId = std::string;

// What must be answered exactly once with EdgeServer::respond.
struct RequestRef {
  DeviceId device;
  uint32_t request_id = 0;  // The edge's own number for it, not the client's.
};

// ---- What users did. Delivered in order through EdgeEventSink. ----
struct Invited {
  RequestRef request;
  std::string identity;  // Who calls: verified from the token.
  std::string display_name;
  std::string call_id;  // Minted by the client; unused so far.
  std::vector<Identity> to;
  std::string caller_id;
  bool start_muted = false;
  CallContext context;
  std::string offer;  // SDP; empty = none yet.
  uint32_t generation = 0;
};
struct Offered {  // A new offer for a call (also while ringing, also ICE restart).
  RequestRef request;
  std::string call_id;
  uint32_t generation = 0;
  std::string sdp;
};
struct Accepted {
  RequestRef request;
  std::string call_id;
  bool start_muted = false;
  std::string offer;
  uint32_t generation = 0;
};
struct Rejected {
  RequestRef request;
  std::string call_id;
  bool busy = false;
};
struct HungUp {
  RequestRef request;
  std::string call_id;
  bool for_everyone = false;
};
struct HoldAsked {
  RequestRef request;
  std::string call_id;
  bool on = false;
};
struct MuteAsked {
  RequestRef request;
  std::string call_id;
  bool on = false;
};
struct DigitsAsked {
  RequestRef request;
  std::string call_id;
  std::string digits;        // Checked: 0-9 * # A-D !
  Duration length{}, gap{};  // 0 = the default; bounded.
};
struct TransferAsked {  // Of the other party: to somebody, or to that of another call of the
                        // user's.
  RequestRef request;
  std::string call_id;
  Identity target;
  std::string target_call_id;  // Empty: target is it.
  std::string caller_id;
  CallContext context;
};
struct DeviceGone {  // Unregistered, revoked, or away for longer than the resume window.
  DeviceId device;
  std::string identity;
  std::vector<std::string> call_ids;  // Those it was in or was ringing for.
  EndReason reason;                   // e.g. 496/7 or 401/...
};
struct DeviceCame {
  DeviceId device;
  std::string identity;
};
struct QualityReported {
  std::string call_id;
  uint32_t rtt_ms = 0, jitter_ms = 0;
  float loss_in = 0, loss_out = 0, mos = 0;
  std::string codec;
};
using EdgeEvent = std::variant<Invited, Offered, Accepted, Rejected, HungUp, HoldAsked, MuteAsked,
                               DigitsAsked, TransferAsked, DeviceGone, DeviceCame, QualityReported>;
// Called on the Asio thread: posts to signalling.
using EdgeEventSink = std::function<void(EdgeEvent)>;

}  // namespace gw::acs::edge
