#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "acs/edge/edge_events.h"

// The bytes of proto/edge.proto: the one place that reads what users send, and the one that writes
// what they get. Everything that leaves parse() is bounded and free of control characters.
namespace gw::acs::edge::frames {

struct Register {
  std::string token, instance_id, display_name;
  struct Resume {
    std::string session_key;
    uint64_t last_seq = 0;
  };
  std::optional<Resume> resume;
  std::string client;  // "library/version", for the log.
};
struct RefreshToken {
  std::string token;
};
struct Unregister {};
struct Ping {
  int64_t t_ms = 0;
};
struct Nothing {
};  // Only an acknowledgement, or what we may ignore: ICE candidates, as we are ICE-lite.
struct Refused {  // Understood and not accepted: answered with this status.
  Status status;
};

// The events' `request`, `identity` and the caller's own display name are left for the session to
// fill in.
using Body = std::variant<Nothing, Refused, Register, RefreshToken, Unregister, Ping, Invited,
                          Offered, Accepted, Rejected, HungUp, HoldAsked, MuteAsked, DigitsAsked,
                          TransferAsked, QualityReported>;

struct ClientFrame {
  uint32_t request_id = 0;
  uint64_t ack = 0;
  Body body;
};

// nullopt: not a frame of ours at all.
std::optional<ClientFrame> parse(std::string_view message);

// What the gateway says: the encoded body, to which frame() adds the number. One body serves all
// devices that ring.
using EncodedBody = std::string;
std::string event_frame(uint64_t seq, std::string_view body);
std::string request_frame(uint32_t request_id, std::string_view body);

struct IceServer {
  std::vector<std::string> urls;
  std::string username, credential;
};
struct IncomingCall {
  std::string call_id;
  Identity from, to;
  CallContext context;
  WallTime expires{};
  Identity transferor{};
};
struct CallSnapshot {
  CallUpdate update;
  std::vector<Participant> participants;
  std::optional<IncomingCall> incoming;  // Still ringing.
};
struct Registered {
  std::string session_key, identity;
  WallTime token_expires{};
  bool resumed = false;
  std::vector<CallSnapshot> calls;
  std::optional<IceServer> turn;
  Duration ping_interval{}, ping_timeout{}, resume_window{};
  std::vector<std::string> features, caller_ids;
  std::string display_name;
};
enum class ClosingAction { Resume, Reregister, Stop };
enum class OfferWhy { WarmUp, Renegotiate };
struct Answer {
  std::string call_id, sdp;
  uint32_t generation = 0;
};

EncodedBody response(const Status& status, const std::optional<Answer>& answer = {});
EncodedBody registered(const Registered& registered);
EncodedBody token_expiring(WallTime at);
EncodedBody closing(ClosingAction action, const Status& status, Duration retry_after);
EncodedBody pong(int64_t t_ms, WallTime now);
EncodedBody incoming_call(const IncomingCall& call);
EncodedBody incoming_call_ended(const std::string& call_id, const EndReason& reason);
EncodedBody call_update(const CallUpdate& update);
EncodedBody call_ended(const std::string& call_id, const EndReason& reason);
EncodedBody participants(const std::string& call_id, uint64_t version,
                         const std::vector<Participant>& changed,
                         const std::vector<Participant>& removed);
EncodedBody transfer(const TransferUpdate& update);
EncodedBody offer_request(const std::string& call_id, uint32_t generation, OfferWhy why);

}  // namespace gw::acs::edge::frames
