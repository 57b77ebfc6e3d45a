#pragma once

#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "acs/http/http_server.h"
#include "acs/http/url.h"
#include "acs/identity/identity_store.h"
#include "acs/rest/identity_api.h"
#include "acs/rest/rest_door.h"
#include "tests/unit/acs/edge_fixture.h"
#include "tests/unit/support/manual_clock.h"

namespace gw::test {

// The routes of a server without its sockets.
class RouteTable final : public http::HttpServer {
 public:
  void route(std::string pattern, http::Handler handler) override {
    routes_.emplace_back(std::move(pattern), std::move(handler));
  }
  void websocket(http::WebSocketRoute) override {}
  void files(std::string) override {}
  Result<std::vector<http::Listener>> start() override { return std::vector<http::Listener>{}; }
  Result<void> reload_certificate() override { return {}; }
  void post(std::function<void()> task) override { task(); }
  void after(Duration, std::function<void()>) override {}
  http::Loop loop() override { return {io_, inbox_}; }
  void stop() override {}

  // The answer of the handler with the longest path; 0 = no handler, or none yet.
  http::Response ask(const http::Request& request) {
    const http::Handler* best = nullptr;
    size_t longest = 0;
    for (const auto& [pattern, handler] : routes_) {
      const size_t blank = pattern.find(' ');
      const bool any = blank == std::string::npos;
      if (!any && pattern.substr(0, blank) != request.method) continue;
      const std::string path = any ? pattern : pattern.substr(blank + 1);
      const bool here = path.ends_with('/') ? request.path.starts_with(path) : request.path == path;
      if (!here || pattern.size() < longest) continue;
      longest = pattern.size();
      best = &handler;
    }
    http::Response answer;
    answer.status = 0;
    if (best) (*best)(request, [&](http::Response response) { answer = std::move(response); });
    return answer;
  }

 private:
  boost::asio::io_context io_;
  std::shared_ptr<http::Inbox> inbox_ = std::make_shared<http::Inbox>();
  std::vector<std::pair<std::string, http::Handler>> routes_;
};

class StoredInMemory final : public identity::IdentityStore {
 public:
  void create(const std::string& id, WallTime, Answer answer) override {
    if (broken) return answer(fail(ErrorCode::Io, "disk"));
    answer(ids.insert(id).second);
  }
  void find(const std::string& id, Answer answer) override {
    if (broken) return answer(fail(ErrorCode::Io, "disk"));
    answer(ids.contains(id));
  }
  void remove(const std::string& id, Answer answer) override { answer(ids.erase(id) > 0); }
  void flush(Answer answer) override { answer(true); }

  std::set<std::string> ids;
  bool broken = false;
};

inline const std::string* header_of(const http::Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return &value;
  }
  return nullptr;
}

inline std::string code_of(const http::Response& response) {
  const auto body = nlohmann::json::parse(response.body, nullptr, false);
  return body.is_object() && body.contains("error")
             ? std::to_string(response.status) + " " + body["error"].value("code", "")
             : std::to_string(response.status);
}

// The door with an API key for everything: signatures are the Authenticator's own tests.
class RestTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto loaded = identity::TokenService::load(folder / "token.pem", kResource, clock, random);
    ASSERT_TRUE(loaded) << loaded.error().detail;
    tokens = std::move(*loaded);
    door.emplace(routes, *tokens, clock, random, metrics, Log{});
    door->set_keys(acs::rest::Authenticator({}, {Masked("key-one"), Masked("key-two")}));
  }

  http::Request request(const std::string& method, const std::string& target,
                        const std::string& body = "") {
    http::Request out;
    out.method = method;
    out.target = target;
    const auto parsed = http::parse_target(target);
    EXPECT_TRUE(parsed) << target;
    if (parsed) {
      out.path = parsed->path;
      out.query = parsed->query;
    }
    out.body = body;
    out.peer = *SocketAddress::parse("192.0.2.1:40000");
    out.headers = {{"api-key", "key-one"}};
    return out;
  }

  ScratchFolder folder;
  ManualClock clock;
  SystemRandom random;
  Metrics metrics;
  RouteTable routes;
  std::unique_ptr<identity::TokenService> tokens;
  std::optional<acs::rest::RestDoor> door;
};

}  // namespace gw::test
