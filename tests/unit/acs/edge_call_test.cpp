#include "tests/unit/acs/edge_fixture.h"

namespace gw::test {
namespace {

using EdgeCalls = EdgeTest;

edge::EndReason reason_of(uint32_t code, uint32_t sub_code) {
  return {{code, sub_code, "because", edge::Category::ExpectedError},
          0,
          0,
          edge::EndReason::By::Remote};
}

TEST_F(EdgeCalls, an_invite_reaches_the_calls_and_its_answer_the_user) {
  EdgeClient alice = registered(kAlice);
  pb::ClientFrame frame = invite("call-1", "4:+14255550123", "the offer");
  frame.mutable_invite()->set_caller_id("+14255550100");
  frame.mutable_invite()->set_start_muted(true);
  frame.mutable_invite()->mutable_context()->set_user_to_user("abc");
  auto* header = frame.mutable_invite()->mutable_context()->add_headers();
  header->set_name("X-MS-Custom-Account");
  header->set_value("42");
  const uint32_t id = alice.request(frame);

  const auto invited = events.next<edge::Invited>();
  ASSERT_TRUE(invited);
  EXPECT_EQ(invited->identity, kAlice);
  EXPECT_EQ(invited->display_name, "Alice");
  EXPECT_EQ(invited->call_id, "call-1");
  ASSERT_EQ(invited->to.size(), 1u);
  EXPECT_EQ(invited->to[0].raw_id, "4:+14255550123");
  EXPECT_EQ(invited->caller_id, "+14255550100");
  EXPECT_TRUE(invited->start_muted);
  EXPECT_EQ(invited->context.user_to_user, "abc");
  EXPECT_EQ(invited->context.headers.at(0),
            (std::pair<std::string, std::string>{"X-MS-Custom-Account", "42"}));
  EXPECT_EQ(invited->offer, "the offer");
  EXPECT_EQ(invited->generation, 1u);

  edge->respond(invited->request, {}, "the answer", 1);
  const auto answer = alice.response(id);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status().code(), 0u);
  EXPECT_EQ(answer->answer().sdp(), "the answer");
  EXPECT_EQ(answer->answer().call_id(), "call-1");
  EXPECT_EQ(answer->answer().generation(), 1u);
}

TEST_F(EdgeCalls, updates_arrive_in_order_with_contiguous_numbers) {
  EdgeClient alice = registered(kAlice);
  alice.request(invite("call-1"));
  const auto invited = events.next<edge::Invited>();
  edge->respond(invited->request, {}, "answer", 1);
  edge::CallUpdate update;
  update.call_id = "call-1";
  update.remote = {"4:+14255550123", "Carol"};
  for (const auto state :
       {edge::CallState::Ringing, edge::CallState::EarlyMedia, edge::CallState::Connected}) {
    update.state = state;
    edge->update(invited->request.device, update);
  }
  edge->participants(invited->request.device, "call-1",
                     {{"p1", {"4:+14255550123", ""}, edge::ParticipantState::Connected}}, {});
  edge->end("call-1", invited->request.device, reason_of(0, 560000));
  std::vector<pb::CallState> states;
  uint64_t expected = 1;
  while (const auto frame = alice.receive()) {
    if (frame->has_response()) continue;
    EXPECT_EQ(frame->seq(), expected++);
    if (frame->has_call_update()) states.push_back(frame->call_update().state());
    if (frame->has_participants()) {
      EXPECT_EQ(frame->participants().version(), 1u);
      EXPECT_EQ(frame->participants().changed(0).state(), pb::P_CONNECTED);
    }
    if (!frame->has_call_ended()) continue;
    EXPECT_EQ(frame->call_ended().reason().status().sub_code(), 560000u);
    break;
  }
  EXPECT_EQ(states, (std::vector<pb::CallState>{pb::RINGING, pb::EARLY_MEDIA, pb::CONNECTED}));
  EXPECT_EQ(expected, 6u);
}

TEST_F(EdgeCalls, every_device_of_the_identity_rings_and_is_asked_to_warm_up) {
  EdgeClient desk = registered(kAlice, "desk");
  EdgeClient mobile = registered(kAlice, "mobile");
  EdgeClient bob = registered(kBob);
  EXPECT_EQ(edge->ring(ring_for(kAlice, "call-1")).size(), 2u);
  for (EdgeClient* device : {&desk, &mobile}) {
    const auto incoming = device->receive();
    ASSERT_TRUE(incoming && incoming->has_incoming_call());
    EXPECT_EQ(incoming->incoming_call().call_id(), "call-1");
    EXPECT_EQ(incoming->incoming_call().from().raw_id(), "4:+14255550123");
    EXPECT_EQ(incoming->incoming_call().from().display_name(), "Carol");
    EXPECT_EQ(incoming->incoming_call().expires_at_ms(), unix_ms(clock.wall() + 60s));
    const auto warm_up = device->receive();
    ASSERT_TRUE(warm_up && warm_up->has_offer_request());
    EXPECT_EQ(warm_up->offer_request().generation(), 1u);
    EXPECT_EQ(warm_up->offer_request().why(), pb::OfferRequest::WARM_UP);
  }
  bob.send(ping(1));
  EXPECT_TRUE(bob.receive()->has_pong());
}

TEST_F(EdgeCalls, nobody_to_ring_is_known_at_once) {
  EXPECT_TRUE(edge->ring(ring_for(kAlice, "call-1")).empty());
}

TEST_F(EdgeCalls, the_device_that_loses_is_told_answered_elsewhere) {
  EdgeClient desk = registered(kAlice, "desk");
  EdgeClient mobile = registered(kAlice, "mobile");
  edge->ring(ring_for(kAlice, "call-1"));
  const uint32_t id = desk.request(accept("call-1", "offer of the desk"));
  const auto accepted = events.next<edge::Accepted>();
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->offer, "offer of the desk");
  edge->respond(accepted->request, {}, "answer", 1);
  edge->settle("call-1", accepted->request.device, reason_of(487, 10003));
  EXPECT_EQ(desk.response(id)->answer().sdp(), "answer");
  const auto lost = mobile.receive_until([](const auto& f) { return f.has_incoming_call_ended(); });
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->incoming_call_ended().reason().status().code(), 487u);
  EXPECT_EQ(lost->incoming_call_ended().reason().status().sub_code(), 10003u);
  const auto late = mobile.response(mobile.request(accept("call-1")));
  EXPECT_EQ(late->status().code(), 400u);
  EXPECT_EQ(late->status().sub_code(), 41006u);
  EXPECT_EQ(events.count<edge::Accepted>(), 0u);
}

TEST_F(EdgeCalls, when_two_accept_at_once_the_calls_decide) {
  EdgeClient desk = registered(kAlice, "desk");
  EdgeClient mobile = registered(kAlice, "mobile");
  edge->ring(ring_for(kAlice, "call-1"));
  const uint32_t desk_id = desk.request(accept("call-1"));
  const auto first = events.next<edge::Accepted>();
  const uint32_t mobile_id = mobile.request(accept("call-1"));
  const auto second = events.next<edge::Accepted>();
  ASSERT_TRUE(first && second);
  edge->respond(first->request, {}, "answer", 1);
  edge->settle("call-1", first->request.device, reason_of(487, 10003));
  edge->respond(second->request, {400, 41006, "too late"});
  EXPECT_EQ(desk.response(desk_id)->status().code(), 0u);
  EXPECT_EQ(mobile.response(mobile_id)->status().sub_code(), 41006u);
}

TEST_F(EdgeCalls, a_cancelled_call_stops_ringing_everywhere) {
  EdgeClient desk = registered(kAlice, "desk");
  EdgeClient mobile = registered(kAlice, "mobile");
  edge->ring(ring_for(kAlice, "call-1"));
  edge->end("call-1", "", reason_of(487, 0));
  for (EdgeClient* device : {&desk, &mobile}) {
    const auto ended =
        device->receive_until([](const auto& f) { return f.has_incoming_call_ended(); });
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->incoming_call_ended().reason().status().code(), 487u);
  }
  EXPECT_EQ(desk.response(desk.request(reject("call-1")))->status().sub_code(), 41007u);
}

TEST_F(EdgeCalls, a_rejection_stops_the_ringing_of_that_device_alone) {
  EdgeClient desk = registered(kAlice, "desk");
  EdgeClient mobile = registered(kAlice, "mobile");
  edge->ring(ring_for(kAlice, "call-1"));
  desk.request(reject("call-1"));
  const auto rejected = events.next<edge::Rejected>();
  ASSERT_TRUE(rejected);
  EXPECT_FALSE(rejected->busy);
  edge->respond(rejected->request, {});
  ASSERT_TRUE(desk.receive_until([](const auto& f) { return f.has_incoming_call_ended(); }));
  mobile.request(accept("call-1"));
  EXPECT_TRUE(events.next<edge::Accepted>());
}

TEST_F(EdgeCalls, a_device_that_comes_while_it_rings_rings_too) {
  EdgeClient desk = registered(kAlice, "desk");
  edge->ring(ring_for(kAlice, "call-1"));
  ASSERT_TRUE(desk.receive()->has_incoming_call());
  EdgeClient mobile = registered(kAlice, "mobile");
  const auto incoming = mobile.receive();
  ASSERT_TRUE(incoming && incoming->has_incoming_call());
  EXPECT_EQ(incoming->incoming_call().call_id(), "call-1");
}

TEST_F(EdgeCalls, a_call_id_that_is_taken_is_refused_with_409) {
  EdgeClient alice = registered(kAlice);
  alice.request(invite("call-1"));
  ASSERT_TRUE(events.next<edge::Invited>());
  EdgeClient bob = registered(kBob);
  EXPECT_EQ(bob.response(bob.request(invite("call-1")))->status().code(), 409u);
  EXPECT_EQ(events.count<edge::Invited>(), 0u);
}

TEST_F(EdgeCalls, the_calls_of_others_cannot_be_touched) {
  EdgeClient alice = registered(kAlice);
  alice.request(invite("call-1"));
  edge->respond(events.next<edge::Invited>()->request, {}, "answer", 1);
  EdgeClient bob = registered(kBob);
  events.next<edge::DeviceCame>();
  pb::ClientFrame offer;
  offer.mutable_offer()->set_call_id("call-1");
  offer.mutable_offer()->set_sdp("v=0");
  EXPECT_EQ(bob.response(bob.request(offer))->status().code(), 404u);
  pb::ClientFrame hold;
  hold.mutable_hold()->set_call_id("call-1");
  hold.mutable_hold()->set_on(true);
  EXPECT_EQ(bob.response(bob.request(hold))->status().sub_code(), 41033u);
  pb::ClientFrame mute;
  mute.mutable_mute()->set_call_id("call-1");
  EXPECT_EQ(bob.response(bob.request(mute))->status().sub_code(), 41016u);
  EXPECT_EQ(bob.response(bob.request(accept("call-1")))->status().sub_code(), 41006u);
  EXPECT_EQ(bob.response(bob.request(hangup("call-1")))->status().code(), 0u);
  EXPECT_EQ(events.count<edge::Offered>() + events.count<edge::HoldAsked>() +
                events.count<edge::MuteAsked>() + events.count<edge::Accepted>() +
                events.count<edge::HungUp>(),
            0u);
}

TEST_F(EdgeCalls, hold_mute_digits_and_hang_up_reach_the_call) {
  EdgeClient alice = registered(kAlice);
  alice.request(invite("call-1"));
  edge->respond(events.next<edge::Invited>()->request, {}, "answer", 1);
  pb::ClientFrame hold;
  hold.mutable_hold()->set_call_id("call-1");
  hold.mutable_hold()->set_on(true);
  alice.request(hold);
  EXPECT_TRUE(events.next<edge::HoldAsked>()->on);
  pb::ClientFrame mute;
  mute.mutable_mute()->set_call_id("call-1");
  mute.mutable_mute()->set_on(true);
  alice.request(mute);
  EXPECT_TRUE(events.next<edge::MuteAsked>()->on);
  pb::ClientFrame digits;
  digits.mutable_send_dtmf()->set_call_id("call-1");
  digits.mutable_send_dtmf()->set_digits("12#");
  digits.mutable_send_dtmf()->set_duration_ms(200);
  alice.request(digits);
  const auto asked = events.next<edge::DigitsAsked>();
  EXPECT_EQ(asked->digits, "12#");
  EXPECT_EQ(asked->length, 200ms);
  alice.request(hangup("call-1"));
  EXPECT_EQ(events.next<edge::HungUp>()->call_id, "call-1");
}

TEST_F(EdgeCalls, a_call_refused_leaves_nothing_behind) {
  EdgeClient alice = registered(kAlice);
  const uint32_t id = alice.request(invite("call-1"));
  edge->respond(events.next<edge::Invited>()->request, {404, 560404, "no such number"});
  EXPECT_EQ(alice.response(id)->status().sub_code(), 560404u);
  alice.request(invite("call-1"));
  EXPECT_TRUE(events.next<edge::Invited>()) << "the id is free again";
}

TEST_F(EdgeCalls, what_this_version_lacks_is_answered_with_501) {
  EdgeClient alice = registered(kAlice);
  std::vector<pb::ClientFrame> frames(4);
  frames[0].mutable_join()->set_group_id("g");
  frames[1].mutable_add_participant()->set_call_id("call-1");
  frames[2].mutable_remove_participant()->set_call_id("call-1");
  frames[3].mutable_mute_participants()->set_call_id("call-1");
  for (const auto& frame : frames) {
    const auto answer = alice.response(alice.request(frame));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status().code(), 501u);
    EXPECT_EQ(answer->status().sub_code(), 90501u);
    EXPECT_FALSE(answer->status().message().empty());
  }
}

TEST_F(EdgeCalls, a_transfer_is_asked_for_of_a_call_that_is_connected_and_its_steps_are_told) {
  EdgeClient alice = registered(kAlice);
  pb::ClientFrame frame;
  frame.mutable_transfer()->set_call_id("call-1");
  frame.mutable_transfer()->mutable_target()->set_raw_id("4:102");
  EXPECT_EQ(alice.response(alice.request(frame))->status().sub_code(), 41040u) << "no such call";

  alice.request(invite("call-1"));
  const auto invited = events.next<edge::Invited>();
  edge->respond(invited->request, {}, "answer", 1);
  const uint32_t id = alice.request(frame);
  const auto asked = events.next<edge::TransferAsked>();
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->target.raw_id, "4:102");
  edge->respond(asked->request, {});
  EXPECT_EQ(alice.response(id)->status().code(), 0u);
  edge::TransferUpdate update;
  update.call_id = "call-1";
  update.state = edge::TransferUpdate::State::Failed;
  update.error = {486, 560486, "busy", edge::Category::ExpectedError};
  edge->transfer(invited->request.device, update);
  const auto told = alice.receive_until([](const pb::ServerFrame& f) { return f.has_transfer(); });
  ASSERT_TRUE(told);
  EXPECT_EQ(told->transfer().state(), pb::TransferUpdate::FAILED);
  EXPECT_EQ(told->transfer().error().sub_code(), 560486u);
}

TEST_F(EdgeCalls, a_transfer_into_another_call_needs_both_connected) {
  EdgeClient alice = registered(kAlice);
  alice.request(invite("call-1"));
  edge->respond(events.next<edge::Invited>()->request, {}, "answer", 1);
  pb::ClientFrame frame;
  frame.mutable_transfer()->set_call_id("call-1");
  frame.mutable_transfer()->set_target_call_id("call-1");
  EXPECT_EQ(alice.response(alice.request(frame))->status().code(), 400u) << "itself";
  frame.mutable_transfer()->set_target_call_id("call-2");
  EXPECT_EQ(alice.response(alice.request(frame))->status().code(), 404u);
  alice.request(invite("call-2"));
  edge->respond(events.next<edge::Invited>()->request, {}, "answer", 1);
  alice.request(frame);
  EXPECT_EQ(events.next<edge::TransferAsked>()->target_call_id, "call-2");
}

TEST_F(EdgeCalls, an_unknown_request_is_answered_with_501_and_the_session_goes_on) {
  EdgeClient alice = registered(kAlice);
  // request_id = 77, and field 99 of the next version.
  alice.send_bytes(std::string("\x08\x4d\x9a\x06\x02hi", 7));
  const auto answer = alice.response(77);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status().code(), 501u);
  alice.send(ping(3));
  EXPECT_TRUE(alice.receive()->has_pong());
}

struct BadInvite {
  const char* name;
  std::function<void(pb::Invite&)> spoil;
};
class EdgeHostile : public EdgeTest, public ::testing::WithParamInterface<BadInvite> {};

TEST_P(EdgeHostile, is_refused_with_400_and_reaches_no_call) {
  EdgeClient alice = registered(kAlice);
  pb::ClientFrame frame = invite("call-1");
  GetParam().spoil(*frame.mutable_invite());
  const auto answer = alice.response(alice.request(frame));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status().code(), 400u);
  EXPECT_EQ(events.count<edge::Invited>(), 0u);
}

void add_header(pb::Invite& invite, const std::string& name, const std::string& value) {
  auto* header = invite.mutable_context()->add_headers();
  header->set_name(name);
  header->set_value(value);
}

INSTANTIATE_TEST_SUITE_P(
    Invite, EdgeHostile,
    ::testing::Values(
        BadInvite{"NoCallId", [](pb::Invite& i) { i.clear_call_id(); }},
        BadInvite{"LongCallId", [](pb::Invite& i) { i.set_call_id(std::string(65, 'a')); }},
        BadInvite{"CallIdWithLineBreak", [](pb::Invite& i) { i.set_call_id("a\r\nb"); }},
        BadInvite{"NobodyToCall", [](pb::Invite& i) { i.clear_to(); }},
        BadInvite{"ElevenTargets",
                  [](pb::Invite& i) {
                    for (int n = 0; n < 10; ++n) i.add_to()->set_raw_id("4:1");
                  }},
        BadInvite{"TargetWithLineBreak",
                  [](pb::Invite& i) { i.mutable_to(0)->set_raw_id("4:+1\r\nX: y"); }},
        BadInvite{"NameWithLineBreak",
                  [](pb::Invite& i) { i.mutable_to(0)->set_display_name("a\nb"); }},
        BadInvite{"CallerIdNotANumber", [](pb::Invite& i) { i.set_caller_id("+1425<script>"); }},
        BadInvite{"ForeignHeader", [](pb::Invite& i) { add_header(i, "From", "x"); }},
        BadInvite{"HeaderNameWithColon",
                  [](pb::Invite& i) { add_header(i, "X-MS-Custom-a: b", "x"); }},
        BadInvite{"HeaderValueWithLineBreak",
                  [](pb::Invite& i) { add_header(i, "X-MS-Custom-a", "x\r\nVia: y"); }},
        BadInvite{"SixHeaders",
                  [](pb::Invite& i) {
                    for (int n = 0; n < 6; ++n) add_header(i, "X-MS-Custom-a", "x");
                  }},
        BadInvite{"UserToUserWithLineBreak",
                  [](pb::Invite& i) { i.mutable_context()->set_user_to_user("a\r\n"); }},
        BadInvite{"HugeOffer",
                  [](pb::Invite& i) { i.mutable_offer()->set_sdp(std::string(32769, 'a')); }},
        BadInvite{"OfferOfAnotherCall",
                  [](pb::Invite& i) { i.mutable_offer()->set_call_id("call-2"); }}),
    [](const auto& test) { return test.param.name; });

TEST_F(EdgeCalls, digits_are_checked) {
  EdgeClient alice = registered(kAlice);
  for (const char* wrong : {"", "12x", "1 2", "a"}) {
    pb::ClientFrame digits;
    digits.mutable_send_dtmf()->set_call_id("call-1");
    digits.mutable_send_dtmf()->set_digits(wrong);
    EXPECT_EQ(alice.response(alice.request(digits))->status().code(), 400u) << wrong;
  }
}

TEST_F(EdgeCalls, names_that_are_not_utf8_do_not_break_the_browsers_frame) {
  EdgeClient alice = registered(kAlice);
  auto ring = ring_for(kAlice, "call-1");
  ring.from.display_name = "Andr\xe9";  // Latin-1, as some phones send it.
  edge->ring(ring);
  const auto incoming = alice.receive();
  ASSERT_TRUE(incoming && incoming->has_incoming_call());
  EXPECT_EQ(incoming->incoming_call().from().display_name(), "Andr\xef\xbf\xbd");
}

using EdgeFrames = EdgeTest;

TEST_F(EdgeFrames, garbage_is_closed_with_4400) {
  EdgeClient alice = registered(kAlice);
  alice.send_bytes("\xff\xff\xff\xff");
  EXPECT_EQ(alice.closed(), 4400);
  EXPECT_EQ(metric("gw_edge_refused_total{reason=\"malformed\"}"), 1);
}

TEST_F(EdgeFrames, invalid_utf8_is_closed_with_4400) {
  EdgeClient alice = registered(kAlice);
  alice.send(invite("call-\xff"));
  EXPECT_EQ(alice.closed(), 4400);
}

TEST_F(EdgeFrames, more_than_64_kib_is_closed_with_1009) {
  EdgeClient alice = registered(kAlice);
  alice.send_bytes(std::string(65537, '\0'));
  EXPECT_EQ(alice.closed(), 1009);
  EXPECT_TRUE(reaches("gw_http_refused_total{reason=\"message_size\"}", 1));
}

TEST_F(EdgeFrames, text_is_closed_with_1003) {
  EdgeClient alice = registered(kAlice);
  alice.send_text("{}");
  EXPECT_EQ(alice.closed(), 1003);
}

TEST_F(EdgeFrames, a_request_without_a_number_is_closed_with_4400) {
  EdgeClient alice = registered(kAlice);
  alice.send(invite("call-1"));
  EXPECT_EQ(alice.closed(), 4400);
  EXPECT_EQ(events.count<edge::Invited>(), 0u);
}

TEST_F(EdgeFrames, too_many_requests_are_answered_with_429_and_then_closed_with_4429) {
  EdgeClient alice = registered(kAlice);
  unsigned limited = 0;
  for (int i = 0; i < 45; ++i) alice.request(hangup("none"));
  for (int i = 0; i < 45; ++i) {
    const auto frame = alice.receive();
    ASSERT_TRUE(frame && frame->has_response());
    if (frame->response().status().code() == 429) ++limited;
  }
  EXPECT_EQ(limited, 5u) << "forty pass at once, twice the rate";
  advance(1s);
  EXPECT_EQ(alice.response(alice.request(hangup("none")))->status().code(), 0u)
      << "the rate is a rate";
  for (int i = 0; i < 110; ++i) alice.request(hangup("none"));
  EXPECT_EQ(alice.closed(), 4429);
}

TEST_F(EdgeFrames, one_user_does_not_use_up_anothers_rate) {
  EdgeClient alice = registered(kAlice);
  EdgeClient bob = registered(kBob);
  for (int i = 0; i < 45; ++i) alice.request(hangup("none"));
  EXPECT_EQ(bob.response(bob.request(hangup("none")))->status().code(), 0u);
}

TEST_F(EdgeFrames, pings_are_answered_with_both_clocks) {
  EdgeClient alice = registered(kAlice);
  alice.send(ping(1234));
  const auto pong = alice.receive();
  ASSERT_TRUE(pong && pong->has_pong());
  EXPECT_EQ(pong->seq(), 0u);
  EXPECT_EQ(pong->pong().t_ms(), 1234);
  EXPECT_EQ(pong->pong().server_t_ms(), unix_ms(clock.wall()));
}

class EdgeSlowReader : public EdgeTest {
  void SetUp() override {
    web.max_unsent = 100'000;
    start();
  }
};

TEST_F(EdgeSlowReader, a_peer_that_does_not_read_is_cut_off_and_stays_resumable) {
  EdgeClient alice = connect({.receive_buffer = 4096});
  ASSERT_TRUE(alice.register_as(token(kAlice))->has_registered());
  alice.request(invite("call-1"));
  const auto invited = events.next<edge::Invited>();
  edge::CallUpdate update;
  update.call_id = "call-1";
  update.remote.display_name = std::string(8000, 'x');
  for (int i = 0; i < 2000 && metric("gw_edge_sessions{state=\"away\"}") < 1; ++i) {
    edge->update(invited->request.device, update);
    if (i % 50 == 0) settle();
  }
  settle();
  EXPECT_EQ(metric("gw_http_refused_total{reason=\"slow_reader\"}"), 1);
  EXPECT_EQ(edge->devices(kAlice), 1u) << "its calls go on";
}

}  // namespace
}  // namespace gw::test
