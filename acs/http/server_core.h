#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "acs/http/http_server.h"
#include "acs/http/inbox.h"
#include "acs/http/static_files.h"

namespace gw::acs::http {

// One accepted socket, in whichever stage it is.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual void shut_down() = 0;  // The server stops: end soon, and politely.
};

// What all connections of a server share. Built before the Asio thread starts, used on it alone
// from then on.
class ServerCore {
 public:
  ServerCore(HttpConfig config, Metrics& metrics, Log log);

  void add_route(std::string pattern, Handler handler);
  void add_websocket(WebSocketRoute route);
  void serve_files(const std::string& folder);

  const WebSocketRoute* websocket_at(std::string_view path) const;

  // The handler for a request, files included. Otherwise answers itself: 404, 405 or a CORS
  // preflight.
  void dispatch(const Request& request, Respond respond);

  // Headers that every response carries: CORS for this request's origin, and those that make
  // browsers careful.
  void dress(const Request& request, Response& response) const;

  bool admit();  // Below max_connections? Counts a refusal.
  void enter(Connection* connection);
  void leave(Connection* connection);
  void shut_down();
  bool stopping() const { return stopping_; }
  bool idle() const { return connections_.empty(); }

  void refused(std::string_view reason);
  void answered(unsigned status);

  const HttpConfig config;
  const Log log;
  const std::shared_ptr<Inbox> inbox = std::make_shared<Inbox>();

 private:
  struct Route {
    std::string method;  // "" = any.
    std::string path;
    bool prefix = false;
    Handler handler;
  };
  Response preflight(const Request& request) const;
  bool origin_ok(const Request& request) const;

  Metrics& metrics_;
  Gauge& live_;
  std::vector<Route> routes_;  // Longest path first.
  std::vector<WebSocketRoute> websockets_;
  std::optional<StaticFiles> files_;

  std::unordered_set<Connection*> connections_;
  std::map<std::string, Counter*, std::less<>> refusals_;
  std::map<unsigned, Counter*> answers_;
  bool stopping_ = false;
};

}  // namespace gw::acs::http
