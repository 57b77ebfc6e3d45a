#pragma once

#include <functional>
#include <memory>
#include <string>

#include "acs/http/http_client.h"
#include "acs/http/http_server.h"

namespace gw::acs::http {

// A WebSocket that we open.
struct WebSocketRequest {
  std::string url;          // "wss://contoso.example/path"; ws too.
  Headers headers;          // Of the upgrade: Authorization and the like.
  std::string protocol;     // Sub-protocol that we offer; "" = none.
  bool text = false;        // The kind of message that is wanted; the other is refused with 1003.
  Duration deadline = 10s;  // For the name, the connection, TLS and the upgrade.
  size_t max_message = 65536;
  size_t max_unsent = 1 << 20;  // Bytes queued for a peer that does not read: it is closed.
  Duration idle_timeout = 30s;  // Pings at half of it; a peer that is silent is lost. 0 = never.
};

// Told once, on the Asio thread, which way it went. After an error the handler hears nothing.
// Unauthorized: 401, 403, or a certificate that is not good; Protocol: another answer than 101.
using OnOpen = std::function<void(Result<std::shared_ptr<WebSocket>>)>;

// Opens WebSockets, ws and wss (certificate and name verified, SNI), on the loop's Asio thread.
// Owned by App; goes before the loop's owner does. (RFC 6455.)
class WebSocketClient {
 public:
  // Of the configuration, `authorities` and `may_connect` are used.
  static Result<std::unique_ptr<WebSocketClient>> create(const HttpClientConfig& config, Loop loop,
                                                         Metrics& metrics, Log log);
  virtual ~WebSocketClient() = default;

  virtual void open(WebSocketRequest request, OnOpen opened,
                    WebSocketHandler handler) = 0;  // Any thread.
};

}  // namespace gw::acs::http
