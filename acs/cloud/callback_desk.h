#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "acs/cloud/call_event.h"
#include "acs/cloud/incoming_call.h"
#include "acs/cloud/recent_ids.h"
#include "acs/cloud/token_check.h"
#include "acs/http/http_server.h"
#include "base/log.h"
#include "base/masked.h"
#include "base/metrics.h"

namespace gw::acs::cloud {

// Where ACS calls back: callbacks of our calls at /acs/callbacks/TOKEN, each call with a token of
// its own that nobody guesses, and Event Grid's deliveries at /acs/events/SECRET. Callbacks carry a
// signed token besides; Event Grid's do not, the secret in their URL is all that protects them.
// What is not ours is refused and counted. Owned by the CloudService; Asio thread.
class CallbackDesk {
 public:
  struct Needs {
    http::HttpServer& http;
    TokenCheck& tokens;
    Metrics& metrics;
    Log log;
    std::function<void(const std::string& token, const CallEvent& event)> on_event;
    std::function<void(const IncomingCall& call)> on_incoming;
  };
  // Adds its routes: before the server starts.
  CallbackDesk(Needs needs, Masked webhook_secret);

  static constexpr std::string_view kCallbacks = "/acs/callbacks/";
  static constexpr std::string_view kEvents = "/acs/events/";

  // From now on calls with this token are ours, until it is forgotten. What asks for the token's
  // first connection id binds it: another one is refused from then on.
  void expect(const std::string& token) { expected_.try_emplace(token); }
  void forget(const std::string& token) { expected_.erase(token); }
  bool bind(const std::string& token, const std::string& connection_id);
  bool expects(const std::string& token) const { return expected_.contains(token); }

 private:
  void on_callback(const http::Request& request, const http::Respond& respond);
  void take_callbacks(const std::string& token, const std::string& body,
                      const http::Respond& respond);
  void on_delivery(const http::Request& request, const http::Respond& respond);
  void on_handshake(const http::Request& request, const http::Respond& respond);
  bool knows_secret(const http::Request& request) const;
  void refuse(const http::Respond& respond, unsigned status, std::string_view reason);

  const Needs needs_;
  const Masked secret_;
  std::map<std::string, std::string, std::less<>> expected_;  // Token -> connection id, once known.
  RecentIds seen_events_, seen_calls_;
};

}  // namespace gw::acs::cloud
