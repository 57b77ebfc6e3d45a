#include "acs/cloud/api_request.h"
#include "acs/identity/base64.h"
#include "acs/rest/http_date.h"
#include "acs/rest/signing.h"

namespace gw::acs::cloud {

WireRequest sign(const Resource& resource, const ApiRequest& request, const Attempt& attempt,
                 WallTime now) {
  const std::string date = rest::http_date(now);
  const std::string content = identity::base64_encode(rest::sha256(request.body));
  const std::string text =
      rest::string_to_sign(request.method, request.target, {date, resource.authority, content});
  const std::string signature =
      identity::base64_encode(rest::hmac_sha256(resource.key.reveal(), text));

  WireRequest wire{request.method, resource.origin + request.target, {}, request.body};
  auto& headers = wire.headers;
  if (!request.content_type.empty()) headers.emplace_back("Content-Type", request.content_type);
  headers.emplace_back("Accept", "application/json");
  headers.emplace_back("User-Agent", "acs-gateway/" GW_VERSION);
  headers.emplace_back("x-ms-client-request-id", attempt.client_request_id);
  if (request.repeatable) {
    headers.emplace_back("Repeatability-Request-ID", attempt.repeatability_id);
    headers.emplace_back("Repeatability-First-Sent", rest::http_date(attempt.first_sent));
  }
  headers.emplace_back("x-ms-date", date);
  headers.emplace_back("x-ms-content-sha256", content);
  headers.emplace_back(
      "Authorization",
      "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=" + signature);
  return wire;
}

}  // namespace gw::acs::cloud
