#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/gateway/automation_host_fixture.h"

namespace gw {
namespace {

TEST_F(AutomationHostTest, a_call_to_a_user_rings_and_is_connected_when_it_is_answered) {
  const std::string connection = create({kAlice});
  ASSERT_EQ(edge_.rung.size(), 1u);
  EXPECT_EQ(edge_.rung[0].identity, kAlice);
  EXPECT_TRUE(edge_.rung[0].from.raw_id.starts_with("8:acs:res_")) << "an identity is made for it";
  EXPECT_TRUE(told_.empty());
  accepts();
  EXPECT_THAT(types(), ElementsAre("CallConnected", "ParticipantsUpdated"));
  EXPECT_EQ(told_[0].connection_id, connection);
  EXPECT_EQ(told_[0].context, "ctx");
  EXPECT_THAT(participants(connection), ElementsAre(kAlice));
  const auto call = std::get<ca::CallProperties>(*ask(ca::GetCall{}, connection));
  EXPECT_EQ(call.state, ca::ConnectionState::Connected);
  EXPECT_EQ(call.server_call_id, told_[0].server_call_id);
}

TEST_F(AutomationHostTest, a_call_that_nobody_takes_fails_with_the_reason) {
  const std::string connection = create({kAlice});
  rejects();
  ASSERT_THAT(types(), ElementsAre("CreateCallFailed"));
  EXPECT_EQ(told_[0].result->code, 486u);
  EXPECT_EQ(code(ask(ca::GetCall{}, connection)), "404 8522");
  EXPECT_EQ(control_->registry().live(), 0u);
}

TEST_F(AutomationHostTest, an_app_answers_for_an_identity_whose_calls_it_subscribed_to) {
  alice_calls(kDesk);
  ASSERT_EQ(offered_.size(), 1u);
  EXPECT_EQ(offered_[0].from, kAlice);
  EXPECT_EQ(offered_[0].to, kDesk);
  EXPECT_EQ(offered_[0].custom.sip.at("User-To-User"), "00FF;encoding=hex");
  EXPECT_EQ(offered_[0].custom.sip.at("X-MS-Custom-Leg"), "1");
  const std::string connection = answer();
  EXPECT_THAT(participants(connection), ElementsAre(kAlice));
}

TEST_F(AutomationHostTest, another_app_s_call_is_offered_to_who_subscribed) {
  const std::string connection = create({kDesk});
  ASSERT_EQ(offered_.size(), 1u);
  EXPECT_EQ(offered_[0].to, kDesk);
  const std::string other = answer();
  EXPECT_NE(other, connection);
  EXPECT_EQ(std::ranges::count(types(), "CallConnected"), 2) << "each of the two is told";
  EXPECT_THAT(participants(connection), ElementsAre(kDesk));
  EXPECT_EQ(participants(other).size(), 1u);
}

TEST_F(AutomationHostTest, headers_of_an_app_reach_the_user_who_is_added) {
  alice_calls();
  const std::string connection = answer();
  ca::AddParticipant add;
  add.who = kBob;
  add.custom.sip = {{"User-To-User", "00FF"}, {"X-MS-Custom-Leg", "2"}, {"X-Plain", "3"}};
  add.custom.voip = {
      {"Order", "42"}, {"Too Long To Be A Name", "x"}, {"Long", std::string(300, 'x')}};
  EXPECT_TRUE(ask(add, connection));
  ASSERT_FALSE(edge_.rung.empty());
  EXPECT_EQ(edge_.rung.back().context.user_to_user, "00FF");
  using Header = std::pair<std::string, std::string>;
  EXPECT_THAT(edge_.rung.back().context.headers,
              ElementsAre(Header("X-MS-Custom-Leg", "2"), Header("X-MS-Custom-Order", "42")));
}

TEST_F(AutomationHostTest, a_prompt_for_one_of_many_is_for_their_port_alone) {
  alice_calls();
  const std::string connection = answer();
  ca::AddParticipant add;
  add.who = kEcho;
  EXPECT_TRUE(ask(add, connection));
  ca::Play play;
  play.files = {"https://app.example/whisper.wav"};
  play.to = {kEcho};
  EXPECT_TRUE(ask(play, connection));
  fetches_.back()(std::make_shared<media::Clip>());
  ASSERT_FALSE(media_.clips.empty());
  EXPECT_EQ(media_.clips.back().to.size(), 1u);
  play.to = {kBob};
  EXPECT_EQ(code(ask(play, connection)), "404 8523");
}

TEST_F(AutomationHostTest, a_number_that_no_route_serves_fails_as_an_event) {
  ca::CreateCall command;
  command.targets = {"4:+12065550100"};
  command.caller_id = "+14255550100";
  command.callback_uri = kCallback;
  EXPECT_TRUE(ask(command));
  ASSERT_THAT(types(), ElementsAre("CreateCallFailed"));
  EXPECT_EQ(told_[0].result->code, 404u);
  command.caller_id = "+14255550199";
  EXPECT_EQ(code(ask(command)), "403 Forbidden") << "a number of somebody else";
}

TEST_F(AutomationHostTest, of_several_each_joins_when_it_answers) {
  const std::string connection = create({kEcho, kAlice});
  EXPECT_THAT(participants(connection), ElementsAre(kEcho)) << "answers itself";
  accepts();
  EXPECT_THAT(participants(connection), ElementsAre(kEcho, kAlice));
  EXPECT_EQ(std::ranges::count(types(), "CallConnected"), 1);
}

TEST_F(AutomationHostTest, a_party_that_hangs_up_last_ends_the_call) {
  create({kAlice});
  accepts();
  told_.clear();
  hangs_up(edge_.rung.back().call_id);
  ASSERT_THAT(types(), ElementsAre("CallDisconnected"));
  EXPECT_EQ(told_[0].result->code, 200u);
  EXPECT_EQ(host_->connections(), 0u);
}

TEST_F(AutomationHostTest, terminate_ends_it_for_everyone) {
  const std::string connection = create({kAlice});
  accepts();
  told_.clear();
  EXPECT_TRUE(ask(ca::HangUp{true}, connection));
  EXPECT_THAT(types(), ElementsAre("CallDisconnected"));
  ASSERT_FALSE(edge_.ended.empty());
  EXPECT_EQ(edge_.ended.back().call_id, edge_.rung.back().call_id);
}

TEST_F(AutomationHostTest, an_app_that_leaves_two_lets_them_talk_on) {
  const std::string connection = create({kEcho, kAlice});
  accepts();
  told_.clear();
  EXPECT_TRUE(ask(ca::HangUp{false}, connection));
  EXPECT_THAT(types(), ElementsAre("CallDisconnected"));
  EXPECT_TRUE(edge_.ended.empty());
  EXPECT_EQ(control_->registry().live(), 1u);
}

TEST_F(AutomationHostTest, a_call_for_an_app_is_offered_and_answered) {
  alice_calls();
  ASSERT_EQ(offered_.size(), 1u);
  EXPECT_EQ(offered_[0].from, kAlice);
  EXPECT_EQ(offered_[0].to, "4:700");
  EXPECT_EQ(edge_.states.back(), edge::CallState::Ringing);
  const std::string connection = answer();
  EXPECT_THAT(types(), ElementsAre("CallConnected", "ParticipantsUpdated"));
  EXPECT_EQ(told_[0].correlation_id, offered_[0].correlation_id);
  EXPECT_EQ(told_[0].server_call_id, offered_[0].server_call_id);
  EXPECT_EQ(edge_.states.back(), edge::CallState::Connected);
  EXPECT_THAT(participants(connection), ElementsAre(kAlice));
  ca::AnswerCall again;
  again.incoming_call_context = offered_[0].incoming_call_context;
  again.callback_uri = kCallback;
  EXPECT_EQ(code(ask(again)), "404 8522") << "once";
}

TEST_F(AutomationHostTest, a_call_that_the_app_rejects_as_busy_goes_to_the_next_target) {
  alice_calls();
  EXPECT_TRUE(ask(ca::RejectCall{offered_[0].incoming_call_context, ca::RejectReason::Busy}));
  ASSERT_EQ(edge_.rung.size(), 1u);
  EXPECT_EQ(edge_.rung[0].identity, kBob);
  EXPECT_EQ(code(ask(ca::RejectCall{offered_[0].incoming_call_context, {}})), "404 8522");
}

TEST_F(AutomationHostTest, a_call_that_the_app_refuses_ends) {
  alice_calls();
  EXPECT_TRUE(ask(ca::RejectCall{offered_[0].incoming_call_context, ca::RejectReason::None}));
  EXPECT_TRUE(edge_.rung.empty());
  EXPECT_FALSE(edge_.ended.empty());
  EXPECT_TRUE(told_.empty()) << "no event tells of it";
}

TEST_F(AutomationHostTest, a_redirected_call_rings_there_and_shows_who_called) {
  alice_calls();
  EXPECT_TRUE(ask(ca::RedirectCall{offered_[0].incoming_call_context, kBob}));
  ASSERT_EQ(edge_.rung.size(), 1u);
  EXPECT_EQ(edge_.rung[0].identity, kBob);
  EXPECT_EQ(edge_.rung[0].from.raw_id, kAlice);
  accepts();
  EXPECT_EQ(control_->registry().live(), 1u);
  EXPECT_TRUE(told_.empty());
}

TEST_F(AutomationHostTest, a_redirection_to_nowhere_is_refused_and_the_call_rings_on) {
  alice_calls();
  EXPECT_EQ(code(ask(ca::RedirectCall{offered_[0].incoming_call_context, "4:+12065550100"})),
            "400 BadRequest");
  answer();
  EXPECT_EQ(types().front(), "CallConnected");
}

TEST_F(AutomationHostTest, a_caller_who_gives_up_takes_the_offer_along) {
  alice_calls();
  hangs_up("alice-1");
  EXPECT_EQ(host_->offers(), 0u);
  ca::AnswerCall late;
  late.incoming_call_context = offered_[0].incoming_call_context;
  late.callback_uri = kCallback;
  EXPECT_EQ(code(ask(late)), "404 8522");
}

TEST_F(AutomationHostTest, an_app_that_is_not_there_is_passed_over) {
  reachable_ = false;
  alice_calls();
  EXPECT_TRUE(offered_.empty());
  ASSERT_EQ(edge_.rung.size(), 1u);
  EXPECT_EQ(edge_.rung[0].identity, kBob);
}

TEST_F(AutomationHostTest, keys_of_the_caller_are_told_while_they_are_wanted) {
  alice_calls();
  const std::string connection = answer();
  told_.clear();
  const auto press = [&](const char* keys) {
    control_->on_edge(edge::DigitsAsked{{"tab1", ++request_}, "alice-1", keys, {}, {}});
    run();
  };
  press("1");
  EXPECT_TRUE(told_.empty());
  EXPECT_TRUE(ask(ca::ContinuousTones{kAlice, true, {"tones", ""}}, connection));
  press("5#");
  ASSERT_THAT(types(), ElementsAre("ContinuousDtmfRecognitionToneReceived",
                                   "ContinuousDtmfRecognitionToneReceived"));
  EXPECT_EQ(told_[0].more["tone"], "five");
  EXPECT_EQ(told_[1].more["tone"], "pound");
  EXPECT_EQ(told_[1].more["sequenceId"], 2);
  EXPECT_TRUE(ask(ca::ContinuousTones{kAlice, false, {}}, connection));
  press("9");
  EXPECT_EQ(types().back(), "ContinuousDtmfRecognitionStopped");
}

TEST_F(AutomationHostTest, a_prompt_is_played_by_the_app_s_port_and_keys_are_recognised) {
  alice_calls();
  const std::string connection = answer();
  told_.clear();
  ca::Recognize recognize;
  recognize.from = kAlice;
  recognize.prompt = {"https://app.example/menu.wav"};
  recognize.interrupt_prompt = true;
  recognize.max_tones = 2;
  EXPECT_TRUE(ask(recognize, connection));
  ASSERT_EQ(fetches_.size(), 1u);
  fetches_[0](std::make_shared<media::Clip>());
  ASSERT_EQ(media_.clips.size(), 1u);
  control_->on_edge(edge::DigitsAsked{{"tab1", ++request_}, "alice-1", "42", {}, {}});
  run();
  ASSERT_THAT(types(), ElementsAre("RecognizeCompleted"));
  EXPECT_EQ(media_.clips.back().clip, nullptr) << "the key silenced it";
}

TEST_F(AutomationHostTest, tones_are_sent_to_one_party_and_told_when_they_are_out) {
  alice_calls();
  const std::string connection = answer();
  told_.clear();
  EXPECT_TRUE(ask(ca::SendTones{"12#", kAlice, {"send", ""}}, connection));
  ASSERT_EQ(media_.digits_sent.size(), 1u);
  EXPECT_EQ(media_.digits_sent.begin()->second, "12#");
  EXPECT_TRUE(told_.empty());
  control_->on_media(media::DigitsSent{media_.digits_sent.begin()->first});
  ASSERT_THAT(types(), ElementsAre("SendDtmfTonesCompleted"));
  EXPECT_EQ(told_[0].context, "send");
}

TEST_F(AutomationHostTest, tones_to_a_party_that_leaves_first_have_failed) {
  alice_calls();
  const std::string connection = answer();
  ca::AddParticipant add;
  add.who = kBob;
  ask(add, connection);
  accepts();
  told_.clear();
  EXPECT_TRUE(ask(ca::SendTones{"12#", kBob, {"first", ""}}, connection));
  EXPECT_TRUE(ask(ca::SendTones{"3", kBob, {"second", ""}}, connection));
  EXPECT_TRUE(ask(ca::ContinuousTones{kBob, true, {"keys", ""}}, connection));
  EXPECT_TRUE(ask(ca::ContinuousTones{kAlice, true, {"others", ""}}, connection));
  hangs_up(edge_.rung.back().call_id);
  EXPECT_THAT(types(), ElementsAre("ParticipantsUpdated", "SendDtmfTonesFailed",
                                   "SendDtmfTonesFailed", "ContinuousDtmfRecognitionToneFailed"));
  EXPECT_EQ(told_[1].context, "first");
  EXPECT_EQ(told_[1].result->sub_code, 8523u);
  EXPECT_EQ(told_[2].context, "second");
  EXPECT_EQ(told_[3].context, "keys");
  told_.clear();
  EXPECT_TRUE(ask(ca::SendTones{"4", kAlice, {"last", ""}}, connection));
  hangs_up("alice-1");
  EXPECT_THAT(types(), ElementsAre("SendDtmfTonesFailed", "CallDisconnected"));
}

TEST_F(AutomationHostTest, a_hold_without_its_music_has_failed_and_the_party_is_back) {
  alice_calls();
  const std::string connection = answer();
  told_.clear();
  EXPECT_TRUE(ask(ca::Hold{kAlice, {"https://app.example/music.wav"}, {"hold", ""}}, connection));
  EXPECT_TRUE(std::get<ca::Participant>(*ask(ca::GetParticipant{kAlice}, connection)).on_hold);
  ASSERT_EQ(fetches_.size(), 1u);
  told_.clear();
  fetches_[0](fail(ErrorCode::Unavailable, "404"));
  run();
  ASSERT_THAT(types(), ElementsAre("HoldFailed", "ParticipantsUpdated"));
  EXPECT_EQ(told_[0].context, "hold");
  EXPECT_FALSE(std::get<ca::Participant>(*ask(ca::GetParticipant{kAlice}, connection)).on_hold);
}

TEST_F(AutomationHostTest, a_media_stream_that_cannot_be_opened_is_told_and_the_call_goes_on) {
  ca::CreateCall command;
  command.targets = {kEcho};
  command.callback_uri = kCallback;
  command.streaming =
      ca::MediaStreaming{"wss://app.example/stream", true, true, false, false, 16000};
  const auto made = ask(std::move(command));  // No WebSocket client is there.
  ASSERT_TRUE(made);
  EXPECT_THAT(types(), ElementsAre("CallConnected", "MediaStreamingFailed", "ParticipantsUpdated"));
  EXPECT_EQ(told_[1].result->sub_code, 8581u);
  EXPECT_EQ(told_[1].more["mediaStreamingUpdate"]["mediaStreamingStatusDetails"],
            "initialWebSocketConnectionFailed");
  const std::string connection = std::get<ca::CallProperties>(*made).connection_id;
  const auto call = std::get<ca::CallProperties>(*ask(ca::GetCall{}, connection));
  ASSERT_TRUE(call.streaming);
  EXPECT_FALSE(call.streaming->active);
  EXPECT_EQ(code(ask(ca::Streaming{false, {}}, connection)), "400 BadRequest");
}

TEST_F(AutomationHostTest, streaming_is_not_for_calls_that_were_made_without_it) {
  alice_calls();
  EXPECT_EQ(code(ask(ca::Streaming{true, {}}, answer())), "400 BadRequest");
}

TEST_F(AutomationHostTest, another_app_connects_to_a_call_that_is_under_way) {
  alice_calls();
  answer();
  ca::ConnectCall connect{offered_[0].server_call_id, kCallback, "second", {}};
  told_.clear();
  const auto second = ask(connect);
  ASSERT_TRUE(second);
  EXPECT_EQ(told_[0].type, "CallConnected");
  EXPECT_EQ(told_[0].context, "second");
  EXPECT_THAT(participants(std::get<ca::CallProperties>(*second).connection_id),
              ElementsAre(kAlice));
  connect.server_call_id = "nothing";
  EXPECT_EQ(code(ask(connect)), "404 8522");
}

TEST_F(AutomationHostTest, what_nobody_can_be_called_by_is_refused) {
  ca::CreateCall command;
  command.targets = {"8:orgid:somebody"};
  command.callback_uri = kCallback;
  EXPECT_TRUE(ask(command)) << "told as an event";
  EXPECT_THAT(types(), ElementsAre("CreateCallFailed"));
  command.targets = {"28:orgid:app"};
  EXPECT_EQ(code(ask(command)), "400 BadRequest");
  EXPECT_EQ(code(ask(ca::GetCall{}, "nothing")), "404 8522");
}

}  // namespace
}  // namespace gw
