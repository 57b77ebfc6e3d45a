#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "acs/http/http_server.h"
#include "acs/identity/token_service.h"
#include "acs/rest/api_version.h"
#include "acs/rest/authenticator.h"
#include "acs/rest/rate_limit.h"
#include "acs/rest/replays.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"

namespace gw::acs::rest {

// What every served REST operation has in common, in this order: rate of refused attempts by
// address, credential, copies of what was performed, rate by caller, api-version; then the
// operation; then the headers that Azure's answers carry. Owned by App; Asio thread.
class RestDoor {
 public:
  enum class Credential {
    Signature,     // An access key: Azure's APIs.
    ApiKey,        // Or an API key: the gateway's own.
    ApiKeyOrUser,  // Or the token of the user that it is about.
  };
  struct Api {
    std::string_view name;  // The metric's label: "identity".
    ApiVersions versions;
    Credential credential = Credential::Signature;
    bool repeatable = false;  // Its operations honour Repeatability-Request-ID.
  };
  // `request` is gone when it returns; the answer may come later, once, from any thread.
  using Operation =
      std::function<void(const http::Request& request, const Caller& caller, http::Respond)>;

  RestDoor(http::HttpServer& http, identity::TokenService& tokens, const Clock& clock,
           Random& random, Metrics& metrics, Log log);

  // Before the server starts. `pattern` as of HttpServer::route.
  void serve(const std::string& pattern, Api api, Operation operation);

  // Keys and limits in force from now on; before the server starts, or on its thread.
  void set_keys(Authenticator authenticator);
  void set_limit(double per_second);  // Of each caller, with a burst of ten seconds; 0 = none.

 private:
  void enter(const Api& api, const Operation& operation, const http::Request& request,
             http::Respond respond);
  Verdict judge(Credential wanted, const http::Request& request) const;
  Verdict by_token(const http::Request& request) const;
  void deny(const Denial& denial, const http::Request& request, const std::string& address,
            const http::Respond& respond);
  http::Respond noting(const Api& api, const http::Request& request, std::string signature,
                       http::Respond respond);
  http::Respond dressed(const Api& api, const http::Request& request, http::Respond respond);

  identity::TokenService& tokens_;
  http::HttpServer& http_;
  const Clock& clock_;
  Random& random_;
  Metrics& metrics_;
  const Log log_;

  std::shared_ptr<const Authenticator> authenticator_;
  RateLimit callers_, strangers_;
  Replays replays_;
};

}  // namespace gw::acs::rest
