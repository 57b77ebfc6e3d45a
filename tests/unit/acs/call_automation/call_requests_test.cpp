#include "acs/call_automation/call_requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/acs/call_automation/recorded_calls.h"

namespace gw::test {
namespace {

using namespace acs::call_automation;
using ::testing::ElementsAre;
using ::testing::Pair;

constexpr const char* kAlice =
    "8:acs:11111111-2222-3333-4444-555555555555_00000001-aaaa-bbbb-cccc-000000000001";
constexpr const char* kBob =
    "8:acs:11111111-2222-3333-4444-555555555555_00000002-aaaa-bbbb-cccc-000000000002";
constexpr const char* kGateway =
    "8:acs:11111111-2222-3333-4444-555555555555_0000feed-aaaa-bbbb-cccc-00000000feed";

template <class T>
std::string why(const Read<T>& read) {
  return read ? "" : read.error().code + " " + read.error().target;
}

TEST(CallRequests, a_call_to_a_user_with_media_streaming) {
  const auto read = read_create(recorded_body("call-createCall-mediaStreaming"));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_THAT(read->targets, ElementsAre(kAlice));
  EXPECT_EQ(read->source, kGateway);
  EXPECT_EQ(read->context, "leg1");
  EXPECT_EQ(read->callback_uri, "https://gw.example.test/acs/callbacks?leg=1");
  ASSERT_TRUE(read->streaming);
  EXPECT_EQ(read->streaming->url, "wss://gw.example.test/acs/media/leg1");
  EXPECT_TRUE(read->streaming->mixed);
  EXPECT_TRUE(read->streaming->start);
  EXPECT_TRUE(read->streaming->bidirectional);
  EXPECT_TRUE(read->streaming->dtmf);
  EXPECT_EQ(read->streaming->rate, 16000u);
}

TEST(CallRequests, a_call_to_a_number_and_one_to_several_users) {
  const auto number = read_create(recorded_body("call-createCall-phoneNumber"));
  ASSERT_TRUE(number) << number.error().message;
  EXPECT_THAT(number->targets, ElementsAre("4:+14255550199"));
  EXPECT_EQ(number->caller_id, "+14255550123");
  const auto group = read_create(recorded_body("call-createGroupCall"));
  ASSERT_TRUE(group) << group.error().message;
  EXPECT_THAT(group->targets, ElementsAre(kAlice, kBob));
}

TEST(CallRequests, answer_redirect_and_reject) {
  const auto answer = read_answer(recorded_body("call-answerCall"));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->incoming_call_context, "INCOMING_CALL_CONTEXT_JWT");
  EXPECT_EQ(answer->answered_by, kGateway);
  EXPECT_TRUE(answer->streaming);
  EXPECT_FALSE(read_answer(recorded_body("call-answerCall-minimal"))->streaming);
  const auto redirect = read_redirect(recorded_body("call-redirectCall"));
  ASSERT_TRUE(redirect) << redirect.error().message;
  EXPECT_EQ(redirect->target, kBob);
  const auto reject = read_reject(recorded_body("call-rejectCall"));
  ASSERT_TRUE(reject) << reject.error().message;
  EXPECT_EQ(reject->reason, RejectReason::Busy);
}

TEST(CallRequests, connect_takes_a_call_of_ours_and_no_room) {
  const auto connect = read_connect(recorded_body("call-connectCall-serverCall"));
  ASSERT_TRUE(connect) << connect.error().message;
  EXPECT_EQ(connect->server_call_id, "SERVER_CALL_ID");
  EXPECT_EQ(why(read_connect(recorded_body("call-connectCall-room"))), "NotSupported callLocator");
}

TEST(CallRequests, participants_come_with_headers_and_go) {
  const auto add = read_add(recorded_body("conn-addParticipant-phoneNumber"));
  ASSERT_TRUE(add) << add.error().message;
  EXPECT_EQ(add->who, "4:+14255550199");
  EXPECT_EQ(add->caller_id, "+14255550123");
  EXPECT_EQ(add->source_display_name, "Front desk");
  EXPECT_THAT(add->custom.sip, ElementsAre(Pair("User-To-User", "00FF;encoding=hex"),
                                           Pair("X-MS-Custom-Leg", "1"), Pair("X-Plain", "2")));
  EXPECT_FALSE(add->timeout);
  const auto user = read_add(recorded_body("conn-addParticipant-communicationUser"));
  ASSERT_TRUE(user) << user.error().message;
  EXPECT_EQ(user->who, kBob);
  EXPECT_EQ(read_remove(recorded_body("conn-removeParticipant"))->who, kBob);
  EXPECT_EQ(read_remove(recorded_body("conn-removeParticipant"))->tag.context, "ctx-rm");
  EXPECT_EQ(read_mute(recorded_body("conn-muteParticipant"))->who, kBob);
  EXPECT_EQ(read_cancel_add(recorded_body("conn-cancelAddParticipant"))->invitation_id,
            "9f1e0000-0000-4000-8000-000000000001");
}

TEST(CallRequests, transfers_name_the_target_and_perhaps_who_is_transferred) {
  const auto user = read_transfer(recorded_body("conn-transferCallToParticipant"));
  ASSERT_TRUE(user) << user.error().message;
  EXPECT_EQ(user->target, kBob);
  EXPECT_EQ(user->transferee, kAlice);
  EXPECT_THAT(user->custom.voip, ElementsAre(Pair("leg", "1")));
  const auto number = read_transfer(recorded_body("conn-transferCallToParticipant-pstn"));
  ASSERT_TRUE(number) << number.error().message;
  EXPECT_EQ(number->target, "4:+14255550199");
  EXPECT_EQ(number->caller_id, "+14255550123");
}

TEST(CallRequests, media_operations) {
  const auto play = read_play(recorded_body("media-play-file"));
  ASSERT_TRUE(play) << play.error().message;
  EXPECT_THAT(play->files, ElementsAre("https://gw.example.test/p.wav"));
  EXPECT_THAT(play->to, ElementsAre(kAlice));
  EXPECT_FALSE(play->loop);
  const auto all = read_play(recorded_body("media-playToAll-file"));
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_TRUE(all->to.empty());
  EXPECT_TRUE(all->loop);
  const auto recognize = read_recognize(recorded_body("media-startRecognizing-dtmf"));
  ASSERT_TRUE(recognize) << recognize.error().message;
  EXPECT_EQ(recognize->from, "4:+14255550199");
  EXPECT_THAT(recognize->prompt, ElementsAre("https://gw.example.test/p.wav"));
  EXPECT_TRUE(recognize->interrupt_prompt);
  EXPECT_EQ(recognize->initial_silence, Duration(10s));
  EXPECT_EQ(recognize->inter_tone, Duration(5s));
  EXPECT_EQ(recognize->max_tones, 4u);
  EXPECT_EQ(recognize->stop_tones, "#");
  const auto send = read_send_tones(recorded_body("media-sendDtmfTones"));
  ASSERT_TRUE(send) << send.error().message;
  EXPECT_EQ(send->tones, "12#");
  EXPECT_EQ(send->to, kAlice);
  EXPECT_EQ(
      read_continuous_tones(recorded_body("media-startContinuousDtmfRecognition"), true)->from,
      "4:+14255550199");
  EXPECT_EQ(read_hold(recorded_body("media-hold"))->who, kAlice);
  EXPECT_EQ(read_unhold(recorded_body("media-unhold"))->who, kAlice);
  EXPECT_EQ(read_streaming(recorded_body("media-startMediaStreaming"), true)->tag.callback_uri,
            "https://gw.example.test/acs/callbacks?leg=1");
}

TEST(CallRequests, what_is_wrong_is_named) {
  const auto create = [](const char* body) { return why(read_create(body)); };
  EXPECT_EQ(create(""), "BadRequest targets");
  EXPECT_EQ(create("[]"), "BadRequest ");
  EXPECT_EQ(create("{"), "BadRequest ");
  EXPECT_EQ(create(R"({"targets":[]})"), "BadRequest targets");
  EXPECT_EQ(create(R"({"targets":[{"rawId":"8:acs:a_b"}]})"), "BadRequest callbackUri");
  EXPECT_EQ(create(R"({"targets":[{"rawId":"8:acs:a_b"}],"callbackUri":"ftp://x"})"),
            "BadRequest callbackUri");
  EXPECT_EQ(create(R"({"targets":[{"rawId":"8:acs:a_b"}],"callbackUri":7})"),
            "BadRequest callbackUri");
  EXPECT_EQ(create(R"({"targets":[{"rawId":"4:+14255550199"}],"callbackUri":"https://a/b"})"),
            "BadRequest sourceCallerIdNumber");
  EXPECT_EQ(create(R"({"targets":[{"rawId":"4:+14255550199"}],"callbackUri":"https://a/b",
                       "sourceCallerIdNumber":{"value":"me"}})"),
            "BadRequest sourceCallerIdNumber");
  EXPECT_EQ(create(R"({"targets":[{"rawId":"8:acs:a_b"}],"callbackUri":"https://a/b",
                       "mediaStreamingOptions":{"audioChannelType":"mixed","transportUrl":"https://x"}})"),
            "BadRequest mediaStreamingOptions.transportUrl");
  EXPECT_EQ(create(R"({"targets":[{"rawId":"8:acs:a_b"}],"callbackUri":"https://a/b",
                       "transcriptionOptions":{}})"),
            "NotSupported transcriptionOptions");
  EXPECT_EQ(why(read_play(R"({"playSources":[{"kind":"text","text":{"text":"hello"}}]})")),
            "NotSupported playSources");
  EXPECT_EQ(why(read_play(R"({})")), "BadRequest playSources");
  EXPECT_EQ(why(read_recognize(R"({"recognizeInputType":"speech"})")),
            "NotSupported recognizeInputType");
  EXPECT_EQ(why(read_send_tones(R"({"tones":["eleven"],"targetParticipant":{"rawId":"4:1"}})")),
            "BadRequest tones");
  EXPECT_EQ(why(read_add(R"({"participantToAdd":{"rawId":"8:acs:a_b"},
                             "invitationTimeoutInSeconds":181})")),
            "BadRequest invitationTimeoutInSeconds");
  EXPECT_EQ(why(read_add(R"({"participantToAdd":{"rawId":"8:acs:a_b"},
                             "customCallingContext":{"sipHeaders":{"X":"a\r\nVia: b"}}})")),
            "BadRequest customCallingContext.sipHeaders");
  EXPECT_EQ(why(read_add(R"({"participantToAdd":{"rawId":"8:acs:a_b"},
                             "customCallingContext":{"sipHeaders":{"P-Asserted-Identity":"<sip:911>"}}})")),
            "BadRequest customCallingContext.sipHeaders");
  EXPECT_EQ(why(read_mute(R"({"targetParticipants":[{"rawId":"4:1"},{"rawId":"4:2"}]})")),
            "BadRequest targetParticipants");
}

TEST(CallRequests, callbacks_are_https_or_of_this_machine) {
  for (const char* good : {"https://app.example/cb?x=1", "http://127.0.0.1:3000/cb",
                           "http://localhost/cb", "http://localhost:80", "http://[::1]:8/"}) {
    EXPECT_TRUE(is_callback_uri(good)) << good;
  }
  for (const char* bad :
       {"", "https://", "https:///x", "http://app.example/cb", "http://localhost.evil.example/",
        "http://127.0.0.1 /", "//x", "file:///x", "https://a/\r\nX: y"}) {
    EXPECT_FALSE(is_callback_uri(bad)) << bad;
  }
}

}  // namespace
}  // namespace gw::test
