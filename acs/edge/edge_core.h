#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "acs/edge/edge_metrics.h"
#include "acs/edge/edge_server.h"
#include "acs/edge/edge_session.h"
#include "acs/edge/presence.h"
#include "base/token_bucket.h"

namespace gw::acs::edge {

// What the edge is given.
struct EdgeParts {
  identity::TokenService& tokens;
  const EdgeConfig config;
  const UserLookup users;
  const Clock& clock;
  Random& random;
  Metrics& metrics;
  const Log log;
  const EdgeEventSink events;
};

// All sessions and what goes on in them. Owned by the EdgeServer; everything here runs on the Asio
// thread, except what Presence says.
class EdgeCore {
 public:
  EdgeCore(EdgeParts parts, Presence& presence);

  // Sockets. A link is a socket's number; a late word from one that was replaced finds nothing.
  bool admits(const http::Request& request);
  uint64_t opened(std::shared_ptr<http::WebSocket> socket);
  void received(uint64_t link, std::string_view message);
  void closed(uint64_t link);

  // What EdgeServer promises.
  void ring(const EdgeServer::Ring& ring, const std::vector<DeviceId>& promised);
  void respond(const RequestRef& request, const Status& status, std::optional<std::string> answer,
               uint32_t generation);
  void settle(const std::string& call_id, const DeviceId& device, const EndReason& for_others);
  void update(const DeviceId& device, const CallUpdate& update);
  void participants(const DeviceId& device, const std::string& call_id,
                    const std::vector<Participant>& changed,
                    const std::vector<Participant>& removed);
  void transfer(const DeviceId& device, const TransferUpdate& update);
  void request_offer(const DeviceId& device, const std::string& call_id, uint32_t generation);
  void end(const std::string& call_id, const DeviceId& device, const EndReason& reason);
  void revoke(std::string_view identity);
  void shut_down();

  // Everything that depends on time: silence, resume windows, tokens.
  void sweep();

 private:
  struct Link {
    std::shared_ptr<http::WebSocket> socket;
    TimePoint opened;
    EdgeSession* session = nullptr;  // None until it has registered.
  };
  struct User {
    std::vector<DeviceId> devices;
    TokenBucket bucket;
  };
  struct KnownCall {
    std::vector<DeviceId> devices;         // That ring for it or have it.
    std::optional<EdgeServer::Ring> ring;  // While it rings: a device that comes later rings too.
  };

  // Registration (edge_registration.cpp).
  void first_frame(uint64_t link, const frames::ClientFrame& frame);
  void register_device(uint64_t link, uint32_t request_id, const frames::Register& wanted,
                       identity::Claims claims);
  EdgeSession* find_to_resume(const frames::Register& wanted, const identity::Claims& claims);
  EdgeSession* find_instance(const std::string& instance, const std::string& identity);
  EdgeSession* make_session(const frames::Register& wanted, identity::Claims claims);
  bool make_room(const std::string& identity);
  void attach(EdgeSession& session, uint64_t link);
  void welcome(EdgeSession& session, uint32_t request_id, bool resumed);
  void turn_away(uint64_t link, uint32_t request_id, const Status& status, uint16_t close_code);
  std::string new_session_key(const DeviceId& device);

  // Requests (edge_requests.cpp). The ticket is the request's name in the session's RequestLog; 0 =
  // nobody waits.
  void handle(EdgeSession& session, const frames::ClientFrame& frame);
  bool within_rate(EdgeSession& session, const frames::ClientFrame& frame);
  void take(EdgeSession& session, uint32_t ticket, const frames::Nothing&);
  void take(EdgeSession& session, uint32_t ticket, const frames::Refused& refused);
  void take(EdgeSession& session, uint32_t ticket, const frames::Register&);
  void take(EdgeSession& session, uint32_t ticket, const frames::RefreshToken& refresh);
  void take(EdgeSession& session, uint32_t ticket, const frames::Unregister&);
  void take(EdgeSession& session, uint32_t ticket, const frames::Ping& ping);
  void take(EdgeSession& session, uint32_t ticket, Invited invited);
  void take(EdgeSession& session, uint32_t ticket, Offered offered);
  void take(EdgeSession& session, uint32_t ticket, Accepted accepted);
  void take(EdgeSession& session, uint32_t ticket, Rejected rejected);
  void take(EdgeSession& session, uint32_t ticket, HungUp hung_up);
  void take(EdgeSession& session, uint32_t ticket, HoldAsked hold);
  void take(EdgeSession& session, uint32_t ticket, MuteAsked mute);
  void take(EdgeSession& session, uint32_t ticket, DigitsAsked digits);
  void take(EdgeSession& session, uint32_t ticket, TransferAsked transfer);
  void take(EdgeSession& session, uint32_t ticket, QualityReported quality);
  template <class Event>
  void pass_on(EdgeSession& session, uint32_t ticket, Event event, RequestLog::Kind kind);
  void refuse(EdgeSession& session, uint32_t ticket, uint32_t code, uint32_t sub_code,
              std::string message);
  void after_answer(EdgeSession& session, const RequestLog::Request& what, const Status& status);

  // Calls and sessions (edge_core.cpp).
  void ring_one(EdgeSession& session, const EdgeServer::Ring& ring);
  void end_at(EdgeSession& session, const std::string& call_id, const EndReason& reason);
  void forget_call(EdgeSession& session, const std::string& call_id);
  EdgeSession* find(const DeviceId& device);
  void drop_link(EdgeSession& session, uint16_t code, std::string reason);
  void close_link(uint64_t link, uint16_t code, std::string reason);
  void gone(const DeviceId& device, const EndReason& reason);
  void watch_token(EdgeSession& session);
  void count_sessions();

  const EdgeParts parts_;
  Presence& presence_;
  EdgeMetrics metrics_;

  std::unordered_map<uint64_t, Link> links_;
  std::unordered_map<DeviceId, std::unique_ptr<EdgeSession>> sessions_;
  std::unordered_map<std::string, User> users_;
  std::unordered_map<std::string, KnownCall> calls_;
  std::unordered_map<std::string, TokenBucket> login_failures_;  // By source address.
  uint64_t next_link_ = 1;
  size_t attached_ = 0;  // Sessions with a socket.
  bool shutting_down_ = false;
};

}  // namespace gw::acs::edge
