#include "gateway/ops/admin_http.h"

#include <openssl/crypto.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "gateway/ops/console_page.h"

namespace gw::ops {
namespace {

using acs::http::Request;
using acs::http::Respond;
using acs::http::Response;

constexpr std::string_view kBearer = "Bearer ";
constexpr std::string_view kCalls = "/api/calls/", kJoin = "/join", kTransfer = "/transfer";

Response problem(unsigned status, std::string_view code, std::string_view message) {
  return Response::json(status,
                        nlohmann::json{{"error", {{"code", code}, {"message", message}}}}.dump());
}

}  // namespace

AdminHttp::AdminHttp(acs::http::HttpServer& http, Masked token, Metrics& metrics, Hooks hooks)
    : http_(http), token_(std::move(token)), hooks_(std::move(hooks)) {
  http_.route("GET /healthz",
              [](const Request&, Respond respond) { respond(Response::text(200, "ok\n")); });
  http_.route("GET /readyz", [this](const Request&, Respond respond) {
    respond(draining_ ? Response::text(503, "draining\n") : Response::text(200, "ready\n"));
  });
  guarded("GET /metrics", [&metrics](const Request&, Respond respond) {
    Response response = Response::text(200, metrics.expose());
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    respond(std::move(response));
  });
  // The page itself says nothing; what it shows comes from /api with the token.
  http_.route("GET /", [](const Request&, Respond respond) {
    Response response = Response::text(200, std::string(kConsoleHtml));
    response.content_type = "text/html; charset=utf-8";
    respond(std::move(response));
  });
  http_.route("GET /console.js", [](const Request&, Respond respond) {
    Response response = Response::text(200, std::string(kConsoleScript));
    response.content_type = "text/javascript; charset=utf-8";
    respond(std::move(response));
  });
  http_.route("GET /console.css", [](const Request&, Respond respond) {
    Response response = Response::text(200, std::string(kConsoleStyle));
    response.content_type = "text/css; charset=utf-8";
    respond(std::move(response));
  });
  ask("GET /api/status", hooks_.status);
  ask("GET /api/calls", hooks_.calls);
  ask("GET /api/phones", hooks_.phones);
  ask("GET /api/trunks", hooks_.trunks);
  ask("GET /api/users", hooks_.users);
  ask("GET /api/bans", hooks_.bans);
  ask("POST /api/reload", hooks_.reload);
  add_actions();
}

void AdminHttp::add_actions() {
  guarded("POST /api/drain", [this](const Request&, Respond respond) {
    hooks_.post([this] { hooks_.drain(); });
    respond(Response::json(202, R"({"draining":true})"));
  });
  guarded("POST /api/hangup", [this](const Request& request, Respond respond) {
    const std::string call = request.query_value("call").value_or("");
    const bool posted = hooks_.post([this, call, respond] {
      respond(hooks_.hang_up(call) ? Response::json(200, R"({"ended":true})")
                                   : problem(404, "NotFound", "no such call; `calls` lists them"));
    });
    if (!posted) respond(problem(503, "Unavailable", "the gateway is stopping"));
  });
  guarded("POST /api/unban", [this](const Request& request, Respond respond) {
    const auto source = SocketAddress::parse(request.query_value("source").value_or(""));
    if (!source) return respond(problem(400, "BadRequest", "?source=ADDRESS is needed"));
    const bool posted = hooks_.post([this, source = *source, respond] {
      respond(hooks_.lift_ban(source)
                  ? Response::json(200, R"({"lifted":true})")
                  : problem(404, "NotFound", "this address is not banned; `bans` lists them"));
    });
    if (!posted) respond(problem(503, "Unavailable", "the gateway is stopping"));
  });
  guarded("POST /api/calls/",
          [this](const Request& request, Respond respond) { change(request, std::move(respond)); });
  guarded("POST /api/revoke", [this](const Request& request, Respond respond) {
    const std::string identity = request.query_value("identity").value_or("");
    if (identity.empty())
      return respond(problem(400, "BadRequest", "?identity=8:acs:... is needed"));
    hooks_.post([this, identity] { hooks_.revoke(identity); });
    respond(Response::json(200, R"({"revoked":true})"));
  });
}

// POST /api/calls/CALL/join {"call": "OTHER"}, POST /api/calls/CALL/transfer {"to": "user:bob"}
void AdminHttp::change(const Request& request, Respond respond) {
  const std::string_view rest = std::string_view(request.path).substr(kCalls.size());
  const bool joins = rest.ends_with(kJoin);
  if (!joins && !rest.ends_with(kTransfer)) {
    return respond(problem(404, "NotFound", "a call can be joined or transferred"));
  }
  const std::string call(rest.substr(0, rest.size() - (joins ? kJoin : kTransfer).size()));
  const char* key = joins ? "call" : "to";
  const auto body = nlohmann::json::parse(request.body, nullptr, false);
  if (!body.is_object() || !body.contains(key) || !body[key].is_string()) {
    return respond(problem(400, "BadRequest",
                           joins ? R"({"call": "<the other call's id>"} is needed)"
                                 : R"({"to": "<user:NAME, an identity or a number>"} is needed)"));
  }
  const bool posted = hooks_.post([this, joins, call, other = body[key].get<std::string>(),
                                   respond] {
    const auto tell = [joins, call, respond](const Result<void>& done) {
      const char* what = joins ? "joined" : "transferring";
      if (done)
        return respond(Response::json(200, nlohmann::json{{what, true}, {"call_id", call}}.dump()));
      const bool unknown = done.error().code == ErrorCode::NotFound;
      respond(problem(unknown ? 404 : 409, unknown ? "NotFound" : "Conflict", done.error().detail));
    };
    if (joins) return tell(hooks_.join(call, other));
    hooks_.transfer(call, other, tell);
  });
  if (!posted) respond(problem(503, "Unavailable", "the gateway is stopping"));
}

bool AdminHttp::allowed(const Request& request) const {
  if (token_.empty()) return true;
  const std::string_view given = request.header("Authorization");
  if (!given.starts_with(kBearer)) return false;
  const std::string_view token = given.substr(kBearer.size());
  return token.size() == token_.reveal().size() &&
         CRYPTO_memcmp(token.data(), token_.reveal().data(), token.size()) == 0;
}

void AdminHttp::guarded(const std::string& pattern, acs::http::Handler handler) {
  http_.route(
      pattern, [this, handler = std::move(handler)](const Request& request, Respond respond) {
        if (!allowed(request)) {
          Response refused =
              problem(401, "Unauthorized", "the admin listener wants its token: [admin] token");
          refused.headers.emplace_back("WWW-Authenticate", "Bearer");
          return respond(std::move(refused));
        }
        // A page of another site must not hang up calls through an operator's browser.
        if (request.method == "POST" && !request.header("Origin").empty()) {
          const std::string own = std::string(request.tls ? "https://" : "http://") +
                                  std::string(request.header("Host"));
          if (request.header("Origin") != own)
            return respond(problem(403, "Forbidden", "this origin may not"));
        }
        handler(request, std::move(respond));
      });
}

void AdminHttp::ask(const std::string& pattern, std::function<std::string()> what) {
  guarded(pattern, [this, what = std::move(what)](const Request&, Respond respond) {
    const bool posted = hooks_.post([what, respond] { respond(Response::json(200, what())); });
    if (!posted) respond(problem(503, "Unavailable", "the gateway is stopping"));
  });
}

}  // namespace gw::ops
