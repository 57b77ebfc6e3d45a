#include "acs/rest/rest_door.h"

#include <algorithm>
#include <utility>

#include "acs/identity/base64.h"
#include "acs/rest/authorization.h"
#include "acs/rest/rest_error.h"

namespace gw::acs::rest {
namespace {

constexpr double kBurstSeconds = 10;
// Attempts of one address that were refused: a wrong key in a loop, or somebody who guesses.
constexpr RateLimit::Settings kStrangers{10, 100, 10'000};

constexpr Denial kCopy{"copy", "The request was performed before: sign it anew."};

bool changes_something(const http::Request& request) {
  return request.method != "GET" && request.method != "HEAD";
}

std::string_view repeatability_id(const RestDoor::Api& api, const http::Request& request) {
  return api.repeatable ? request.header("Repeatability-Request-ID") : std::string_view();
}

// It is echoed: no longer than a UUID with room, and nothing that could end a header line.
bool is_request_id(std::string_view id) {
  return !id.empty() && id.size() <= 128 &&
         std::ranges::all_of(id, [](char c) { return c > 0x20 && c < 0x7f; });
}

// Microsoft's correlation vector, version 2.1: 128 random bits, then ".0".
std::string correlation_vector(Random& random) {
  std::string raw(16, '\0');
  random.fill(std::as_writable_bytes(std::span(raw)));
  std::string text = identity::base64_encode(raw);
  text.resize(22);
  return text + ".0";
}

http::Response too_many(Duration wait) {
  http::Response response = to_response(
      {429, "TooManyRequests", "Too many requests. Please retry after the time in Retry-After."});
  const int64_t seconds = std::max<int64_t>(1, (to_ms(wait) + 999) / 1000);
  response.headers.emplace_back("Retry-After", std::to_string(seconds));
  return response;
}

http::Response denied(const Denial& denial) {
  http::Response response = to_response(
      {401, "Denied", "Denied by the resource provider. " + std::string(denial.message)});
  response.headers.emplace_back("WWW-Authenticate", "HMAC-SHA256");
  return response;
}

}  // namespace

RestDoor::RestDoor(http::HttpServer& http, identity::TokenService& tokens, const Clock& clock,
                   Random& random, Metrics& metrics, Log log)
    : tokens_(tokens),
      http_(http),
      clock_(clock),
      random_(random),
      metrics_(metrics),
      log_(std::move(log)),
      authenticator_(std::make_shared<Authenticator>(std::vector<Masked>{}, std::vector<Masked>{})),
      callers_({}),
      strangers_(kStrangers) {}

void RestDoor::serve(const std::string& pattern, Api api, Operation operation) {
  http_.route(pattern, [this, api, operation = std::move(operation)](const http::Request& request,
                                                                     http::Respond respond) {
    enter(api, operation, request, dressed(api, request, std::move(respond)));
  });
}

void RestDoor::set_keys(Authenticator authenticator) {
  authenticator_ = std::make_shared<Authenticator>(std::move(authenticator));
}

void RestDoor::set_limit(double per_second) {
  callers_.set({per_second, kBurstSeconds * per_second, 10'000});
}

void RestDoor::enter(const Api& api, const Operation& operation, const http::Request& request,
                     http::Respond respond) {
  const TimePoint now = clock_.now();
  SocketAddress source = request.peer;
  source.set_port(0);
  const std::string address = source.to_string();
  if (const auto wait = strangers_.look(address, now)) return respond(too_many(*wait));

  const Verdict verdict = judge(api.credential, request);
  if (!verdict.accepted) return deny(verdict.denial, request, address, respond);
  if (changes_something(request) &&
      replays_.is_copy(verdict.signature, repeatability_id(api, request), now)) {
    return deny(kCopy, request, address, respond);
  }
  // A user has a limit of their own; the keys of a back end one each.
  const std::string& name =
      verdict.caller.identity.empty() ? verdict.caller.name : verdict.caller.identity;
  if (const auto wait = callers_.take(name, now)) return respond(too_many(*wait));
  if (const auto error = check_api_version(request, api.versions)) {
    return respond(to_response(*error));
  }
  operation(request, verdict.caller, noting(api, request, verdict.signature, std::move(respond)));
}

void RestDoor::deny(const Denial& denial, const http::Request& request, const std::string& address,
                    const http::Respond& respond) {
  strangers_.take(address, clock_.now());
  metrics_
      .counter("gw_rest_denied_total", "REST requests without a credential that holds, by reason",
               {{"reason", std::string(denial.reason)}})
      .Increment();
  log_.debug("rest request denied",
             {{"source", address}, {"path", request.path}, {"reason", denial.reason}});
  respond(denied(denial));
}

// What was refused or failed may come again as it is.
http::Respond RestDoor::noting(const Api& api, const http::Request& request, std::string signature,
                               http::Respond respond) {
  if (signature.empty() || !changes_something(request)) return respond;
  return [this, signature = std::move(signature), id = std::string(repeatability_id(api, request)),
          respond = std::move(respond)](http::Response response) {
    if (response.status < 400) {
      http_.post([this, signature, id] { replays_.performed(signature, id, clock_.now()); });
    }
    respond(std::move(response));
  };
}

Verdict RestDoor::judge(Credential wanted, const http::Request& request) const {
  const WallTime now = clock_.wall();
  switch (wanted) {
    case Credential::Signature: return authenticator_->by_signature(request, now);
    case Credential::ApiKey: return authenticator_->by_api_key(request, now);
    case Credential::ApiKeyOrUser: break;
  }
  const auto authorization = parse_authorization(request.header("Authorization"));
  const bool token = authorization && authorization->scheme == Authorization::Scheme::Bearer;
  return token ? by_token(request) : authenticator_->by_api_key(request, now);
}

Verdict RestDoor::by_token(const http::Request& request) const {
  const auto authorization = parse_authorization(request.header("Authorization"));
  const auto claims = tokens_.verify(authorization->signature);
  Verdict verdict;
  verdict.accepted = claims.has_value();
  if (claims) {
    verdict.caller = {"user", claims->identity};
  } else {
    verdict.denial = {"token", "The access token is not valid."};
  }
  return verdict;
}

http::Respond RestDoor::dressed(const Api& api, const http::Request& request,
                                http::Respond respond) {
  std::vector<std::pair<std::string, std::string>> headers{
      {"x-ms-request-id", random_.uuid()},
      {"MS-CV", correlation_vector(random_)},
      {"Cache-Control", "no-store"},
  };
  if (!api.versions.newest.empty()) {
    headers.emplace_back("api-supported-versions", api.versions.newest);
  }
  if (const auto id = request.header("x-ms-client-request-id"); is_request_id(id)) {
    headers.emplace_back("x-ms-client-request-id", id);
  }
  return [headers = std::move(headers), name = std::string(api.name), &metrics = metrics_,
          respond = std::move(respond)](http::Response response) {
    metrics
        .counter("gw_rest_requests_total", "REST requests answered, by API and status",
                 {{"api", name}, {"status", std::to_string(response.status)}})
        .Increment();
    response.headers.insert(response.headers.end(), headers.begin(), headers.end());
    respond(std::move(response));
  };
}

}  // namespace gw::acs::rest
