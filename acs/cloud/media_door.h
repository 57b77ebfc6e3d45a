#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "acs/cloud/token_check.h"
#include "acs/http/http_server.h"
#include "acs/streaming/media_stream.h"

namespace gw::acs::cloud {

// Where ACS dials in with the sound of our calls: WebSockets at /acs/media/TOKEN. A socket that is
// not ACS's own, of this call's connection, is closed before it hears or says anything. Owned by
// the CloudService; Asio thread.
class MediaDoor {
 public:
  // Whether an upgrade may come in: "" or the reason why not; at once or later.
  using Check = std::function<void(const http::Request& upgrade, TokenCheck::Verdict verdict)>;
  static constexpr std::string_view kPath = "/acs/media/";

  // Adds its route: before the server starts.
  MediaDoor(http::HttpServer& http, Check check);

  void open(const std::string& token, std::weak_ptr<streaming::MediaStream> stream);
  void close(const std::string& token) { streams_.erase(token); }

  static std::string token_of(const http::Request& upgrade);

 private:
  struct Gate;
  http::WebSocketHandler accept(std::shared_ptr<http::WebSocket> socket,
                                const http::Request& upgrade);

  const Check check_;
  std::map<std::string, std::weak_ptr<streaming::MediaStream>> streams_;  // By token.
};

}  // namespace gw::acs::cloud
