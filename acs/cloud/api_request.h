#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "acs/cloud/connection_string.h"
#include "base/clock.h"

namespace gw::acs::cloud {

// One operation of an Azure API before it is signed. Made by identity_requests, call_requests and
// number_requests; sent by the ApiClient.
struct ApiRequest {
  std::string_view operation;  // For logs and metrics: "create_call".
  std::string method;
  std::string target;  // Path and query, api-version included.
  std::string body{};
  std::string content_type{};  // "" = none.
  bool repeatable = false;     // Carries Repeatability headers: the service acts once however often
                               // it comes.
};

// What one attempt puts on the wire; the transport adds Content-Length.
struct WireRequest {
  std::string method;
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

// What stays the same in all attempts of a request.
struct Attempt {
  std::string client_request_id;
  std::string repeatability_id;  // OASIS Repeatable Requests 1.0.
  WallTime first_sent{};
};

// Signed anew for each attempt, by the time of that attempt.
WireRequest sign(const Resource& resource, const ApiRequest& request, const Attempt& attempt,
                 WallTime now);

}  // namespace gw::acs::cloud
