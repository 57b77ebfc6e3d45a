#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "acs/edge/edge_events.h"
#include "acs/http/http_server.h"
#include "acs/identity/token_service.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"

namespace gw::acs::edge {

struct TurnConfig {  // RFC 8489 9.2 with time-limited credentials (coturn's use-auth-secret).
  std::vector<std::string> urls;
  std::string secret;
  Duration lifetime = 1h;
};

struct EdgeConfig {
  std::vector<std::string>
      allowed_origins;  // Exact origins; "localhost" = any port of any loopback origin.
  Duration resume_window = 120s;
  Duration ping_interval = 10s, ping_timeout = 30s;
  std::optional<TurnConfig> turn;
  size_t max_sessions = 20000;
  size_t max_sessions_per_identity = 8;  // Devices that ring; more are refused with 429.
  double requests_per_second = 20;       // Of one identity, burst twice that.
  Duration register_timeout = 5s;        // From the upgrade to Register.
  Duration token_warning = 5min;         // TokenExpiring goes out this long before.
  // A device whose token ran out may come back with a new one and keep its calls.
  Duration token_grace = 60s;
  Duration sweep_interval = 1s;  // How often the limits above are looked at.
};

// What the edge must know of a user; answered from a snapshot. Asio thread, returns at once.
struct UserCard {
  std::string display_name;
  std::vector<std::string> caller_ids;  // E.164 numbers that the user may present.
};
using UserLookup = std::function<std::optional<UserCard>(
    std::string_view identity)>;  // nullopt: unknown, but a valid token suffices.

// VoIP users' sessions: WebSocket at /edge, registration by token, devices of an identity, resume
// and replay, keep-alive (docs/architecture.md; CALLING's design choices). It keeps what is needed
// to replay and to describe each device's calls; what a call is, it does not know. Lives on the
// Asio thread; every public method may be called from any thread, returns at once and takes effect
// in the order of the calls. Owned by App.
class EdgeServer {
 public:
  static std::unique_ptr<EdgeServer> create(http::HttpServer& http, identity::TokenService& tokens,
                                            EdgeConfig config, UserLookup users, const Clock& clock,
                                            Random& random, Metrics& metrics, Log log,
                                            EdgeEventSink events);
  virtual ~EdgeServer() = default;

  // Rings every device of the identity: IncomingCall, and OfferRequest(WARM_UP) when `warm_up`.
  // Answers on the caller's thread how many devices that will be; 0 = the user is not there
  // (480/10037). `devices` are those that ring.
  struct Ring {
    std::string call_id;  // The call's id as the user sees it.
    std::string identity;
    Identity from, to;
    CallContext context;
    WallTime expires{};
    bool warm_up = true;
    Identity transferor{};  // Who gave the call away, if somebody did.
  };
  virtual std::vector<DeviceId> ring(const Ring& ring) = 0;
  virtual size_t devices(std::string_view identity) const = 0;

  // Exactly once for each RequestRef. `answer` goes with Invited, Offered and Accepted that carried
  // an offer.
  virtual void respond(const RequestRef& request, const Status& status,
                       std::optional<std::string> answer = {}, uint32_t generation = 0) = 0;

  // This device has the call now (it accepted, or it invited): the others that rang are told
  // IncomingCallEnded with `for_others` (487/10003).
  virtual void settle(const std::string& call_id, const DeviceId& device,
                      const EndReason& for_others) = 0;

  virtual void update(const DeviceId& device, const CallUpdate& update) = 0;
  virtual void participants(const DeviceId& device, const std::string& call_id,
                            std::vector<Participant> changed, std::vector<Participant> removed) = 0;
  virtual void transfer(const DeviceId& device, const TransferUpdate& update) = 0;
  virtual void request_offer(const DeviceId& device, const std::string& call_id,
                             uint32_t generation) = 0;

  // The call is over for this device, or (empty device) for every device that still rings or has
  // it: IncomingCallEnded to those that ring, CallEnded to the one that has it.
  virtual void end(const std::string& call_id, const DeviceId& device, const EndReason& reason) = 0;

  // Drops every session of an identity whose token was revoked: closes with 4401.
  virtual void revoke(std::string_view identity) = 0;

  virtual void shut_down() = 0;  // Tells every session to come back later (1012).
};

}  // namespace gw::acs::edge
