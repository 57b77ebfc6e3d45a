#pragma once

#include <string>
#include <utility>
#include <vector>

#include "acs/http/http_server.h"
#include "base/clock.h"
#include "base/net.h"
#include "base/result.h"

namespace gw::acs::http {

// One HTTP/1.1 request over plain TCP, answered on the caller's own thread: what the command line
// needs to ask the daemon.
struct PlainRequest {
  SocketAddress server;
  std::string method = "GET";
  std::string target = "/";
  std::string body;
  std::string bearer;  // Authorization: Bearer ...; empty = none.
  Duration timeout = 10s;
};
Result<Response> fetch(
    const PlainRequest& request);  // Unavailable when nobody listens, Timeout, Protocol.

}  // namespace gw::acs::http
