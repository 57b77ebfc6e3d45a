#include "media/transport/webrtc_transport.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "base/random.h"
#include "media/wire/rtcp.h"
#include "media/wire/rtp.h"
#include "media/wire/stun.h"
#include "tests/unit/support/fixed_random.h"
#include "tests/unit/support/manual_clock.h"

namespace gw::media {
namespace {

class Pipe final : public DatagramSink {
 public:
  void send(std::span<const std::byte> datagram, const SocketAddress& to) override {
    sent.push_back({{datagram.begin(), datagram.end()}, to});
  }
  struct Sent {
    std::vector<std::byte> data;
    SocketAddress to;
  };
  std::deque<Sent> sent;
};

class Directory final : public WebRtcDirectory {
 public:
  void add_address(const SocketAddress& from, WebRtcTransport& t) override { addresses[from] = &t; }
  void remove_address(const SocketAddress& from, WebRtcTransport&) override {
    addresses.erase(from);
  }
  void add_ufrag(const std::string& ufrag, WebRtcTransport& t) override { ufrags[ufrag] = &t; }
  void remove_ufrag(const std::string& ufrag) override { ufrags.erase(ufrag); }
  void add_ssrc(uint32_t ssrc, WebRtcTransport& t) override { ssrcs[ssrc] = &t; }
  void remove_ssrc(uint32_t ssrc, WebRtcTransport&) override { ssrcs.erase(ssrc); }
  std::unordered_map<SocketAddress, WebRtcTransport*> addresses;
  std::map<std::string, WebRtcTransport*> ufrags;
  std::map<uint32_t, WebRtcTransport*> ssrcs;
};

class Observed final : public TransportObserver {
 public:
  void on_rtp(PacketPtr&, TimePoint) override { ++rtp; }
  void on_rtcp(std::span<const std::byte>, TimePoint) override {}
  void on_alive(TimePoint) override { ++alive; }
  void on_connected(std::string_view name, TimePoint) override { srtp = name; }
  void on_failed(std::string_view why, TimePoint) override { failure = why; }
  void on_lost(TimePoint) override { ++lost; }
  int rtp = 0, alive = 0, lost = 0;
  std::string srtp, failure;
};

class WebRtcTransportTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ours_ = std::move(*DtlsContext::create());
    browsers_ = std::move(*DtlsContext::create());
    make_transport();
  }
  void make_transport() {
    transport_ = std::make_unique<WebRtcTransport>(
        WebRtcTransport::Wiring{*ours_, directory_, counters_, observer_, random_}, ice_,
        clock_.now());
    transport_->set_peer_ice(peers_ice_);
    transport_->set_remote({{browsers_->fingerprint()}, wire::DtlsSetup::Passive}, clock_.now());
  }
  void deliver(std::span<const std::byte> datagram, const SocketAddress& from) {
    PacketPtr packet = pool_.take();
    std::ranges::copy(datagram, packet->room().begin());
    packet->resize(datagram.size());
    packet->from = from;
    transport_->receive(packet, pipe_, clock_.now());
  }
  void check(const SocketAddress& from, bool nominate = true) { check(ice_, from, nominate); }
  void check(const wire::IceCredentials& ice, const SocketAddress& from, bool nominate = true) {
    wire::StunRequest request;
    const std::string username = ice.ufrag + ":x";
    request.username = username;
    request.password = ice.pwd;
    request.use_candidate = nominate;
    request.controlling = 1;
    std::array<std::byte, 256> bytes;
    deliver(std::span(bytes).first(wire::write_stun_request(bytes, request)), from);
    pipe_.sent.clear();
  }
  // The browser's DTLS, from `from`.
  void handshake(const SocketAddress& from) {
    Pipe browser_out;
    DtlsSession browser(*browsers_, DtlsSession::Role::Active, {ours_->fingerprint()},
                        clock_.now());
    browser.set_path(&browser_out, from);
    browser.connect(clock_.now());
    for (int i = 0; i < 10; ++i) {
      for (; !browser_out.sent.empty(); browser_out.sent.pop_front()) {
        deliver(browser_out.sent.front().data, from);
      }
      for (; !pipe_.sent.empty(); pipe_.sent.pop_front()) {
        EXPECT_EQ(from, pipe_.sent.front().to);
        browser.receive(pipe_.sent.front().data, clock_.now());
      }
    }
    if (const auto keys = browser.take_keys()) browser_srtp_ = SrtpSession::create(*keys);
  }
  void rtp_from(const SocketAddress& from) {
    const auto rtp = rtp_packet();
    deliver(rtp, from);
  }
  std::vector<std::byte> rtp_packet() {
    Packet packet;
    wire::write_rtp_header(packet.room().first<wire::kRtpHeaderSize>(),
                           {111, false, sequence_++, 0, 9});
    packet.resize(60);
    EXPECT_TRUE(browser_srtp_->protect_rtp(packet));
    return {packet.data().begin(), packet.data().end()};
  }
  // The check of ours that left last, if it went to `to`; nothing else may have been sent.
  std::optional<wire::StunMessage> asked(const SocketAddress& to) {
    if (pipe_.sent.empty()) return std::nullopt;
    EXPECT_EQ(to, pipe_.sent.back().to);
    asked_ = pipe_.sent.back().data;
    pipe_.sent.clear();
    return wire::StunMessage::parse(asked_);
  }
  void answer(const wire::StunTransactionId& transaction, std::string_view password,
              const SocketAddress& from) {
    std::array<std::byte, 256> bytes;
    const size_t size = wire::write_stun_success(bytes, transaction, b_, password);
    deliver(std::span(bytes).first(size), from);
  }
  SocketAddress sends_to() {
    EXPECT_TRUE(send());
    const SocketAddress to = pipe_.sent.back().to;
    pipe_.sent.clear();
    return to;
  }
  bool send() {
    Packet packet;
    wire::write_rtp_header(packet.room().first<wire::kRtpHeaderSize>(),
                           {111, false, out_sequence_++, 0, 5});
    packet.resize(60);
    return transport_->send_rtp(packet, clock_.now());
  }

  test::ManualClock clock_;
  const wire::IceCredentials ice_{"ours1234", "ourPasswordOurPassword12"};
  const wire::IceCredentials peers_ice_{"theirs12", "theirPasswordTheirPassword"};
  const SocketAddress a_ = *SocketAddress::parse("192.0.2.1:1000");
  const SocketAddress b_ = *SocketAddress::parse("192.0.2.2:2000");
  std::unique_ptr<DtlsContext> ours_, browsers_;
  PacketPool pool_{8};
  MediaCounters counters_;
  Directory directory_;
  Observed observer_;
  Pipe pipe_;
  std::unique_ptr<SrtpSession> browser_srtp_;
  std::vector<std::byte> asked_;
  test::FixedRandom random_;
  uint16_t sequence_ = 1, out_sequence_ = 1;
  std::unique_ptr<WebRtcTransport> transport_;
};

TEST_F(WebRtcTransportTest, check_then_handshake_then_media_both_ways) {
  check(a_);
  handshake(a_);
  EXPECT_EQ("AEAD_AES_128_GCM", observer_.srtp);
  rtp_from(a_);
  EXPECT_EQ(1, observer_.rtp);
  ASSERT_TRUE(send());
  EXPECT_EQ(a_, pipe_.sent.back().to);
}

TEST_F(WebRtcTransportTest, dtls_from_an_address_without_a_check_is_ignored) {
  handshake(a_);
  EXPECT_EQ("", observer_.srtp);
  EXPECT_TRUE(pipe_.sent.empty());
  EXPECT_GT(counters_.discarded[static_cast<size_t>(Discard::Source)].get(), 0u);
}

TEST_F(WebRtcTransportTest, dtls_may_begin_before_the_nomination_but_media_waits_for_it) {
  check(a_, false);
  handshake(a_);
  EXPECT_EQ("AEAD_AES_128_GCM", observer_.srtp);
  EXPECT_FALSE(transport_->ready());
  check(a_);
  EXPECT_TRUE(transport_->ready());
}

TEST_F(WebRtcTransportTest, media_follows_the_nomination_to_another_address) {
  check(a_);
  handshake(a_);
  check(b_, false);
  ASSERT_TRUE(send());
  EXPECT_EQ(a_, pipe_.sent.back().to);
  check(b_);
  ASSERT_TRUE(send());
  EXPECT_EQ(b_, pipe_.sent.back().to);
}

TEST_F(WebRtcTransportTest, network_change_keeps_keys_and_media_both_ways) {
  check(a_);
  handshake(a_);
  rtp_from(a_);
  check({ice_.ufrag, "somebodyElsesPassword"}, b_);  // Not authentic: nothing moves.
  ASSERT_TRUE(send());
  EXPECT_EQ(a_, pipe_.sent.back().to);
  EXPECT_FALSE(transport_->knows(pipe_, b_));
  check(b_);
  rtp_from(b_);
  EXPECT_EQ(2, observer_.rtp);
  ASSERT_TRUE(send());
  EXPECT_EQ(b_, pipe_.sent.back().to);
  EXPECT_EQ(1u, counters_.ice_moves.get());
  EXPECT_EQ(1u, counters_.dtls_handshakes.get());
}

// A NAT gave the browser another address; it sends on and has not checked yet.
TEST_F(WebRtcTransportTest, sound_from_another_address_is_heard_at_once_and_the_address_is_asked) {
  check(a_);
  handshake(a_);
  rtp_from(a_);
  ASSERT_TRUE(directory_.ssrcs.contains(9));  // So that it finds us without an address.
  pipe_.sent.clear();
  rtp_from(b_);
  EXPECT_EQ(2, observer_.rtp);
  const auto request = asked(b_);
  ASSERT_TRUE(request);
  EXPECT_EQ(wire::StunType::BindingRequest, request->type);
  EXPECT_EQ("theirs12:ours1234", request->username);
  EXPECT_TRUE(request->controlled);
  EXPECT_FALSE(request->use_candidate);
  EXPECT_TRUE(request->authentic(peers_ice_.pwd));
  EXPECT_EQ(a_, sends_to());  // Until it has answered.
}

TEST_F(WebRtcTransportTest, what_we_send_follows_once_the_address_has_answered) {
  check(a_);
  handshake(a_);
  rtp_from(b_);
  const auto request = asked(b_);
  ASSERT_TRUE(request);
  answer(request->transaction, peers_ice_.pwd, b_);
  EXPECT_EQ(b_, sends_to());
  EXPECT_EQ(1u, counters_.ice_moves.get());
  EXPECT_EQ(1u, counters_.media_moves.get());
  EXPECT_TRUE(transport_->knows(pipe_, b_));
  rtp_from(b_);
  EXPECT_TRUE(pipe_.sent.empty());  // It is asked no more ...
  check(b_);
  EXPECT_EQ(1u, counters_.ice_moves.get());  // ... and its own check is no news.
  check(a_);
  EXPECT_EQ(a_, sends_to());  // ICE has the last word.
}

TEST_F(WebRtcTransportTest, an_answer_of_somebody_else_proves_nothing) {
  check(a_);
  handshake(a_);
  rtp_from(b_);
  const auto request = asked(b_);
  ASSERT_TRUE(request);
  auto guessed = request->transaction;
  guessed[11] ^= std::byte{1};
  SocketAddress c = b_;
  c.set_port(2001);
  answer(request->transaction, "somebodyElsesPassword", b_);
  answer(request->transaction, ice_.pwd, b_);
  answer(guessed, peers_ice_.pwd, b_);
  answer(request->transaction, peers_ice_.pwd, c);
  deliver(asked_, b_);  // Our own check, sent back.
  EXPECT_EQ(a_, sends_to());
  EXPECT_EQ(0u, counters_.ice_moves.get());
}

// Who is on the way can send again what it saw, from wherever it likes.
TEST_F(WebRtcTransportTest, copies_and_forgeries_from_another_address_change_nothing) {
  check(a_);
  handshake(a_);
  auto packet = rtp_packet();
  deliver(packet, a_);
  pipe_.sent.clear();
  deliver(packet, b_);
  EXPECT_EQ(1u, counters_.discarded[static_cast<size_t>(Discard::Replay)].get());
  auto forged = rtp_packet();
  forged.back() ^= std::byte{1};
  deliver(forged, b_);
  EXPECT_EQ(1u, counters_.srtp_failures.get());
  EXPECT_EQ(1, observer_.rtp);
  EXPECT_TRUE(pipe_.sent.empty());
  EXPECT_EQ(a_, sends_to());
  EXPECT_EQ(1u, directory_.addresses.size());
}

TEST_F(WebRtcTransportTest,
       an_address_that_does_not_answer_is_asked_ten_times_in_a_second_and_no_more) {
  check(a_);
  handshake(a_);
  pipe_.sent.clear();
  for (int i = 0; i < 50; ++i, clock_.advance(20ms)) rtp_from(b_);
  EXPECT_EQ(10u, pipe_.sent.size());
  for (int i = 0; i < 50; ++i, clock_.advance(20ms)) rtp_from(b_);
  EXPECT_EQ(10u, pipe_.sent.size());
  EXPECT_EQ(100, observer_.rtp);
  // Many addresses get no more together.
  for (uint16_t port = 3000; port < 3100; ++port, clock_.advance(10ms)) {
    SocketAddress other = b_;
    other.set_port(port);
    rtp_from(other);
  }
  EXPECT_EQ(20u, pipe_.sent.size());
  EXPECT_LE(directory_.addresses.size(), 2u);
}

TEST_F(WebRtcTransportTest, ice_restart_keeps_the_old_pair_until_a_new_one_is_nominated) {
  const wire::IceCredentials fresh{"next1234", "nextPasswordNextPassword"};
  check(a_);
  handshake(a_);
  transport_->restart_ice(fresh, clock_.now());
  check(fresh, b_, false);
  check(a_);  // The browser keeps the consent of the pair it still uses.
  ASSERT_TRUE(send());
  EXPECT_EQ(a_, pipe_.sent.back().to);
  check(fresh, b_);
  ASSERT_TRUE(send());
  EXPECT_EQ(b_, pipe_.sent.back().to);
  EXPECT_EQ(1u, directory_.ufrags.size());
  check(a_);  // Void now.
  ASSERT_TRUE(send());
  EXPECT_EQ(b_, pipe_.sent.back().to);
}

TEST_F(WebRtcTransportTest, restarts_that_came_to_nothing_leave_no_credentials_behind) {
  check(a_);
  for (const char* ufrag : {"next1111", "next2222", "next3333"}) {
    transport_->restart_ice({ufrag, "nextPasswordNextPassword"}, clock_.now());
  }
  EXPECT_EQ(2u, directory_.ufrags.size());
  EXPECT_TRUE(directory_.ufrags.contains("ours1234"));
  EXPECT_TRUE(directory_.ufrags.contains("next3333"));
}

TEST_F(WebRtcTransportTest, certificate_of_somebody_else_fails_the_port) {
  transport_->set_remote({{ours_->fingerprint()}, wire::DtlsSetup::Passive}, clock_.now());
  check(a_);
  handshake(a_);
  EXPECT_NE("", observer_.failure);
  EXPECT_FALSE(transport_->ready());
}

TEST_F(WebRtcTransportTest, fifteen_seconds_without_a_check_is_lost_and_told_once) {
  check(a_);
  handshake(a_);
  clock_.advance(14s);
  transport_->on_timer(clock_.now());
  EXPECT_EQ(0, observer_.lost);
  for (int i = 0; i < 5; ++i) {
    clock_.advance(1s);
    transport_->on_timer(clock_.now());
  }
  EXPECT_EQ(1, observer_.lost);
  EXPECT_FALSE(send());  // RFC 7675: no consent, no packets.
  check(a_);
  EXPECT_TRUE(send());
}

TEST_F(WebRtcTransportTest, handshake_that_never_comes_fails_the_port) {
  check(a_);
  clock_.advance(15s + 1ms);
  transport_->on_timer(clock_.now());
  EXPECT_NE("", observer_.failure);
}

TEST_F(WebRtcTransportTest, ended_transport_leaves_no_trace_in_the_directory) {
  check(a_);
  check(b_);
  transport_->restart_ice({"next1234", "nextPasswordNextPassword"}, clock_.now());
  EXPECT_EQ(2u, directory_.addresses.size());
  EXPECT_EQ(2u, directory_.ufrags.size());
  transport_.reset();
  EXPECT_TRUE(directory_.addresses.empty());
  EXPECT_TRUE(directory_.ufrags.empty());
}

TEST_F(WebRtcTransportTest, nor_does_one_that_asks_an_address) {
  check(a_);
  handshake(a_);
  rtp_from(b_);
  EXPECT_EQ(2u, directory_.addresses.size());
  EXPECT_EQ(1u, directory_.ssrcs.size());
  transport_.reset();
  EXPECT_TRUE(directory_.addresses.empty());
  EXPECT_TRUE(directory_.ssrcs.empty());
}

TEST_F(WebRtcTransportTest, number_of_addresses_is_bounded_and_the_one_in_use_stays) {
  check(a_);
  for (uint16_t port = 5000; port < 5100; ++port) {
    SocketAddress other = b_;
    other.set_port(port);
    check(other, false);
  }
  EXPECT_LE(directory_.addresses.size(), WebRtcTransport::kMaxAddresses);
  EXPECT_TRUE(transport_->knows(pipe_, a_));
}

}  // namespace
}  // namespace gw::media
