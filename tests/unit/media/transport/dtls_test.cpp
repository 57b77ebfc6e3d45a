#include "media/transport/dtls.h"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "base/random.h"
#include "tests/unit/support/manual_clock.h"

namespace gw::media {
namespace {

// Keeps datagrams until the test carries them over.
class Wire final : public DatagramSink {
 public:
  void send(std::span<const std::byte> datagram, const SocketAddress&) override {
    sent.emplace_back(datagram.begin(), datagram.end());
  }
  std::deque<std::vector<std::byte>> sent;
};

class DtlsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server_context_ = std::move(*DtlsContext::create());
    client_context_ = std::move(*DtlsContext::create());
  }
  void make(std::vector<wire::SdpFingerprint> wanted_of_client) {
    server_ = std::make_unique<DtlsSession>(*server_context_, DtlsSession::Role::Passive,
                                            std::move(wanted_of_client), clock_.now());
    client_ = std::make_unique<DtlsSession>(
        *client_context_, DtlsSession::Role::Active,
        std::vector<wire::SdpFingerprint>{server_context_->fingerprint()}, clock_.now());
    server_->set_path(&from_server_, address_);
    client_->set_path(&from_client_, address_);
    client_->connect(clock_.now());
  }
  void carry() {
    for (int i = 0; i < 20 && !(from_client_.sent.empty() && from_server_.sent.empty()); ++i) {
      while (!from_client_.sent.empty()) {
        server_->receive(from_client_.sent.front(), clock_.now());
        from_client_.sent.pop_front();
      }
      while (!from_server_.sent.empty()) {
        client_->receive(from_server_.sent.front(), clock_.now());
        from_server_.sent.pop_front();
      }
    }
  }

  test::ManualClock clock_;
  const SocketAddress address_ = *SocketAddress::parse("192.0.2.1:9");
  std::unique_ptr<DtlsContext> server_context_, client_context_;
  std::unique_ptr<DtlsSession> server_, client_;
  Wire from_server_, from_client_;
};

TEST_F(DtlsTest, both_ends_get_the_same_keys_and_gcm_is_chosen) {
  make({client_context_->fingerprint()});
  carry();
  ASSERT_EQ(DtlsSession::State::Connected, server_->state()) << server_->failure();
  const auto ours = server_->take_keys(), theirs = client_->take_keys();
  ASSERT_TRUE(ours && theirs);
  EXPECT_EQ(wire::SrtpSuite::AeadAes128Gcm, ours->suite);
  EXPECT_EQ(ours->send, theirs->receive);
  EXPECT_EQ(ours->receive, theirs->send);
  EXPECT_NE(ours->send, ours->receive);
}

TEST_F(DtlsTest, certificate_that_the_sdp_did_not_announce_is_refused) {
  make({server_context_->fingerprint()});
  carry();
  EXPECT_EQ(DtlsSession::State::Failed, server_->state());
  EXPECT_FALSE(server_->take_keys());
}

TEST_F(DtlsTest, weak_hash_of_the_fingerprint_proves_nothing) {
  make({{"md5", client_context_->fingerprint().value}});
  carry();
  EXPECT_EQ(DtlsSession::State::Failed, server_->state());
}

TEST_F(DtlsTest, fingerprint_is_read_in_any_letter_case) {
  auto lower = client_context_->fingerprint();
  for (char& c : lower.value) c = static_cast<char>(std::tolower(c));
  make({lower});
  carry();
  EXPECT_EQ(DtlsSession::State::Connected, server_->state());
}

TEST_F(DtlsTest, garbage_between_the_flights_changes_nothing) {
  make({client_context_->fingerprint()});
  SystemRandom random;
  for (int i = 0; i < 50; ++i) {
    std::vector<std::byte> noise(random.u32() % 1200 + 1);
    random.fill(noise);
    noise[0] = static_cast<std::byte>(20 + random.u32() % 44);
    server_->receive(noise, clock_.now());
  }
  carry();
  EXPECT_EQ(DtlsSession::State::Connected, server_->state()) << server_->failure();
}

TEST_F(DtlsTest, no_datagram_is_larger_than_the_path_takes) {
  make({client_context_->fingerprint()});
  for (int i = 0; i < 10; ++i) {
    for (const auto& d : from_client_.sent) EXPECT_LE(d.size(), 1200u);
    while (!from_client_.sent.empty()) {
      server_->receive(from_client_.sent.front(), clock_.now());
      from_client_.sent.pop_front();
    }
    for (const auto& d : from_server_.sent) EXPECT_LE(d.size(), 1200u);
    while (!from_server_.sent.empty()) {
      client_->receive(from_server_.sent.front(), clock_.now());
      from_server_.sent.pop_front();
    }
  }
  EXPECT_EQ(DtlsSession::State::Connected, client_->state());
}

TEST_F(DtlsTest, handshake_that_never_comes_fails_after_fifteen_seconds) {
  make({client_context_->fingerprint()});
  EXPECT_NE(kNever, server_->on_timer(clock_.now()));
  clock_.advance(DtlsSession::kHandshakeLimit + 1ms);
  server_->on_timer(clock_.now());
  EXPECT_EQ(DtlsSession::State::Failed, server_->state());
}

TEST_F(DtlsTest, close_is_told_to_the_peer) {
  make({client_context_->fingerprint()});
  carry();
  client_->close();
  carry();
  EXPECT_EQ(DtlsSession::State::Closed, server_->state());
}

TEST_F(DtlsTest, with_its_keys_in_use_a_session_keeps_nothing_but_the_word_of_its_end) {
  make({client_context_->fingerprint()});
  carry();
  ASSERT_EQ(DtlsSession::State::Connected, server_->state());
  EXPECT_TRUE(server_->keeps_state());
  server_->keys_in_use();
  EXPECT_FALSE(server_->keeps_state());
  EXPECT_TRUE(from_server_.sent.empty());
  EXPECT_EQ(kNever, server_->on_timer(clock_.now()));

  server_->close();
  EXPECT_EQ(DtlsSession::State::Closed, server_->state());
  ASSERT_EQ(1u, from_server_.sent.size());
  carry();
  EXPECT_EQ(DtlsSession::State::Closed, client_->state());
  server_->close();
  EXPECT_TRUE(from_server_.sent.empty());
}

TEST_F(DtlsTest, what_comes_after_the_state_is_gone_changes_nothing) {
  make({client_context_->fingerprint()});
  carry();
  server_->keys_in_use();
  client_->close();
  carry();
  EXPECT_EQ(DtlsSession::State::Connected, server_->state());
}

TEST_F(DtlsTest, while_the_handshake_goes_on_there_is_nothing_to_put_away) {
  make({client_context_->fingerprint()});
  server_->keys_in_use();
  carry();
  EXPECT_EQ(DtlsSession::State::Connected, server_->state());
  EXPECT_TRUE(server_->keeps_state());
}

}  // namespace
}  // namespace gw::media
