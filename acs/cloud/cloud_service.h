#pragma once

#include <functional>
#include <memory>
#include <string>

#include "acs/cloud/api_client.h"
#include "acs/cloud/callback_desk.h"
#include "acs/cloud/media_door.h"
#include "acs/cloud/published_keys.h"
#include "acs/cloud/token_check.h"
#include "acs/http/http_server.h"

namespace gw::acs::cloud {

// The gateway's side of an ACS resource on the edge server's Asio thread: asks its APIs, takes its
// callbacks, its incoming calls and its media WebSockets. Made before the server starts, gone after
// it stopped. What it hears it tells the sinks, there; methods marked so may be called from any
// thread.
class CloudService {
 public:
  struct Settings {
    Resource resource;
    Masked webhook_secret;
    TokenCheck::Expected expected;
    std::string token_metadata;
    std::string callback_url;  // "https://gw.example.com"
  };
  struct Sinks {
    std::function<void(const std::string& token, const CallEvent& event)> on_event;
    std::function<void(const IncomingCall& call)> on_incoming;
  };

  CloudService(Settings settings, std::unique_ptr<Carrier> carrier, http::HttpServer& server,
               const Clock& clock, Random& random, Metrics& metrics, Log log, Sinks sinks);

  void start();                                                              // Any thread.
  void call(ApiRequest request, Duration useful_for, ApiClient::Done done);  // Any thread.
  void set_resource(Resource resource);                                      // Any thread.
  void expect(const std::string& token);                                     // Any thread.
  void forget(const std::string& token);                                     // Any thread.

  // Where a call's events and its sound come to us.
  std::string callback_uri(const std::string& token) const;
  std::string media_url(const std::string& token) const;

  // Where the sound of a call's WebSocket goes. Any thread.
  void serve_media(const std::string& token, std::weak_ptr<streaming::MediaStream> stream);

 private:
  void check_socket(const http::Request& upgrade, TokenCheck::Verdict verdict);

  // Given to us.
  http::HttpServer& server_;
  const std::string callback_url_;
  Metrics& metrics_;

  // Owned by us.
  const std::unique_ptr<Carrier> carrier_;
  ApiClient api_;
  PublishedKeys keys_;
  TokenCheck tokens_;
  CallbackDesk desk_;
  MediaDoor door_;
};

}  // namespace gw::acs::cloud
