#include "acs/http/server_core.h"

#include <algorithm>
#include <cctype>

#include "acs/http/origin.h"

namespace gw::acs::http {
namespace {

constexpr std::string_view kPolicy =
    "default-src 'self'; connect-src 'self' ws: wss:; media-src 'self' blob:; style-src 'self'; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'self'";
constexpr size_t kMaxAskedHeaders = 1024;  // Of a preflight; echoed back.

// A list of header names, and nothing that could end our header line.
bool names_only(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == ',' || c == ' ';
  });
}

bool has_header(const Response& response, std::string_view name) {
  return std::ranges::any_of(response.headers,
                             [&](const auto& header) { return header.first == name; });
}

Response error(unsigned status, std::string_view code, std::string_view message) {
  return Response::json(status, "{\"error\":{\"code\":\"" + std::string(code) +
                                    "\",\"message\":\"" + std::string(message) + "\"}}\n");
}

}  // namespace

ServerCore::ServerCore(HttpConfig c, Metrics& metrics, Log l)
    : config(std::move(c)),
      log(std::move(l)),
      metrics_(metrics),
      live_(metrics.gauge("gw_http_connections", "Open HTTP and WebSocket connections")) {}

void ServerCore::add_route(std::string pattern, Handler handler) {
  Route route;
  if (const size_t space = pattern.find(' '); space != std::string::npos) {
    route.method = pattern.substr(0, space);
    pattern.erase(0, space + 1);
  }
  route.prefix = pattern.ends_with('/');
  route.path = std::move(pattern);
  route.handler = std::move(handler);
  routes_.push_back(std::move(route));
  std::ranges::stable_sort(routes_, [](const Route& a, const Route& b) {
    if (a.path.size() != b.path.size()) return a.path.size() > b.path.size();
    return a.method.size() > b.method.size();  // A named method before "any".
  });
}

void ServerCore::add_websocket(WebSocketRoute route) {
  websockets_.push_back(std::move(route));
}

void ServerCore::serve_files(const std::string& folder) {
  files_.emplace(folder);
}

const WebSocketRoute* ServerCore::websocket_at(std::string_view path) const {
  const auto found = std::ranges::find_if(websockets_, [&](const WebSocketRoute& route) {
    return route.path.ends_with('/') ? path.starts_with(route.path) : path == route.path;
  });
  return found == websockets_.end() ? nullptr : &*found;
}

void ServerCore::dispatch(const Request& request, Respond respond) {
  if (request.method == "OPTIONS" && !request.header("Access-Control-Request-Method").empty()) {
    return respond(preflight(request));
  }
  const std::string_view method =
      request.method == "HEAD" ? "GET" : std::string_view(request.method);
  std::string allowed;
  for (const Route& route : routes_) {
    const bool here =
        route.prefix ? request.path.starts_with(route.path) : request.path == route.path;
    if (!here) continue;
    if (route.method.empty() || route.method == method)
      return route.handler(request, std::move(respond));
    allowed += (allowed.empty() ? "" : ", ") + route.method;
  }
  if (files_ && allowed.empty() && method == "GET") return respond(files_->get(request));
  if (allowed.empty()) return respond(error(404, "NotFound", "There is nothing at this path."));
  Response response = error(405, "MethodNotAllowed", "This path does not take that method.");
  response.headers.emplace_back("Allow", allowed);
  respond(std::move(response));
}

bool ServerCore::origin_ok(const Request& request) const {
  return origin_allowed(request, config.allowed_origins);
}

Response ServerCore::preflight(const Request& request) const {
  if (!origin_ok(request)) return Response::text(403, "origin not allowed\n");
  Response response = Response::text(204, "");
  response.headers.emplace_back("Access-Control-Allow-Methods",
                                "GET, HEAD, POST, PUT, PATCH, DELETE");
  const std::string_view asked = request.header("Access-Control-Request-Headers");
  if (!asked.empty() && asked.size() <= kMaxAskedHeaders && names_only(asked)) {
    response.headers.emplace_back("Access-Control-Allow-Headers", asked);
  }
  if (!request.header("Access-Control-Request-Private-Network").empty()) {
    response.headers.emplace_back("Access-Control-Allow-Private-Network", "true");
  }
  response.headers.emplace_back("Access-Control-Max-Age", "600");
  return response;
}

void ServerCore::dress(const Request& request, Response& response) const {
  const std::string_view origin = request.header("Origin");
  if (!origin.empty() && origin_ok(request)) {
    response.headers.emplace_back("Access-Control-Allow-Origin", origin);
    response.headers.emplace_back("Access-Control-Expose-Headers", "*");
  }
  response.headers.emplace_back("Vary", "Origin");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  if (!has_header(response, "Content-Security-Policy")) {
    response.headers.emplace_back("Content-Security-Policy", kPolicy);
  }
}

bool ServerCore::admit() {
  if (stopping_) return false;
  if (connections_.size() < config.max_connections) return true;
  refused("connections");
  return false;
}

void ServerCore::enter(Connection* connection) {
  connections_.insert(connection);
  live_.Increment();
}

void ServerCore::leave(Connection* connection) {
  connections_.erase(connection);
  live_.Decrement();
}

void ServerCore::shut_down() {
  stopping_ = true;
  const std::vector<Connection*> all(connections_.begin(), connections_.end());
  for (Connection* connection : all) {
    if (connections_.contains(connection)) connection->shut_down();
  }
}

void ServerCore::refused(std::string_view reason) {
  auto found = refusals_.find(reason);
  if (found == refusals_.end()) {
    Counter& counter = metrics_.counter("gw_http_refused_total", "HTTP input refused, by reason",
                                        {{"reason", std::string(reason)}});
    found = refusals_.emplace(reason, &counter).first;
  }
  found->second->Increment();
}

void ServerCore::answered(unsigned status) {
  Counter*& counter = answers_[status];
  if (!counter) {
    counter = &metrics_.counter("gw_http_requests_total", "HTTP requests answered, by status",
                                {{"status", std::to_string(status)}});
  }
  counter->Increment();
}

}  // namespace gw::acs::http
