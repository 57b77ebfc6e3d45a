#include "acs/cloud/media_door.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

namespace gw::test {
namespace {

using acs::cloud::MediaDoor;
namespace http = acs::http;
namespace streaming = acs::streaming;

// A server that only keeps the one WebSocket route.
class OneSocketServer final : public http::HttpServer {
 public:
  void route(std::string, http::Handler) override {}
  void websocket(http::WebSocketRoute r) override { kept = std::move(r); }
  void files(std::string) override {}
  Result<std::vector<http::Listener>> start() override { return std::vector<http::Listener>{}; }
  Result<void> reload_certificate() override { return {}; }
  void post(std::function<void()> task) override { task(); }
  void after(Duration, std::function<void()>) override {}
  http::Loop loop() override { return {io_, inbox_}; }
  void stop() override {}

  http::WebSocketRoute kept;

 private:
  boost::asio::io_context io_;
  std::shared_ptr<http::Inbox> inbox_ = std::make_shared<http::Inbox>();
};

struct Socket final : http::WebSocket {
  void send(std::string) override {}
  void send_text(std::string) override {}
  size_t unsent() const override { return 0; }
  void close(uint16_t code, std::string) override { closed = code; }
  const SocketAddress& peer() const override { return address; }
  SocketAddress address;
  uint16_t closed = 0;
};

struct Stream final : streaming::MediaStream {
  void dial(http::WebSocketClient&, std::string, http::Headers) override {}
  http::WebSocketHandler attach(std::shared_ptr<http::WebSocket>) override {
    ++attached;
    return {[this](std::string_view message) { heard += message; }, [this](uint16_t) { ++closed; }};
  }
  void press(char, uint64_t) override {}
  void stop_audio() override {}
  void name(uint64_t, std::string) override {}
  void pause(bool) override {}
  void close() override {}
  streaming::StreamFigures figures() const override { return {}; }
  int attached = 0, closed = 0;
  std::string heard;
};

class CloudMediaDoor : public ::testing::Test {
 protected:
  static http::Request upgrade(const std::string& token) {
    http::Request request;
    request.path = "/acs/media/" + token;
    return request;
  }
  http::WebSocketHandler enter() { return server.kept.accept(socket, upgrade("t0ken")); }

  OneSocketServer server;
  std::vector<acs::cloud::TokenCheck::Verdict> verdicts;
  MediaDoor door{server, [this](const http::Request&, acs::cloud::TokenCheck::Verdict verdict) {
                   verdicts.push_back(std::move(verdict));
                 }};
  std::shared_ptr<Stream> stream = std::make_shared<Stream>();
  std::shared_ptr<Socket> socket = std::make_shared<Socket>();
};

TEST_F(CloudMediaDoor, knows_only_the_tokens_of_calls) {
  EXPECT_FALSE(server.kept.allow(upgrade("t0ken")));
  door.open("t0ken", stream);
  EXPECT_TRUE(server.kept.allow(upgrade("t0ken")));
  EXPECT_FALSE(server.kept.allow(upgrade("guess")));
  EXPECT_FALSE(server.kept.allow(upgrade("")));
  door.close("t0ken");
  EXPECT_FALSE(server.kept.allow(upgrade("t0ken")));
}

TEST_F(CloudMediaDoor, what_is_said_before_the_verdict_is_heard_after_it) {
  door.open("t0ken", stream);
  const auto handler = enter();
  handler.on_message("a");
  EXPECT_EQ(stream->attached, 0);
  verdicts.front()("");
  handler.on_message("b");
  EXPECT_EQ(stream->heard, "ab");
  handler.on_close(1000);
  EXPECT_EQ(stream->closed, 1);
}

TEST_F(CloudMediaDoor, a_stranger_is_put_out_and_never_heard) {
  door.open("t0ken", stream);
  const auto handler = enter();
  handler.on_message("a");
  verdicts.front()("signature");
  handler.on_message("b");
  handler.on_close(1008);
  EXPECT_EQ(socket->closed, 1008);
  EXPECT_EQ(stream->attached, 0);
  EXPECT_EQ(stream->heard, "");
}

TEST_F(CloudMediaDoor, a_socket_that_went_before_the_verdict_joins_no_call) {
  door.open("t0ken", stream);
  const auto handler = enter();
  handler.on_close(1006);
  verdicts.front()("");
  EXPECT_EQ(stream->attached, 0);
}

TEST_F(CloudMediaDoor, a_call_that_went_before_the_verdict_hears_nothing) {
  door.open("t0ken", stream);
  const auto handler = enter();
  stream.reset();
  verdicts.front()("");
  EXPECT_EQ(socket->closed, 1008);
}

}  // namespace
}  // namespace gw::test
