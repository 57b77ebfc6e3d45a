#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "acs/http/http_server.h"
#include "base/clock.h"
#include "base/result.h"

namespace gw::acs::events {

struct WebRequest {
  std::string method = "POST";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  Duration timeout = 10s;         // Of the whole.
  size_t max_answer = 64 * 1024;  // Bytes of the answer's body; more is an error.
};

// One request to somebody else's server. A seam: the gateway's HTTP client behind it, tests before
// it. Asio thread; `done` runs there, once, never before send() returned.
class WebClient {
 public:
  using Done = std::function<void(Result<http::Response>)>;
  virtual ~WebClient() = default;
  virtual void send(WebRequest request, Done done) = 0;
};

}  // namespace gw::acs::events
