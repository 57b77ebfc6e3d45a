#include "tests/unit/acs/edge_fixture.h"

namespace gw::test {
namespace {

// A user in a call whose socket may go.
class EdgeResume : public EdgeTest {
 protected:
  void SetUp() override {
    start();
    alice.emplace(registered(kAlice));
    invite_id = alice->request(invite("call-1"));
    invited = *events.next<edge::Invited>();
    device = invited.request.device;
  }

  void TearDown() override {
    alice.reset();
    EdgeTest::TearDown();
  }

  void show(edge::CallState state) {
    edge::CallUpdate update;
    update.call_id = "call-1";
    update.state = state;
    edge->update(device, update);
  }

  // The network goes and the edge knows it.
  void lose_socket() {
    alice->drop();
    while (metric("gw_edge_sessions{state=\"away\"}") < 1) settle();
  }

  EdgeClient come_back(uint64_t last_seq, pb::Registered* registered = nullptr) {
    EdgeClient back = connect();
    back.next_id = alice->next_id;
    const auto answer = back.resume(token(kAlice), alice->session_key, last_seq);
    EXPECT_TRUE(answer && answer->has_registered());
    if (registered && answer) *registered = answer->registered();
    return back;
  }

  std::optional<EdgeClient> alice;
  edge::Invited invited;
  edge::DeviceId device;
  uint32_t invite_id = 0;
};

TEST_F(EdgeResume, exactly_what_was_missed_is_replayed) {
  edge->respond(invited.request, {}, "answer", 1);
  show(edge::CallState::Ringing);
  ASSERT_TRUE(alice->receive_until([](const auto& f) { return f.seq() == 1; }));
  lose_socket();
  show(edge::CallState::EarlyMedia);
  show(edge::CallState::Connected);
  pb::Registered registered;
  EdgeClient back = come_back(1, &registered);
  EXPECT_TRUE(registered.resumed());
  EXPECT_EQ(registered.calls_size(), 0);
  for (const auto& [seq, state] : {std::pair{2u, pb::EARLY_MEDIA}, std::pair{3u, pb::CONNECTED}}) {
    const auto frame = back.receive();
    ASSERT_TRUE(frame && frame->has_call_update());
    EXPECT_EQ(frame->seq(), seq);
    EXPECT_EQ(frame->call_update().state(), state);
  }
  show(edge::CallState::LocalHold);
  EXPECT_EQ(back.receive()->seq(), 4u);
}

TEST_F(EdgeResume, a_replayed_invite_dials_once_and_gets_the_same_answer) {
  edge->respond(invited.request, {}, "the one answer", 1);
  lose_socket();  // The answer was lost with it.
  EdgeClient back = come_back(0);
  back.next_id = invite_id;
  const auto answer = back.response(back.request(invite("call-1")));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->answer().sdp(), "the one answer");
  EXPECT_EQ(events.count<edge::Invited>(), 0u);
}

TEST_F(EdgeResume,
       an_invite_replayed_while_it_is_pending_dials_once_and_is_answered_on_the_new_socket) {
  lose_socket();
  EdgeClient back = come_back(0);
  back.next_id = invite_id;
  const uint32_t id = back.request(invite("call-1"));
  back.send(ping(1));
  ASSERT_TRUE(back.receive()->has_pong());  // The invite before it has been read.
  EXPECT_EQ(events.count<edge::Invited>(), 0u);
  edge->respond(invited.request, {}, "late", 1);
  EXPECT_EQ(back.response(id)->answer().sdp(), "late");
}

TEST_F(EdgeResume, a_page_that_counts_from_one_again_is_not_mistaken_for_its_older_self) {
  EdgeClient reloaded = connect();
  ASSERT_TRUE(reloaded.register_as(token(kAlice), "tab-1")->has_registered());
  reloaded.next_id = invite_id;
  const uint32_t id = reloaded.request(invite("call-2"));
  const auto second = events.next<edge::Invited>();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->call_id, "call-2");
  edge->respond(invited.request, {}, "for the first", 1);
  edge->respond(second->request, {}, "for the second", 1);
  EXPECT_EQ(reloaded.response(id)->answer().sdp(), "for the second");
}

TEST_F(EdgeResume, a_second_answer_to_one_request_is_not_sent) {
  edge->respond(invited.request, {}, "first", 1);
  edge->respond(invited.request, {500, 0, "second"});
  EXPECT_EQ(alice->response(invite_id)->answer().sdp(), "first");
  alice->send(ping(1));
  EXPECT_TRUE(alice->receive()->has_pong());
}

TEST_F(EdgeResume, a_valid_key_supersedes_the_old_socket_at_once) {
  pb::Registered registered;
  EdgeClient back = come_back(0, &registered);
  EXPECT_TRUE(registered.resumed());
  EXPECT_EQ(alice->closed(), 4409);
  show(edge::CallState::Ringing);
  EXPECT_TRUE(back.receive()->has_call_update());
  EXPECT_EQ(edge->devices(kAlice), 1u);
}

TEST_F(EdgeResume, a_wrong_key_or_anothers_token_resumes_nothing) {
  std::string wrong = alice->session_key;
  wrong.back() ^= 1;
  EdgeClient guess = connect();
  pb::ClientFrame frame;
  frame.mutable_register_()->set_token(token(kAlice));
  frame.mutable_register_()->set_instance_id("tab-2");
  frame.mutable_register_()->mutable_resume()->set_session_key(wrong);
  frame.set_request_id(1);
  guess.send(frame);
  const auto answer = guess.receive();
  ASSERT_TRUE(answer && answer->has_registered());
  EXPECT_FALSE(answer->registered().resumed());
  EXPECT_EQ(answer->registered().calls_size(), 0);

  EdgeClient thief = connect();
  const auto stolen = thief.resume(token(kBob), alice->session_key, 0);
  ASSERT_TRUE(stolen && stolen->has_registered());
  EXPECT_EQ(stolen->registered().identity(), kBob);
  EXPECT_FALSE(stolen->registered().resumed());
  EXPECT_EQ(stolen->registered().calls_size(), 0);
  alice->send(ping(1));
  EXPECT_TRUE(alice->receive()->has_pong()) << "the true one keeps its socket";
}

TEST_F(EdgeResume, beyond_256_events_a_snapshot_tells_the_whole_truth) {
  edge->respond(invited.request, {}, "answer", 1);
  edge->participants(device, "call-1",
                     {{"p1", {"4:+14255550123", "Carol"}, edge::ParticipantState::Connected}}, {});
  lose_socket();
  for (int i = 0; i < 300; ++i)
    show(i % 2 ? edge::CallState::Connected : edge::CallState::LocalHold);
  pb::Registered registered;
  EdgeClient back = come_back(0, &registered);
  EXPECT_FALSE(registered.resumed());
  ASSERT_EQ(registered.calls_size(), 1);
  EXPECT_EQ(registered.calls(0).call().state(), pb::CONNECTED);
  ASSERT_EQ(registered.calls(0).participants_size(), 1);
  EXPECT_EQ(registered.calls(0).participants(0).identity().display_name(), "Carol");
  EXPECT_NE(registered.session_key(), alice->session_key);
  show(edge::CallState::RemoteHold);
  const auto next = back.receive();
  ASSERT_TRUE(next && next->has_call_update());
  EXPECT_EQ(next->seq(), 1u) << "a new numbering begins";
}

TEST_F(EdgeResume, beyond_64_kib_a_snapshot_tells_the_whole_truth) {
  lose_socket();
  edge::CallUpdate update;
  update.call_id = "call-1";
  update.remote.display_name = std::string(10'000, 'x');
  for (int i = 0; i < 7; ++i) edge->update(device, update);
  pb::Registered registered;
  come_back(0, &registered);
  EXPECT_FALSE(registered.resumed());
  EXPECT_EQ(registered.calls_size(), 1);
}

TEST_F(EdgeResume, acknowledged_events_need_no_room) {
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 100; ++i) show(edge::CallState::Connected);
    ASSERT_TRUE(alice->receive_until([&](const auto& f) { return f.seq() == 100u * (round + 1); }));
    pb::ClientFrame ack;
    ack.set_ack(alice->last_seq);
    alice->send(ack);
    alice->send(ping(round));
    ASSERT_TRUE(alice->receive()->has_pong());
  }
  lose_socket();
  show(edge::CallState::LocalHold);
  pb::Registered registered;
  EdgeClient back = come_back(300, &registered);
  EXPECT_TRUE(registered.resumed());
  EXPECT_EQ(back.receive()->seq(), 301u);
}

TEST_F(EdgeResume, an_acknowledgement_of_the_future_changes_nothing) {
  pb::ClientFrame ack;
  ack.set_ack(UINT64_MAX);
  alice->send(ack);
  show(edge::CallState::Ringing);
  ASSERT_TRUE(alice->receive_until([](const auto& f) { return f.seq() == 1; }));
  lose_socket();
  pb::Registered registered;
  EdgeClient back = come_back(0, &registered);
  EXPECT_TRUE(registered.resumed());
  EXPECT_EQ(back.receive()->seq(), 1u);
}

TEST_F(EdgeResume, a_call_that_rings_while_the_device_is_away_is_delivered_on_resume) {
  lose_socket();
  EXPECT_EQ(edge->ring(ring_for(kAlice, "call-2")).size(), 1u);
  EdgeClient back = come_back(0);
  const auto incoming = back.receive();
  ASSERT_TRUE(incoming && incoming->has_incoming_call());
  EXPECT_EQ(incoming->incoming_call().call_id(), "call-2");
  back.request(accept("call-2"));
  EXPECT_EQ(events.next<edge::Accepted>()->call_id, "call-2");
}

TEST_F(EdgeResume, a_ring_survives_a_snapshot) {
  edge->ring(ring_for(kAlice, "call-2"));
  lose_socket();
  EdgeClient back = connect();
  const auto answer = back.register_as(token(kAlice), "tab-1");
  ASSERT_TRUE(answer && answer->has_registered());
  ASSERT_EQ(answer->registered().calls_size(), 2);
  EXPECT_EQ(answer->registered().calls(1).incoming().call_id(), "call-2");
  EXPECT_EQ(answer->registered().calls(1).incoming().from().display_name(), "Carol");
  back.request(accept("call-2"));
  EXPECT_EQ(events.next<edge::Accepted>()->call_id, "call-2");
}

TEST_F(EdgeResume, a_call_that_ended_while_away_is_told_on_resume) {
  edge->respond(invited.request, {}, "answer", 1);
  lose_socket();
  edge->end("call-1", device, {{0, 560000, "normal"}, 0, 16, edge::EndReason::By::Remote});
  EdgeClient back = come_back(0);
  const auto ended = back.receive();
  ASSERT_TRUE(ended && ended->has_call_ended());
  EXPECT_EQ(ended->call_ended().reason().q850_cause(), 16u);
}

TEST_F(EdgeResume, after_the_window_the_device_is_gone_with_496_7) {
  lose_socket();
  advance(119s);
  settle();
  EXPECT_EQ(edge->devices(kAlice), 1u);
  advance(1s);
  const auto gone = events.next<edge::DeviceGone>();
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->device, device);
  EXPECT_EQ(gone->reason.status.code, 496u);
  EXPECT_EQ(gone->reason.status.sub_code, 7u);
  EXPECT_EQ(gone->call_ids, std::vector<std::string>{"call-1"});
  EXPECT_EQ(edge->devices(kAlice), 0u);
  EXPECT_TRUE(edge->ring(ring_for(kAlice, "call-2")).empty());
  pb::Registered registered;
  EdgeClient back = come_back(0, &registered);
  EXPECT_FALSE(registered.resumed());
  EXPECT_EQ(registered.calls_size(), 0);
}

TEST_F(EdgeResume, silence_longer_than_the_ping_timeout_detaches_but_does_not_end) {
  advance(30s);
  EXPECT_EQ(alice->closed(), 4408);
  EXPECT_EQ(edge->devices(kAlice), 1u);
  EXPECT_EQ(events.count<edge::DeviceGone>(), 0u);
  pb::Registered registered;
  come_back(alice->last_seq, &registered);
  EXPECT_TRUE(registered.resumed());
}

TEST_F(EdgeResume, requests_of_a_superseded_socket_are_ignored) {
  EdgeClient back = come_back(0);
  alice->request(hangup("call-1"));
  back.send(ping(1));
  ASSERT_TRUE(back.receive()->has_pong());
  EXPECT_EQ(events.count<edge::HungUp>(), 0u);
}

}  // namespace
}  // namespace gw::test
