#include "media/engine/ice_tcp.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

#include "media/wire/stun.h"
#include "tests/unit/support/fixed_random.h"
#include "tests/unit/support/manual_clock.h"

namespace gw::media {
namespace {

class Silent final : public TransportObserver {
 public:
  void on_rtp(PacketPtr&, TimePoint) override {}
  void on_rtcp(std::span<const std::byte>, TimePoint) override {}
  void on_alive(TimePoint) override {}
  void on_connected(std::string_view, TimePoint) override {}
  void on_failed(std::string_view, TimePoint) override {}
  void on_lost(TimePoint) override {}
};

// The part of a worker that its TCP side needs, on real sockets of loopback, with time by hand.
class IceTcpTest : public ::testing::Test, public TcpRouter, public WebRtcDirectory {
 protected:
  void SetUp() override {
    auto listener = TcpListener::bind(*SocketAddress::parse("127.0.0.1"), 46);
    ASSERT_TRUE(listener.has_value());
    address_ = (*listener)->address();
    tcp_.listen(std::move(*listener));
    dtls_ = std::move(*DtlsContext::create());
    transport_ = std::make_unique<WebRtcTransport>(
        WebRtcTransport::Wiring{*dtls_, *this, counters_, observer_, random_}, ice_, clock_.now());
  }
  ~IceTcpTest() override {
    for (const int fd : clients_) ::close(fd);
    ::close(epoll_);
  }

  int connect() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(0, ::connect(fd, address_.data(), address_.size()));
    clients_.push_back(fd);
    turn();
    return fd;
  }
  // What a worker does with the events that are there.
  void turn() {
    std::array<epoll_event, 64> events;
    for (int n = 1, round = 0; n > 0 && round < 10; ++round) {
      n = ::epoll_wait(epoll_, events.data(), 64, 5);
      for (int i = 0; i < n; ++i) {
        const auto* watch = static_cast<const Watch*>(events[static_cast<size_t>(i)].data.ptr);
        if (watch->kind == Watch::Kind::TcpListener) tcp_.accept(*watch->listener, clock_.now());
        if (watch->kind == Watch::Kind::TcpPeer) tcp_.read(*watch->tcp, clock_.now());
      }
      tcp_.bury();
    }
  }
  void pass(Duration time) {
    clock_.advance(time);
    tcp_.sweep(clock_.now());
    tcp_.bury();
  }
  void say(int fd, std::span<const std::byte> data) {
    std::vector<std::byte> bytes(wire::kFrameHeader);
    wire::write_frame_header(std::span<std::byte, wire::kFrameHeader>(bytes.data(), 2),
                             static_cast<uint16_t>(data.size()));
    bytes.insert(bytes.end(), data.begin(), data.end());
    ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    turn();
  }
  void check(int fd, std::string_view password = "ourPasswordOurPassword12",
             std::string_view username = "ours1234:x") {
    wire::StunRequest request;
    request.username = username;
    request.password = password;
    request.use_candidate = true;
    request.controlling = 1;
    std::array<std::byte, 256> bytes;
    say(fd, std::span(bytes).first(wire::write_stun_request(bytes, request)));
  }
  void check_of(std::string_view username, Packet& packet,
                std::string_view password = "ourPasswordOurPassword12") {
    wire::StunRequest request;
    request.username = username;
    request.password = password;
    request.use_candidate = true;
    request.controlling = 1;
    packet.resize(wire::write_stun_request(packet.room(), request));
  }
  bool closed(int fd) {
    char byte = 0;
    for (;;) {
      const ssize_t n = ::recv(fd, &byte, 1, MSG_DONTWAIT);
      if (n == 0 || (n < 0 && errno == ECONNRESET)) return true;
      if (n < 0) return false;
    }
  }
  bool answered(int fd) {
    std::array<std::byte, 300> bytes;
    const ssize_t n = ::recv(fd, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (n < 2) return false;
    const auto stun = wire::StunMessage::parse(
        std::span<const std::byte>(bytes).subspan(2, static_cast<size_t>(n) - 2));
    return stun && stun->type == wire::StunType::BindingSuccess;
  }

  WebRtcTransport* addressed_by(const Packet& packet) override {
    const auto message = wire::StunMessage::parse(packet.data());
    const bool ours = message && local_ufrag(message->username) == ice_.ufrag;
    return ours ? transport_.get() : nullptr;
  }
  bool carried_abroad(const Packet& check) override {
    const auto message = wire::StunMessage::parse(check.data());
    return message && local_ufrag(message->username) == "away1234";
  }
  void send_abroad(std::unique_ptr<TcpPeer> peer, const Packet& check) override {
    sent_abroad_ = std::move(peer);
    sent_check_.assign(check.data().begin(), check.data().end());
  }
  void deliver(WebRtcTransport& transport, PacketPtr& packet, DatagramSink& via,
               TimePoint now) override {
    via_ = &via;
    transport.receive(packet, via, now);
  }
  void on_gone(WebRtcTransport& transport, DatagramSink& via) override { transport.on_gone(via); }
  void add_address(const SocketAddress&, WebRtcTransport&) override { ++addresses_; }
  void remove_address(const SocketAddress&, WebRtcTransport&) override {}
  void add_ufrag(const std::string&, WebRtcTransport&) override {}
  void remove_ufrag(const std::string&) override {}
  void add_ssrc(uint32_t, WebRtcTransport&) override {}
  void remove_ssrc(uint32_t, WebRtcTransport&) override {}

  test::ManualClock clock_;
  test::FixedRandom random_;
  const wire::IceCredentials ice_{"ours1234", "ourPasswordOurPassword12"};
  const int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  MediaCounters counters_;
  PacketPool pool_{8};
  Silent observer_;
  std::unique_ptr<DtlsContext> dtls_;
  IceTcp tcp_{epoll_, pool_, counters_, *this};
  std::unique_ptr<WebRtcTransport> transport_;
  SocketAddress address_;
  std::vector<int> clients_;
  int addresses_ = 0;
  DatagramSink* via_ = nullptr;  // Of the last frame.
  std::unique_ptr<TcpPeer> sent_abroad_;
  std::vector<std::byte> sent_check_;
};

TEST_F(IceTcpTest, authentic_check_is_answered_and_the_connection_stays) {
  const int fd = connect();
  check(fd);
  EXPECT_TRUE(answered(fd));
  pass(20s);
  check(fd);
  EXPECT_TRUE(answered(fd));
  pass(20s);
  EXPECT_FALSE(closed(fd));
  EXPECT_EQ(1u, tcp_.open());
  EXPECT_EQ(0, addresses_);  // The connection itself tells whose it is.
}

TEST_F(IceTcpTest, first_frame_that_is_no_authentic_check_ends_the_connection) {
  const int wrong = connect();
  check(wrong, "somebodyElsesPassword123");
  EXPECT_TRUE(closed(wrong));
  const int noise = connect();
  say(noise, std::vector<std::byte>(100, std::byte{0x80}));
  EXPECT_TRUE(closed(noise));
  const int long_one = connect();
  say(long_one, std::vector<std::byte>(1501));
  EXPECT_TRUE(closed(long_one));
  EXPECT_EQ(0u, tcp_.open());
}

TEST_F(IceTcpTest, connection_that_says_nothing_ends_soon_and_an_idle_one_later) {
  const int mute = connect(), idle = connect();
  check(idle);
  pass(IceTcp::kProofDue + 1s);
  EXPECT_TRUE(closed(mute));
  EXPECT_TRUE(answered(idle));
  EXPECT_FALSE(closed(idle));
  pass(IceTcp::kIdle);
  EXPECT_TRUE(closed(idle));
  EXPECT_EQ(0u, tcp_.open());
}

TEST_F(IceTcpTest, connections_that_prove_nothing_are_bounded_and_keep_nobody_out) {
  const int good = connect();
  check(good);
  EXPECT_TRUE(answered(good));
  const int first = connect();
  for (size_t i = 1; i < 2 * IceTcp::kMaxUnprovenOfHost; ++i) connect();
  EXPECT_EQ(1 + IceTcp::kMaxUnprovenOfHost, tcp_.open());
  EXPECT_EQ(IceTcp::kMaxUnprovenOfHost, counters_.tcp_refused.get());
  EXPECT_TRUE(closed(first));
  check(good);
  EXPECT_TRUE(answered(good));
  const int next = connect();
  check(next);
  EXPECT_TRUE(answered(next));
  pass(IceTcp::kProofDue + 1s);
  EXPECT_EQ(2u, tcp_.open());
}

TEST_F(IceTcpTest, connections_of_one_call_are_bounded) {
  for (size_t i = 0; i < IceTcp::kMaxOfTransport + 3; ++i) check(connect());
  EXPECT_EQ(IceTcp::kMaxOfTransport, tcp_.open());
}

TEST_F(IceTcpTest, peer_that_goes_takes_the_path_with_it) {
  const int fd = connect();
  check(fd);
  ::shutdown(fd, SHUT_RDWR);
  turn();
  EXPECT_EQ(0u, tcp_.open());
  EXPECT_EQ(0u, counters_.tcp_open.get());
  const int again = connect();
  check(again);
  EXPECT_TRUE(answered(again));
}

TEST_F(IceTcpTest, connections_of_an_ended_call_are_closed) {
  const int fd = connect(), other = connect();
  check(fd);
  EXPECT_TRUE(answered(fd));
  tcp_.leave(*transport_);
  tcp_.bury();
  transport_.reset();
  EXPECT_TRUE(closed(fd));
  EXPECT_FALSE(closed(other));
}

TEST_F(IceTcpTest, connection_of_a_call_that_moved_goes_after_it_with_its_check) {
  const int fd = connect();
  check(fd, ice_.pwd, "away1234:x");
  ASSERT_NE(nullptr, sent_abroad_);
  EXPECT_EQ(0u, tcp_.open());
  EXPECT_FALSE(closed(fd));
  // There: the check is judged as any other, and the connection stays or ends.
  PacketPtr packet = pool_.take();
  check_of("ours1234:x", *packet);
  tcp_.receive(std::move(sent_abroad_), *transport_, packet, clock_.now());
  EXPECT_EQ(1u, tcp_.open());
  EXPECT_TRUE(answered(fd));
}

TEST_F(IceTcpTest, connection_that_moved_after_its_call_and_proves_nothing_ends) {
  const int fd = connect();
  check(fd, "guessedPasswordGuessed12", "away1234:x");
  ASSERT_NE(nullptr, sent_abroad_);
  PacketPtr packet = pool_.take();
  check_of("ours1234:x", *packet, "guessedPasswordGuessed12");
  tcp_.receive(std::move(sent_abroad_), *transport_, packet, clock_.now());
  tcp_.bury();
  EXPECT_EQ(0u, tcp_.open());
  EXPECT_TRUE(closed(fd));
}

TEST_F(IceTcpTest, peer_that_does_not_read_is_put_out) {
  const int fd = connect();
  check(fd);
  const std::vector<std::byte> one(1200);
  for (int i = 0; i < 20000 && counters_.tcp_dropped.get() == 0; ++i) {
    via_->send(one, {});
  }
  ASSERT_GT(counters_.tcp_dropped.get(), 0u);
  pass(1s);
  EXPECT_EQ(1u, tcp_.open());
  pass(IceTcp::kUnread);
  EXPECT_EQ(0u, tcp_.open());
}

}  // namespace
}  // namespace gw::media
