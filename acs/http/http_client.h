#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "acs/http/headers.h"
#include "acs/http/loop.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/net.h"
#include "base/result.h"

namespace gw::acs::http {

// What a client asks of a server. Host, Content-Length and Connection are ours to write.
struct ClientRequest {
  std::string method = "GET";
  std::string url;  // "https://contoso.example/a?b"; http too. Its authority is the Host header.
  Headers headers{};
  std::string body{};
  Duration deadline = 10s;  // For everything: name, connection, TLS, the whole answer.
  size_t max_answer = 1 << 20;
  unsigned max_redirects = 0;  // Followed to https or the same scheme; credentials stay at home.
  // The server does the same thing once however often it is asked (RFC 9110 9.2.2); GET, HEAD, PUT
  // and DELETE always are. Such a request is sent again when a kept connection turns out dead.
  bool repeatable = false;
};

struct ClientResponse {
  unsigned status = 0;  // Any: a refusal is an answer too.
  Headers headers;      // As received.
  std::string body;

  std::string_view header(std::string_view name) const;  // Any letter case; "" when absent.
};

// Called once, on the Asio thread. The error says what failed, where, and what to do about it:
// InvalidArgument (URL, header), Unavailable (name, connection), Unauthorized (its certificate),
// Timeout, Protocol (its answer), Exhausted (too much asked of one host).
using OnAnswer = std::function<void(Result<ClientResponse>)>;

struct HttpClientConfig {
  std::string authorities;  // PEM file of private CAs, trusted besides the system's; "" = none.
  size_t connections_per_host = 16;  // At once; more requests wait for their turn ...
  size_t waiting_per_host = 256;     // ... so many of them, and none more.
  size_t idle_per_host = 4;          // Kept for the next request ...
  Duration idle_timeout = 30s;       // ... so long.
  // Whether an address may be talked to, after the name was looked up; unset = any. Where others
  // choose the URL this keeps them out of the operator's own network.
  std::function<bool(const SocketAddress&)> may_connect;
};

// HTTP/1.1 over TCP and TLS 1.2+ (certificate and name verified, SNI), keep-alive, no cookies, no
// proxy. Owned by App; its work is done on the loop's Asio thread. It goes before the loop's owner
// does; requests that were not answered by then never are. (RFC 9110, 9112.)
class HttpClient {
 public:
  static Result<std::unique_ptr<HttpClient>> create(HttpClientConfig config, Loop loop,
                                                    Metrics& metrics, Log log);
  virtual ~HttpClient() = default;

  virtual void send(ClientRequest request, OnAnswer answer) = 0;  // Any thread.
};

}  // namespace gw::acs::http
