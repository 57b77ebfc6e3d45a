#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <future>
#include <memory>
#include <mutex>
#include <string>

#include "acs/edge/edge_server.h"
#include "acs/http/http_server.h"
#include "acs/identity/token_service.h"
#include "tests/unit/acs/edge_client.h"
#include "tests/unit/support/manual_clock.h"

namespace gw::test {

namespace edge = acs::edge;
namespace http = acs::http;
namespace identity = acs::identity;

constexpr const char* kResource = "f0000000-0000-4000-8000-00000000000a";
constexpr const char* kAlice =
    "8:acs:f0000000-0000-4000-8000-00000000000a_a11ce000-0000-4000-8000-000000000001";
constexpr const char* kBob =
    "8:acs:f0000000-0000-4000-8000-00000000000a_b0b00000-0000-4000-8000-000000000002";

// A folder of the test's own that goes with it.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "gw_acs_XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// The events that calls would get, for a test to wait for.
class EventLog {
 public:
  void add(edge::EdgeEvent event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
    arrived_.notify_all();
  }

  // The next event of this kind; others before it are dropped.
  template <class T>
  std::optional<T> next() {
    std::unique_lock lock(mutex_);
    for (;;) {
      const bool some =
          arrived_.wait_for(lock, std::chrono::seconds(5), [&] { return !events_.empty(); });
      if (!some) return std::nullopt;
      edge::EdgeEvent event = std::move(events_.front());
      events_.pop_front();
      if (auto* wanted = std::get_if<T>(&event)) return std::move(*wanted);
    }
  }

  template <class T>
  size_t count() {
    const std::lock_guard lock(mutex_);
    return static_cast<size_t>(
        std::ranges::count_if(events_, [](const auto& e) { return std::holds_alternative<T>(e); }));
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<edge::EdgeEvent> events_;
};

// A real edge on a free port of the loopback interface; its time is the test's.
class EdgeTest : public ::testing::Test {
 protected:
  void SetUp() override { start(); }

  // Called by SetUp; a test that wants another configuration changes `config` in a derived SetUp.
  void start() {
    auto loaded = identity::TokenService::load(folder / "token.pem", kResource, clock, random);
    ASSERT_TRUE(loaded) << loaded.error().detail;
    tokens = std::move(*loaded);
    http::HttpConfig http_config = web;
    http_config.listeners = {{*SocketAddress::parse("127.0.0.1:0"), false}};
    server = http::HttpServer::create(http_config, metrics, Log{});
    config.sweep_interval = 2ms;
    edge = edge::EdgeServer::create(
        *server, *tokens, config,
        [](std::string_view who) -> std::optional<edge::UserCard> {
          if (who != kAlice) return std::nullopt;
          return edge::UserCard{"Alice", {"+14255550100"}};
        },
        clock, random, metrics, Log{},
        [this](edge::EdgeEvent event) { events.add(std::move(event)); });
    auto bound = server->start();
    ASSERT_TRUE(bound) << bound.error().detail;
    port = bound->front().address.port();
  }

  void TearDown() override {
    if (server) server->stop();
  }

  std::string token(const std::string& who, Duration lifetime = 1h,
                    const std::vector<identity::Scope>& scopes = {identity::Scope::Voip}) {
    return tokens->issue(who, scopes, lifetime).jwt;
  }

  EdgeClient connect(EdgeClient::Options options = {}) {
    options.port = port;
    return EdgeClient(options);
  }
  EdgeClient registered(const std::string& who, const std::string& instance = "tab-1") {
    EdgeClient client = connect();
    const auto answer = client.register_as(token(who), instance);
    EXPECT_TRUE(answer && answer->has_registered());
    return client;
  }

  // Everything posted so far has been done when it returns.
  void settle() {
    std::promise<void> done;
    server->post([&] { done.set_value(); });
    done.get_future().wait();
  }
  // On the Asio thread, which reads the clock.
  void advance(Duration by) {
    std::promise<void> done;
    server->post([&] {
      clock.advance(by);
      done.set_value();
    });
    done.get_future().wait();
  }

  double metric(const std::string& line) {
    const std::string text = metrics.expose();
    const size_t at = text.find("\n" + line + " ");
    return at == std::string::npos ? 0 : std::stod(text.substr(at + line.size() + 2));
  }

  // A peer may see the end of its connection before the server has counted it.
  bool reaches(const std::string& line, double value) {
    const auto deadline = std::chrono::steady_clock::now() + 5s;
    while (metric(line) < value && std::chrono::steady_clock::now() < deadline) settle();
    return metric(line) == value;
  }

  edge::EdgeServer::Ring ring_for(const std::string& who, const std::string& call_id) {
    edge::EdgeServer::Ring ring;
    ring.call_id = call_id;
    ring.identity = who;
    ring.from = {"4:+14255550123", "Carol"};
    ring.to = {who, ""};
    ring.expires = clock.wall() + 60s;
    return ring;
  }

  ScratchFolder folder;
  ManualClock clock;
  SystemRandom random;
  Metrics metrics;
  EventLog events;
  edge::EdgeConfig config;
  http::HttpConfig web;
  std::unique_ptr<identity::TokenService> tokens;
  std::unique_ptr<http::HttpServer> server;
  std::unique_ptr<edge::EdgeServer> edge;
  uint16_t port = 0;
};

}  // namespace gw::test
