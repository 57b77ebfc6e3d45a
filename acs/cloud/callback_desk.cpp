#include "acs/cloud/callback_desk.h"

#include <openssl/crypto.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "acs/rest/rest_error.h"
#include "acs/rest/signing.h"

namespace gw::acs::cloud {
namespace {

constexpr size_t kSeen = 10'000;  // Deliveries are repeated within minutes.

http::Response empty(unsigned status) {
  return http::Response::text(status, "");
}

}  // namespace

CallbackDesk::CallbackDesk(Needs needs, Masked webhook_secret)
    : needs_(std::move(needs)),
      secret_(std::move(webhook_secret)),
      seen_events_(kSeen),
      seen_calls_(kSeen) {
  needs_.http.route("POST " + std::string(kCallbacks),
                    [this](const http::Request& request, const http::Respond& respond) {
                      on_callback(request, respond);
                    });
  needs_.http.route("POST " + std::string(kEvents),
                    [this](const http::Request& request, const http::Respond& respond) {
                      on_delivery(request, respond);
                    });
  needs_.http.route("OPTIONS " + std::string(kEvents),
                    [this](const http::Request& request, const http::Respond& respond) {
                      on_handshake(request, respond);
                    });
}

bool CallbackDesk::bind(const std::string& token, const std::string& connection_id) {
  const auto it = expected_.find(token);
  if (it == expected_.end() || connection_id.empty()) return false;
  if (it->second.empty()) it->second = connection_id;
  return it->second == connection_id;
}

void CallbackDesk::refuse(const http::Respond& respond, unsigned status, std::string_view reason) {
  needs_.metrics
      .counter("gw_cloud_callbacks_refused_total", "Callbacks and events that were not let in.",
               {{"reason", std::string(reason)}})
      .Increment();
  const bool denied = status == 401;
  respond(rest::to_response(
      {status, denied ? "Denied" : "BadRequest",
       denied ? "Denied by the resource provider." : "The delivery cannot be taken."}));
}

void CallbackDesk::on_callback(const http::Request& request, const http::Respond& respond) {
  std::string token = request.path.substr(kCallbacks.size());
  if (!expects(token)) return refuse(respond, 404, "unknown_call");
  needs_.tokens.check(request.header("Authorization"),
                      [this, token, body = request.body, respond](std::string_view refusal) {
                        if (!refusal.empty()) return refuse(respond, 401, refusal);
                        take_callbacks(token, body, respond);
                      });
}

void CallbackDesk::take_callbacks(const std::string& token, const std::string& body,
                                  const http::Respond& respond) {
  const auto events = parse_call_events(body);
  if (!events) return refuse(respond, 400, "malformed");
  for (const CallEvent& event : *events) {
    // One delivery is of one call; a stranger in it spoils it.
    if (!bind(token, event.connection_id)) return refuse(respond, 404, "unknown_connection");
  }
  respond(empty(200));  // At once: what follows from it may take its time.
  for (const CallEvent& event : *events) {
    const bool fresh = seen_events_.add(event.id);
    needs_.metrics
        .counter("gw_cloud_events_total", "Callback events by type.",
                 {{"type", std::string(to_string(event.kind))}, {"again", fresh ? "no" : "yes"}})
        .Increment();
    if (fresh) needs_.on_event(token, event);
  }
}

// Digests, so that neither time nor length says how near a guess was.
bool CallbackDesk::knows_secret(const http::Request& request) const {
  const std::string given = rest::sha256(request.path.substr(kEvents.size()));
  const std::string wanted = rest::sha256(secret_.reveal());
  return !secret_.empty() && CRYPTO_memcmp(given.data(), wanted.data(), wanted.size()) == 0;
}

void CallbackDesk::on_delivery(const http::Request& request, const http::Respond& respond) {
  if (!knows_secret(request)) return refuse(respond, 401, "webhook_secret");
  const auto delivery = parse_event_delivery(request.body);
  if (!delivery) return refuse(respond, 400, "malformed");
  if (delivery->validation_code) {
    needs_.log.info("event grid subscription was validated");
    // 202 would not be taken.
    return respond(http::Response::json(
        200, nlohmann::json{{"validationResponse", *delivery->validation_code}}.dump(
                 -1, ' ', false, nlohmann::json::error_handler_t::replace)));
  }
  respond(empty(200));
  for (const IncomingCall& call : delivery->calls) {
    // An event is delivered at least once; the context is what names the call.
    if (seen_calls_.add(rest::sha256(call.context))) needs_.on_incoming(call);
  }
}

// CloudEvents' handshake (HTTP 1.1 Web Hooks for Event Delivery, 4).
void CallbackDesk::on_handshake(const http::Request& request, const http::Respond& respond) {
  if (!knows_secret(request)) return refuse(respond, 401, "webhook_secret");
  const std::string_view origin = request.header("WebHook-Request-Origin");
  if (origin.empty()) return refuse(respond, 400, "handshake");
  http::Response response = empty(200);
  response.headers.emplace_back("WebHook-Allowed-Origin", origin);
  response.headers.emplace_back("WebHook-Allowed-Rate", "*");
  response.headers.emplace_back("Allow", "POST");
  respond(std::move(response));
}

}  // namespace gw::acs::cloud
