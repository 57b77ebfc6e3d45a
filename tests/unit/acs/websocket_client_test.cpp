#include "acs/http/websocket_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>

#include "acs/http/self_signed.h"
#include "tests/unit/acs/edge_fixture.h"
#include "tests/unit/acs/scripted_server.h"

namespace gw::test {
namespace {

using http::WebSocket;
using ::testing::HasSubstr;
using Opened = Result<std::shared_ptr<WebSocket>>;

// What one end of a WebSocket was told, for a test to wait for.
class Heard {
 public:
  http::WebSocketHandler handler() {
    http::WebSocketHandler handler;
    handler.on_message = [this](std::string_view message) { add(std::string(message)); };
    handler.on_close = [this](uint16_t code) { add("closed " + std::to_string(code)); };
    return handler;
  }
  std::string next() {
    std::unique_lock lock(mutex_);
    if (!arrived_.wait_for(lock, 10s, [this] { return !told_.empty(); })) return "nothing";
    std::string first = std::move(told_.front());
    told_.pop_front();
    return first;
  }

 private:
  void add(std::string what) {
    const std::lock_guard lock(mutex_);
    told_.push_back(std::move(what));
    arrived_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::string> told_;
};

// The gateway's own server at one end, the client at the other.
class WebSocketClientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(http::ensure_self_signed({folder / "cert.pem", folder / "key.pem", {}}, clock));
    http::HttpConfig wanted;
    wanted.certificate = folder / "cert.pem";
    wanted.key = folder / "key.pem";
    wanted.listeners = {{*SocketAddress::parse("127.0.0.1:0"), false},
                        {*SocketAddress::parse("127.0.0.1:0"), true}};
    server = http::HttpServer::create(wanted, metrics, Log{});
    http::WebSocketRoute route;
    route.path = "/media/";
    route.text = true;
    route.max_message = 1000;
    route.allow = [this](const http::Request& request) {
      asked = request;
      return request.header("Authorization") == "Bearer good";
    };
    route.accept = [this](std::shared_ptr<WebSocket> socket, const http::Request& request) {
      accepted = request.path;
      served = std::move(socket);
      return at_server.handler();
    };
    server->websocket(route);
    auto bound = server->start();
    ASSERT_TRUE(bound) << bound.error().detail;
    plain = "ws://127.0.0.1:" + std::to_string(bound->front().address.port());
    tls = "wss://localhost:" + std::to_string(bound->back().address.port());
    config.authorities = folder / "cert.pem";
  }
  void TearDown() override {
    server->stop();
    client.reset();
  }
  Opened open(const std::string& url, const std::string& authorization = "Bearer good") {
    http::WebSocketRequest request;
    request.url = url;
    request.headers = {{"Authorization", authorization}, {"x-ms-call-connection-id", "c1"}};
    request.text = true;
    return open(std::move(request));
  }
  Opened open(http::WebSocketRequest request) {
    if (!client) {
      auto made = http::WebSocketClient::create(config, server->loop(), metrics, Log{});
      EXPECT_TRUE(made);
      client = std::move(*made);
    }
    auto promise = std::make_shared<std::promise<Opened>>();
    client->open(
        std::move(request), [promise](Opened o) { promise->set_value(std::move(o)); },
        at_client.handler());
    return promise->get_future().get();
  }

  ScratchFolder folder;
  SystemClock clock;
  Metrics metrics;
  http::HttpClientConfig config;
  std::unique_ptr<http::HttpServer> server;
  std::unique_ptr<http::WebSocketClient> client;
  std::string plain, tls, accepted;
  http::Request asked;
  std::shared_ptr<WebSocket> served;
  Heard at_server, at_client;
};

TEST_F(WebSocketClientTest, text_goes_both_ways_over_tcp_and_over_tls) {
  for (const std::string& base : {plain, tls}) {
    auto socket = open(base + "/media/leg-7");
    ASSERT_TRUE(socket) << socket.error().detail;
    EXPECT_EQ(accepted, "/media/leg-7");
    EXPECT_EQ(asked.header("X-MS-Call-Connection-Id"), "c1");
    (*socket)->send_text("to the server");
    EXPECT_EQ(at_server.next(), "to the server");
    served->send_text("to the client");
    EXPECT_EQ(at_client.next(), "to the client");
    (*socket)->close(1000, "done");
    EXPECT_EQ(at_server.next(), "closed 1000");
    EXPECT_EQ(at_client.next(), "closed 1000");
  }
}

TEST_F(WebSocketClientTest, the_peers_code_is_told) {
  ASSERT_TRUE(open(plain + "/media/x"));
  served->close(1013, "later");
  EXPECT_EQ(at_client.next(), "closed 1013");
}

TEST_F(WebSocketClientTest, who_goes_without_a_word_is_1006) {
  auto socket = open(plain + "/media/x");
  ASSERT_TRUE(socket);
  served.reset();
  server->stop();  // Says 1012 first, politely.
  EXPECT_EQ(at_client.next(), "closed 1012");
}

TEST_F(WebSocketClientTest, the_other_kind_of_message_is_refused_with_1003) {
  auto socket = open(plain + "/media/x");
  ASSERT_TRUE(socket);
  (*socket)->send("binary");
  EXPECT_EQ(at_server.next(), "closed 1003");
  EXPECT_EQ(at_client.next(), "closed 1003");
}

TEST_F(WebSocketClientTest, a_message_that_is_too_large_ends_it) {
  auto socket = open(plain + "/media/x");
  ASSERT_TRUE(socket);
  (*socket)->send_text(std::string(1000, 'x'));
  EXPECT_EQ(at_server.next().size(), 1000u);
  (*socket)->send_text(std::string(1001, 'x'));
  EXPECT_EQ(at_client.next(), "closed 1009");
}

TEST_F(WebSocketClientTest, a_refused_upgrade_says_why) {
  const auto refused = open(plain + "/media/x", "Bearer bad");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::Unauthorized);
  EXPECT_THAT(refused.error().detail, HasSubstr("403"));
  const auto lost = open(plain + "/elsewhere");
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::Protocol);
  EXPECT_THAT(lost.error().detail, HasSubstr("404"));
}

TEST_F(WebSocketClientTest, a_certificate_that_nobody_vouches_for_is_refused) {
  config.authorities.clear();
  const auto refused = open(tls + "/media/x");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::Unauthorized);
}

TEST_F(WebSocketClientTest, a_server_that_does_not_answer_is_given_up_at_the_deadline) {
  ScriptedServer mute(std::vector<ScriptedServer::Connection>{{""}});
  http::WebSocketRequest request;
  request.url = "ws" + mute.url().substr(4);
  request.deadline = 50ms;
  const auto late = open(std::move(request));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::Timeout);
}

TEST_F(WebSocketClientTest, what_is_no_websocket_is_not_asked) {
  EXPECT_EQ(open("http://127.0.0.1/").error().code, ErrorCode::InvalidArgument);
  http::WebSocketRequest request;
  request.url = plain + "/media/x";
  request.headers = {{"X", "a\r\nY: b"}};
  EXPECT_EQ(open(std::move(request)).error().code, ErrorCode::InvalidArgument);
}

}  // namespace
}  // namespace gw::test
