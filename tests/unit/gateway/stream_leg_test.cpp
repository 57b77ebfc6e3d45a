// A party at the far end of a media stream, over a real WebSocket; the media engine only remembers.
#include "gateway/call/stream_leg.h"

#include <gtest/gtest.h>

#include "acs/streaming/stream_frame.h"
#include "tests/unit/gateway/kept_usage.h"
#include "tests/unit/support/fake_edge.h"
#include "tests/unit/support/fake_media_engine.h"
#include "tests/unit/support/leg_witness.h"
#include "tests/unit/support/sofia_loop_thread.h"

namespace gw {
namespace {

namespace http = acs::http;
namespace streaming = acs::streaming;
using policy::Cause;
using policy::PartyKind;

class StreamLegTest : public testing::Test {
 protected:
  void SetUp() override {
    http::HttpConfig wanted;
    wanted.listeners = {{*SocketAddress::parse("127.0.0.1:0"), false}};
    web_ = http::HttpServer::create(wanted, metrics_, Log{});
    http::WebSocketRoute route;
    route.path = "/app";
    route.text = true;
    route.max_message = streaming::kMaxStreamMessage;
    route.accept = [this](std::shared_ptr<http::WebSocket> socket, const http::Request&) {
      socket_ = std::move(socket);
      http::WebSocketHandler handler;
      handler.on_message = [this](std::string_view text) {
        const auto frame = streaming::parse_frame(text);
        const auto* key = frame ? std::get_if<streaming::DtmfData>(&*frame) : nullptr;
        if (key) key_ = key->key;
      };
      handler.on_close = [this](uint16_t) { closed_ = true; };
      return handler;
    };
    web_->websocket(route);
    http::WebSocketRoute cloud;
    cloud.path = "/cloud";
    cloud.text = true;
    cloud.accept = [this](std::shared_ptr<http::WebSocket> socket, const http::Request&) {
      return accepting_->attach(std::move(socket));
    };
    web_->websocket(cloud);
    auto bound = web_->start();
    ASSERT_TRUE(bound);
    url_ = "ws://127.0.0.1:" + std::to_string(bound->front().address.port());
    auto sockets = http::WebSocketClient::create({}, web_->loop(), metrics_, Log{});
    ASSERT_TRUE(sockets);
    sockets_ = std::move(*sockets);
    services_.websockets = sockets_.get();
    services_.web = web_.get();
  }
  void TearDown() override {
    loop_.on([this] { leg_.reset(); });
    accepting_.reset();
    web_->stop();
  }

  Result<void> start(std::string url, streaming::StreamRole role = streaming::StreamRole::Service) {
    StreamLeg::Setup setup;
    setup.party = {PartyKind::User, "bot"};
    setup.session = SessionId{1};
    setup.spec.stream.role = role;
    setup.spec.stream.keys = true;
    setup.spec.stream.reconnections = 0;
    setup.url = std::move(url);
    return loop_.on([&] {
      leg_ = std::make_unique<StreamLeg>(services_, call_, Log{}, std::move(setup));
      const auto started = leg_->start();
      accepting_ = leg_->stream();
      return started;
    });
  }
  // Looks at what the loop's thread sees, until it is so.
  bool sees(const std::function<bool()>& what) {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (!loop_.on([&] { return what(); })) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }
  bool told(const std::string& what) {
    return sees([&] { return call_.last() == what; });
  }

  Metrics metrics_;
  SystemClock clock_;
  SystemRandom random_;
  test::SofiaLoopThread loop_;
  sip::Registrar registrar_{clock_, metrics_, {}};
  test::FakeMediaEngine media_;
  test::KeptUsage usage_;
  Services services_{loop_.loop(), media_,  nullptr,  nullptr, registrar_,
                     clock_,       random_, metrics_, usage_};
  test::LegWitness call_;
  std::unique_ptr<http::HttpServer> web_;
  std::unique_ptr<http::WebSocketClient> sockets_;
  std::string url_;
  std::shared_ptr<http::WebSocket> socket_;  // The application's end.
  std::shared_ptr<streaming::MediaStream> accepting_;
  std::atomic<char> key_{0};
  std::atomic<bool> closed_{false};
  std::unique_ptr<StreamLeg> leg_;
};

TEST_F(StreamLegTest, it_is_answered_when_its_socket_is_open) {
  ASSERT_TRUE(start(url_ + "/app"));
  EXPECT_TRUE(told("media ready"));
  EXPECT_EQ(call_.told, (std::vector<std::string>{"answered", "media ready"}));
  EXPECT_TRUE(leg_->owns(leg_->port()));
  ASSERT_EQ(media_.streams.size(), 1u);
}

TEST_F(StreamLegTest, nobody_there_ends_it) {
  ASSERT_TRUE(start("ws://127.0.0.1:1/"));
  EXPECT_TRUE(told("ended " + std::string(policy::to_string(Cause::Unavailable))));
}

TEST_F(StreamLegTest, keys_go_to_the_party_and_come_from_it) {
  ASSERT_TRUE(start(url_ + "/app"));
  ASSERT_TRUE(told("media ready"));
  loop_.on([&] { leg_->on_media(media::DigitToSend{leg_->port(), '7', 160ms}); });
  EXPECT_TRUE(sees([&] { return key_ == '7'; }));
  web_->post([&] { socket_->send_text(streaming::write_dtmf('#', "", "")); });
  EXPECT_TRUE(sees([&] { return media_.digits_received[leg_->port()] == "#"; }));
}

TEST_F(StreamLegTest, hold_is_silence_and_the_stream_goes_on) {
  ASSERT_TRUE(start(url_ + "/app"));
  ASSERT_TRUE(told("media ready"));
  loop_.on([&] { leg_->set_remote_hold(true); });
  EXPECT_TRUE(media_.held[leg_->port()]);
  loop_.on([&] { leg_->set_remote_hold(false); });
  EXPECT_FALSE(media_.held[leg_->port()]);
  EXPECT_FALSE(closed_);
}

TEST_F(StreamLegTest, the_party_that_goes_for_good_ends_it) {
  ASSERT_TRUE(start(url_ + "/app"));
  ASSERT_TRUE(told("media ready"));
  web_->post([&] { socket_->close(1000, "bye"); });
  EXPECT_TRUE(told("ended " + std::string(policy::to_string(Cause::MediaLost))));
}

TEST_F(StreamLegTest, hung_up_it_closes_its_socket_and_says_nothing_more) {
  ASSERT_TRUE(start(url_ + "/app"));
  ASSERT_TRUE(told("media ready"));
  loop_.on([&] { leg_->end({Cause::NormalClearing}, true); });
  EXPECT_TRUE(sees([&] { return closed_.load(); }));
  EXPECT_EQ(call_.last(), "media ready");
  loop_.on([&] { leg_.reset(); });
  EXPECT_EQ(media_.removed.size(), 1u);
}

TEST_F(StreamLegTest, a_socket_that_the_cloud_opened_answers_it_and_may_come_back) {
  ASSERT_TRUE(start("", streaming::StreamRole::Client));
  http::WebSocketRequest request;
  request.url = url_ + "/cloud";
  request.text = true;
  std::shared_ptr<http::WebSocket> cloud;
  for (int turn = 0; turn < 2; ++turn) {
    std::promise<std::shared_ptr<http::WebSocket>> opened;
    sockets_->open(request, [&](auto socket) { opened.set_value(socket ? *socket : nullptr); }, {});
    cloud = opened.get_future().get();
    ASSERT_TRUE(cloud);
    EXPECT_TRUE(sees([&] { return leg_->media_ready(); }));
    cloud->close(1001, "");
    EXPECT_TRUE(sees([&] { return !leg_->media_ready(); }));
  }
  EXPECT_EQ(call_.told, (std::vector<std::string>{"answered", "media ready"}));
}

}  // namespace
}  // namespace gw
