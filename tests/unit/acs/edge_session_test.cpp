#include "tests/unit/acs/edge_fixture.h"

namespace gw::test {
namespace {

using EdgeRegistration = EdgeTest;

TEST_F(EdgeRegistration, a_valid_token_is_answered_with_the_session_and_the_users_card) {
  EdgeClient alice = connect();
  const auto answer = alice.register_as(token(kAlice));
  ASSERT_TRUE(answer && answer->has_registered());
  const pb::Registered& registered = answer->registered();
  EXPECT_EQ(answer->request_id(), 1u);
  EXPECT_EQ(registered.identity(), kAlice);
  EXPECT_EQ(registered.display_name(), "Alice");
  ASSERT_EQ(registered.caller_ids_size(), 1);
  EXPECT_EQ(registered.caller_ids(0), "+14255550100");
  EXPECT_FALSE(registered.resumed());
  EXPECT_GE(registered.session_key().size(), 32u);
  EXPECT_EQ(registered.ping_interval_ms(), 10000u);
  EXPECT_EQ(registered.resume_window_ms(), 120000u);
  EXPECT_EQ(edge->devices(kAlice), 1u);
  EXPECT_EQ(events.next<edge::DeviceCame>()->identity, kAlice);
}

TEST_F(EdgeRegistration, a_forged_token_is_refused_with_4401) {
  std::string forged = token(kAlice);
  forged[forged.size() / 2] ^= 1;
  EdgeClient alice = connect();
  const auto answer = alice.register_as(forged);
  ASSERT_TRUE(answer && answer->has_response());
  EXPECT_EQ(answer->response().status().code(), 401u);
  EXPECT_EQ(answer->response().status().sub_code(), 44110u);
  EXPECT_EQ(alice.closed(), 4401);
  EXPECT_EQ(edge->devices(kAlice), 0u);
}

TEST_F(EdgeRegistration, an_expired_token_is_refused_with_40235) {
  const std::string old = token(kAlice, 1h);
  advance(2h);
  EdgeClient alice = connect();
  const auto answer = alice.register_as(old);
  ASSERT_TRUE(answer && answer->has_response());
  EXPECT_EQ(answer->response().status().sub_code(), 40235u);
  EXPECT_EQ(alice.closed(), 4401);
}

TEST_F(EdgeRegistration, a_token_for_chat_alone_is_refused_with_44114) {
  EdgeClient alice = connect();
  const auto answer = alice.register_as(token(kAlice, 1h, {identity::Scope::Chat}));
  ASSERT_TRUE(answer && answer->has_response());
  EXPECT_EQ(answer->response().status().sub_code(), 44114u);
}

TEST_F(EdgeRegistration, a_token_for_joining_cannot_start_calls) {
  EdgeClient alice = connect();
  ASSERT_TRUE(alice.register_as(token(kAlice, 1h, {identity::Scope::VoipJoin}))->has_registered());
  const auto answer = alice.response(alice.request(invite("call-1")));
  EXPECT_EQ(answer->status().sub_code(), 44114u);
  EXPECT_EQ(events.count<edge::Invited>(), 0u);
}

TEST_F(EdgeRegistration, a_first_frame_that_is_not_register_is_refused_with_4400) {
  EdgeClient alice = connect();
  alice.request(invite("call-1"));
  EXPECT_EQ(alice.closed(), 4400);
  EXPECT_EQ(events.count<edge::Invited>(), 0u);
}

TEST_F(EdgeRegistration, silence_after_the_upgrade_is_ended_after_five_seconds) {
  EdgeClient quiet = connect();
  advance(4999ms);
  settle();
  EdgeClient other = registered(kBob);  // The edge has swept by now and kept the quiet one.
  EXPECT_EQ(metric("gw_edge_refused_total{reason=\"register_timeout\"}"), 0);
  advance(2ms);
  EXPECT_EQ(quiet.closed(), 4408);
}

TEST_F(EdgeRegistration, the_same_instance_replaces_its_older_connection_and_keeps_its_calls) {
  EdgeClient first = registered(kAlice, "tab-7");
  first.request(invite("call-1"));
  const auto invited = events.next<edge::Invited>();
  edge->respond(invited->request, {}, "answer", 1);
  EdgeClient second = connect();
  const auto answer = second.register_as(token(kAlice), "tab-7");
  ASSERT_TRUE(answer && answer->has_registered());
  EXPECT_FALSE(answer->registered().resumed());
  ASSERT_EQ(answer->registered().calls_size(), 1);
  EXPECT_EQ(answer->registered().calls(0).call().call_id(), "call-1");
  EXPECT_EQ(first.closed(), 4409);
  EXPECT_EQ(edge->devices(kAlice), 1u);
}

TEST_F(EdgeRegistration, another_users_instance_id_replaces_nothing) {
  EdgeClient alice = registered(kAlice, "tab-7");
  EdgeClient bob = registered(kBob, "tab-7");
  alice.request(ping(5));
  EXPECT_TRUE(
      alice.receive_until([](const auto& f) { return f.has_pong() && f.pong().t_ms() == 5; }));
}

TEST_F(EdgeRegistration, the_ninth_device_is_refused_but_an_abandoned_one_makes_room) {
  std::vector<EdgeClient> devices;
  for (int i = 0; i < 8; ++i) devices.push_back(registered(kAlice, "tab-" + std::to_string(i)));
  EdgeClient ninth = connect();
  const auto refused = ninth.register_as(token(kAlice), "tab-9");
  ASSERT_TRUE(refused && refused->has_response());
  EXPECT_EQ(refused->response().status().code(), 429u);
  EXPECT_EQ(ninth.closed(), 4429);

  devices.back().drop();
  while (metric("gw_edge_sessions{state=\"away\"}") < 1) settle();
  EdgeClient again = connect();
  EXPECT_TRUE(again.register_as(token(kAlice), "tab-10")->has_registered());
  EXPECT_EQ(edge->devices(kAlice), 8u);
}

TEST_F(EdgeRegistration, unregister_ends_the_device_at_once) {
  EdgeClient alice = registered(kAlice);
  alice.request(invite("call-1"));
  events.next<edge::Invited>();
  pb::ClientFrame bye;
  bye.mutable_unregister();
  EXPECT_EQ(alice.response(alice.request(bye))->status().code(), 0u);
  const auto gone = events.next<edge::DeviceGone>();
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->call_ids, std::vector<std::string>{"call-1"});
  EXPECT_EQ(edge->devices(kAlice), 0u);
  EXPECT_EQ(alice.closed(), 1000);
}

TEST_F(EdgeRegistration, a_revoked_user_is_told_to_stop_and_closed_with_4401) {
  EdgeClient alice = registered(kAlice);
  edge->revoke(kAlice);
  const auto closing = alice.receive_until([](const auto& f) { return f.has_closing(); });
  ASSERT_TRUE(closing);
  EXPECT_EQ(closing->closing().action(), pb::SessionClosing::STOP);
  EXPECT_EQ(alice.closed(), 4401);
  EXPECT_EQ(events.next<edge::DeviceGone>()->reason.status.code, 401u);
  EXPECT_EQ(edge->devices(kAlice), 0u);
}

TEST_F(EdgeRegistration, shutting_down_sends_everybody_away_with_1012_to_resume_later) {
  EdgeClient alice = registered(kAlice);
  edge->shut_down();
  const auto closing = alice.receive_until([](const auto& f) { return f.has_closing(); });
  ASSERT_TRUE(closing);
  EXPECT_EQ(closing->closing().action(), pb::SessionClosing::RESUME);
  EXPECT_GE(closing->closing().retry_after_ms(), 500u);
  EXPECT_EQ(alice.closed(), 1012);
  EXPECT_EQ(connect().refusal(), 403u);
}

TEST_F(EdgeRegistration, many_bad_tokens_from_one_source_close_the_door_for_a_while) {
  for (int i = 0; i < 61; ++i) {
    EdgeClient guesser = connect();
    if (!guesser.open()) break;
    guesser.register_as("a.b.c");
  }
  EXPECT_EQ(connect().refusal(), 403u);
  EXPECT_GE(metric("gw_edge_refused_total{reason=\"login_rate\"}"), 1);
  advance(10s);
  EXPECT_TRUE(connect().open());
}

class EdgeTokens : public EdgeTest {
  void SetUp() override {
    config.ping_timeout = 10h;  // These users say nothing for an hour.
    start();
  }
};

TEST_F(EdgeTokens, a_warning_comes_five_minutes_ahead_and_a_new_token_puts_it_off) {
  EdgeClient alice = connect();
  ASSERT_TRUE(alice.register_as(token(kAlice, 1h))->has_registered());
  advance(55min);
  const auto warning = alice.receive_until([](const auto& f) { return f.has_token_expiring(); });
  ASSERT_TRUE(warning);
  EXPECT_GT(warning->seq(), 0u);
  pb::ClientFrame refresh;
  refresh.mutable_refresh_token()->set_token(token(kAlice, 1h));
  EXPECT_EQ(alice.response(alice.request(refresh))->status().code(), 0u);
  advance(10min);
  alice.send(ping(9));
  const auto next = alice.receive();
  ASSERT_TRUE(next);
  EXPECT_TRUE(next->has_pong()) << next->ShortDebugString();
}

TEST_F(EdgeTokens, another_users_token_does_not_refresh) {
  EdgeClient alice = registered(kAlice);
  pb::ClientFrame refresh;
  refresh.mutable_refresh_token()->set_token(token(kBob, 1h));
  EXPECT_EQ(alice.response(alice.request(refresh))->status().code(), 401u);
}

TEST_F(EdgeTokens, at_expiry_the_socket_is_closed_and_after_the_grace_the_calls_end_with_4507) {
  EdgeClient alice = connect();
  ASSERT_TRUE(alice.register_as(token(kAlice, 1h))->has_registered());
  alice.request(invite("call-1"));
  edge->respond(events.next<edge::Invited>()->request, {}, "answer", 1);
  advance(1h);
  const auto closing = alice.receive_until([](const auto& f) { return f.has_closing(); });
  ASSERT_TRUE(closing);
  EXPECT_EQ(closing->closing().status().sub_code(), 40235u);
  EXPECT_EQ(alice.closed(), 4401);
  EXPECT_EQ(events.count<edge::DeviceGone>(), 0u);
  advance(60s);
  const auto gone = events.next<edge::DeviceGone>();
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->reason.status.code, 495u);
  EXPECT_EQ(gone->reason.status.sub_code, 4507u);
  EXPECT_EQ(gone->call_ids, std::vector<std::string>{"call-1"});
}

TEST_F(EdgeTokens, within_the_grace_a_new_token_resumes_with_the_calls) {
  EdgeClient alice = connect();
  ASSERT_TRUE(alice.register_as(token(kAlice, 20s))->has_registered());
  alice.response(alice.request(hangup("none")));
  advance(20s);
  EXPECT_EQ(alice.closed(), 4401);
  EdgeClient back = connect();
  const auto answer = back.resume(token(kAlice, 1h), alice.session_key, alice.last_seq);
  ASSERT_TRUE(answer && answer->has_registered());
  EXPECT_TRUE(answer->registered().resumed());
}

class EdgeTurn : public EdgeTest {
  void SetUp() override {
    config.turn = edge::TurnConfig{{"turn:turn.example.com:3478"}, "north", 1h};
    start();
  }
};

TEST_F(EdgeTurn, time_limited_credentials_are_what_coturn_computes) {
  EdgeClient alice = connect();
  const auto answer = alice.register_as(token(kAlice));
  ASSERT_TRUE(answer && answer->has_registered());
  ASSERT_EQ(answer->registered().ice_servers_size(), 1);
  const pb::IceServer& turn = answer->registered().ice_servers(0);
  EXPECT_EQ(turn.urls(0), "turn:turn.example.com:3478");
  EXPECT_EQ(turn.username(), std::string("1790003600:") + kAlice);
  // printf '%s' "1790003600:8:acs:..." | openssl dgst -sha1 -hmac north -binary | base64
  EXPECT_EQ(turn.credential(), "Mn+7ZlqtG4Um1ggPkgcKGw/KGTw=");
}

class EdgeOrigins : public EdgeTest {
  void SetUp() override {
    config.allowed_origins = {"https://app.example.com", "localhost"};
    start();
  }
};

TEST_F(EdgeOrigins, only_listed_pages_may_connect) {
  EXPECT_EQ(connect({.origin = "https://evil.example.com"}).refusal(), 403u);
  EXPECT_EQ(connect({.origin = "https://app.example.com.evil.net"}).refusal(), 403u);
  EXPECT_EQ(connect({.origin = "http://localhost.evil.net"}).refusal(), 403u);
  EXPECT_EQ(connect({.origin = "null"}).refusal(), 403u);
  EXPECT_TRUE(connect({.origin = "https://app.example.com"}).open());
  EXPECT_TRUE(connect({.origin = "http://localhost:5173"}).open());
  EXPECT_TRUE(connect({.origin = "http://[::1]:5173"}).open());
  EXPECT_TRUE(connect().open());
}

TEST_F(EdgeOrigins, another_subprotocol_or_path_is_refused) {
  EXPECT_EQ(connect({.protocol = "acs-edge.v2"}).refusal(), 400u);
  EXPECT_EQ(connect({.path = "/other"}).refusal(), 404u);
  EXPECT_TRUE(connect({.protocol = "acs-edge.v2, acs-edge.v1"}).open());
}

}  // namespace
}  // namespace gw::test
