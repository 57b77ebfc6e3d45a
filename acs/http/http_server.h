#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "acs/http/headers.h"
#include "acs/http/loop.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/net.h"
#include "base/result.h"

namespace gw::acs::http {

struct Request {
  std::string method;  // "GET"
  std::string target;  // "/api/calls?x=1", as sent.
  std::string path;    // Decoded, normalised, without the query; never contains "..".
  std::string query;   // As sent, without '?'.
  Headers headers;     // As received.
  std::string body;
  SocketAddress peer;
  bool tls = false;

  std::string_view header(std::string_view name) const;  // Any letter case; "" when absent.
  std::optional<std::string> query_value(std::string_view key) const;  // Percent-decoded.
};

struct Response {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  Headers headers;

  static Response json(unsigned status, std::string body);
  static Response text(unsigned status, std::string body);
};

// Answers now or later, once, from any thread.
using Respond = std::function<void(Response)>;
using Handler = std::function<void(const Request&, Respond)>;

// One WebSocket connection after its upgrade. Asio thread; send and close may be called from any
// thread.
class WebSocket {
 public:
  virtual ~WebSocket() = default;
  // Queued; a peer that does not read is closed (bounded queue).
  virtual void send(std::string binary) = 0;
  virtual void send_text(std::string text) = 0;
  virtual size_t unsent() const = 0;  // Bytes that are queued. Asio thread only.
  virtual void close(uint16_t code, std::string reason) = 0;
  virtual const SocketAddress& peer() const = 0;
};
struct WebSocketHandler {
  // Messages of the kind that was asked for: the other is refused with 1003.
  std::function<void(std::string_view message)> on_message;
  // Once, last. The peer's code, ours if we closed, 1006 when it went without one (RFC 6455 7.4).
  std::function<void(uint16_t code)> on_close;
};
struct WebSocketRoute {
  std::string path;      // "/edge"; a prefix when it ends with '/'.
  std::string protocol;  // Required sub-protocol, echoed; "" = none.
  bool text = false;     // The kind of message that is wanted.
  size_t max_message = 65536;
  Duration idle_timeout{0};  // Pings at half of it; a peer that is silent is lost. 0 = never.
  std::function<bool(const Request&)> allow;  // Origin and rate; false = 403.
  std::function<WebSocketHandler(std::shared_ptr<WebSocket>, const Request&)> accept;
};

struct Listener {
  SocketAddress address;  // Port 0 = a free one.
  bool tls = false;
};

struct HttpConfig {
  std::vector<Listener> listeners;
  std::string certificate, key;              // PEM, for TLS listeners.
  std::vector<std::string> allowed_origins;  // CORS; see EdgeConfig.
  size_t max_header = 16384;
  size_t max_body = 1 << 20;
  size_t max_connections = 20000;  // More are closed at once.
  size_t max_unsent = 1 << 20;     // Bytes queued for a WebSocket peer that does not read.
  Duration idle_timeout = 60s;     // Between two requests.
  // The whole of a request, from its first byte; TLS and WebSocket handshakes.
  Duration request_timeout = 15s;
  Duration handler_timeout = 60s;  // A handler that never answers: 504.
};

// HTTP/1.1 and WebSocket over TCP and TLS 1.2+ on one Asio io_context with a thread of its own
// (Beast, coroutines). Routes are added before start(). Owned by App. Handlers run on the Asio
// thread.
class HttpServer {
 public:
  static std::unique_ptr<HttpServer> create(HttpConfig config, Metrics& metrics, Log log);
  virtual ~HttpServer() = default;  // Stops and joins.

  // Longest prefix wins; "GET /healthz" or "/api/" (any method, prefix when it ends with '/').
  virtual void route(std::string pattern, Handler handler) = 0;
  virtual void websocket(WebSocketRoute route) = 0;
  // Files of a folder at "/": index.html, types by extension, ETag, no directory listing,
  // `default-src 'self'`.
  virtual void files(std::string folder) = 0;

  virtual Result<std::vector<Listener>> start() = 0;  // Bound addresses with their ports.
  virtual Result<void>
  reload_certificate() = 0;  // Reads the files again; new connections use them. Any thread.
  virtual void post(std::function<void()> task) = 0;  // Any thread: onto the Asio thread.
  virtual void after(Duration delay, std::function<void()> task) = 0;  // Any thread.
  virtual Loop loop() = 0;  // For clients that live on the same thread.
  virtual void
  stop() = 0;  // Not on the Asio thread. Lets what is being written leave; 2 s at most.
};

}  // namespace gw::acs::http
