#include "gateway/demo_tokens.h"

#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

namespace gw {
namespace {

using acs::http::Request;
using acs::http::Respond;
using acs::http::Response;

bool is_loopback_name(std::string_view host) {
  if (host.starts_with('[')) return host.starts_with("[::1]");
  const std::string_view name = host.substr(0, host.find(':'));
  return name == "localhost" || name == "127.0.0.1";
}

// "http://localhost:8080" -> "localhost:8080"
std::string_view host_of(std::string_view origin) {
  const size_t scheme = origin.find("://");
  return scheme == std::string_view::npos ? std::string_view() : origin.substr(scheme + 3);
}

Response problem(unsigned status, std::string_view code, std::string_view message) {
  return Response::json(status,
                        nlohmann::json{{"error", {{"code", code}, {"message", message}}}}.dump());
}

}  // namespace

DemoTokens::DemoTokens(acs::http::HttpServer& http, acs::identity::TokenService& tokens,
                       Duration lifetime, IdentityOf identity_of) {
  http.route("POST /demo/token", [&tokens, lifetime, identity_of = std::move(identity_of)](
                                     const Request& request, Respond respond) {
    const std::string_view origin = request.header("Origin");
    if (!request.peer.loopback() || !is_loopback_name(request.header("Host")) ||
        (!origin.empty() && !is_loopback_name(host_of(origin)))) {
      return respond(problem(403, "Forbidden", "demo tokens are for this machine only"));
    }
    const auto body = nlohmann::json::parse(request.body, nullptr, /*allow_exceptions=*/false);
    if (!body.is_object() || !body.contains("user") || !body["user"].is_string()) {
      return respond(problem(400, "BadRequest", R"(the body is {"user":"alice"})"));
    }
    const std::string identity = identity_of(body["user"].get<std::string>());
    if (identity.empty())
      return respond(problem(404, "NotFound", "no such user in the configuration"));
    const auto token = tokens.issue(identity, {acs::identity::Scope::Voip}, lifetime);
    Response response =
        Response::json(200, nlohmann::json{{"token", token.jwt},
                                           {"expiresOn", iso8601(token.expires)},
                                           {"user", {{"communicationUserId", identity}}}}
                                .dump());
    response.headers.emplace_back("Cache-Control", "no-store");
    respond(std::move(response));
  });
}

}  // namespace gw
