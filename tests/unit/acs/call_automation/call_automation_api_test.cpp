#include "acs/call_automation/call_automation_api.h"

#include "acs/identity/base64.h"
#include "acs/rest/http_date.h"
#include "tests/unit/acs/call_automation/recorded_calls.h"
#include "tests/unit/acs/rest/rest_rig.h"
#include "tests/unit/acs/rest/signed_request.h"

namespace gw::test {
namespace {

using namespace acs::call_automation;
using nlohmann::json;

// Remembers what it was asked, and answers what the test says.
class FakeCalls final : public CallAutomation {
 public:
  void perform(const std::string& to, Command what, std::function<void(Outcome)> answer) override {
    connection = to;
    command = std::move(what);
    ++asked;
    answer(reply);
  }
  std::string connection;
  Command command;
  int asked = 0;
  Outcome reply = Accepted{};
};

class CallAutomationApiTest : public RestTest {
 protected:
  void SetUp() override {
    RestTest::SetUp();
    door->set_keys(acs::rest::Authenticator({Masked(kTestKey)}, {}));
    api.emplace(*door, CallAutomationApi::Needs{calls, clock});
  }
  http::Response ask(const std::string& method, const std::string& target,
                     const std::string& body = "") {
    return routes.ask(signed_request(request(method, target, body), clock.wall()));
  }
  template <class T>
  const T* asked_for() const {
    return std::get_if<T>(&calls.command);
  }

  FakeCalls calls;
  std::optional<CallAutomationApi> api;
};

constexpr const char* kCall = "/calling/callConnections/421f3500";
constexpr const char* kVersion = "?api-version=2026-03-12";

// What Azure's client sends reaches the calls, each as the command that it means.
TEST_F(CallAutomationApiTest, every_recorded_request_is_understood) {
  struct Row {
    const char* name;
    size_t command;
    unsigned status;
  };
  const auto index = [](const Command& command) { return command.index(); };
  const Row rows[] = {
      {"call-createCall-communicationUser", index(CreateCall{}), 201},
      {"call-createCall-phoneNumber", index(CreateCall{}), 201},
      {"call-createCall-mediaStreaming", index(CreateCall{}), 201},
      {"call-createGroupCall", index(CreateCall{}), 201},
      {"call-answerCall", index(AnswerCall{}), 200},
      {"call-answerCall-minimal", index(AnswerCall{}), 200},
      {"call-redirectCall", index(RedirectCall{}), 204},
      {"call-redirectCall-pstn", index(RedirectCall{}), 204},
      {"call-rejectCall", index(RejectCall{}), 204},
      {"call-connectCall-serverCall", index(ConnectCall{}), 200},
      {"conn-getCallConnectionProperties", index(GetCall{}), 200},
      {"conn-hangUp-false", index(HangUp{}), 204},
      {"conn-hangUp-true", index(HangUp{}), 204},
      {"conn-listParticipants", index(ListParticipants{}), 200},
      {"conn-getParticipant", index(GetParticipant{}), 200},
      {"conn-addParticipant-communicationUser", index(AddParticipant{}), 202},
      {"conn-addParticipant-phoneNumber", index(AddParticipant{}), 202},
      {"conn-removeParticipant", index(RemoveParticipant{}), 202},
      {"conn-muteParticipant", index(MuteParticipant{}), 200},
      {"conn-cancelAddParticipant", index(CancelAddParticipant{}), 202},
      {"conn-transferCallToParticipant", index(Transfer{}), 202},
      {"conn-transferCallToParticipant-pstn", index(Transfer{}), 202},
      {"media-play-file", index(Play{}), 202},
      {"media-playToAll-file", index(Play{}), 202},
      {"media-startRecognizing-dtmf", index(Recognize{}), 202},
      {"media-cancelAllOperations", index(CancelMedia{}), 202},
      {"media-startContinuousDtmfRecognition", index(ContinuousTones{}), 200},
      {"media-stopContinuousDtmfRecognition", index(ContinuousTones{}), 200},
      {"media-sendDtmfTones", index(SendTones{}), 202},
      {"media-hold", index(Hold{}), 200},
      {"media-unhold", index(Unhold{}), 200},
      {"media-startMediaStreaming", index(Streaming{}), 202},
      {"media-stopMediaStreaming", index(Streaming{}), 202},
  };
  for (const Row& row : rows) {
    const auto recorded =
        std::ranges::find(kRecordedCallRequests, row.name, &RecordedCallRequest::name);
    ASSERT_NE(recorded, kRecordedCallRequests.end()) << row.name;
    const auto answer = ask(std::string(recorded->method), std::string(recorded->target),
                            std::string(recorded->body));
    EXPECT_EQ(answer.status, row.status) << row.name << answer.body;
    EXPECT_EQ(calls.command.index(), row.command) << row.name;
    const bool of_call = std::string_view(row.name).starts_with("conn-") ||
                         std::string_view(row.name).starts_with("media-");
    EXPECT_EQ(calls.connection, of_call ? "421f3500-0000-4000-8000-00000000c0de" : "") << row.name;
  }
}

// Clients of before: what their SDKs (1.2, 1.4 preview, 1.5) ask as, and what comes before and
// after all that there is.
TEST_F(CallAutomationApiTest, older_api_versions_are_served_and_unknown_ones_named) {
  const std::string create =
      R"({"targets":[{"kind":"communicationUser","communicationUser":{"id":"8:acs:a_b"}}],"callbackUri":"https://app.example/cb"})";
  const std::string tones =
      R"({"tones":["one"],"targetParticipant":{"phoneNumber":{"value":"+14255550123"}}})";
  for (const char* version : {"2023-10-15", "2024-04-15", "2024-11-15-preview", "2025-05-15",
                              "2025-06-15", "2026-03-12"}) {
    const std::string as = "?api-version=" + std::string(version);
    EXPECT_EQ(ask("POST", "/calling/callConnections" + as, create).status, 201u) << version;
    EXPECT_TRUE(asked_for<CreateCall>()) << version;
    EXPECT_EQ(ask("POST", kCall + (":sendDtmfTones" + as), tones).status, 202u) << version;
    EXPECT_TRUE(asked_for<SendTones>()) << version;
    EXPECT_EQ(ask("GET", kCall + as).status, 200u) << version;
  }
  const int asked = calls.asked;
  for (const char* version : {"2021-08-29", "2026-03-13", "2030-01-01", "v1", ""}) {
    const auto answer =
        ask("POST", "/calling/callConnections?api-version=" + std::string(version), create);
    EXPECT_EQ(answer.status, 400u) << version;
    ASSERT_TRUE(header_of(answer, "api-supported-versions"));
    EXPECT_EQ(*header_of(answer, "api-supported-versions"), "2026-03-12");
  }
  EXPECT_EQ(code_of(ask("POST", "/calling/callConnections", create)),
            "400 MissingApiVersionParameter");
  EXPECT_EQ(calls.asked, asked);
}

TEST_F(CallAutomationApiTest, one_participant_is_asked_for_by_raw_id) {
  ask("GET", std::string(kCall) + "/participants/8%3Aacs%3Aa_b" + kVersion);
  ASSERT_TRUE(asked_for<GetParticipant>());
  EXPECT_EQ(asked_for<GetParticipant>()->who, "8:acs:a_b");
  ask("GET", std::string(kCall) + "/participants/4%3A%2B14255550100" + kVersion);
  EXPECT_EQ(asked_for<GetParticipant>()->who, "4:+14255550100");
}

TEST_F(CallAutomationApiTest, leaving_and_ending_for_everyone_differ) {
  ask("DELETE", std::string(kCall) + kVersion);
  ASSERT_TRUE(asked_for<HangUp>());
  EXPECT_FALSE(asked_for<HangUp>()->for_everyone);
  ask("POST", std::string(kCall) + ":terminate" + kVersion);
  EXPECT_TRUE(asked_for<HangUp>()->for_everyone);
}

TEST_F(CallAutomationApiTest, a_call_is_told_in_the_documented_shape) {
  CallProperties call;
  call.connection_id = "c";
  call.server_call_id = "s";
  call.correlation_id = "r";
  call.targets = {"4:+14255550199"};
  call.state = ConnectionState::Connecting;
  call.callback_uri = "https://app.example/cb";
  call.source = "8:acs:a_b";
  call.caller_id = "+14255550100";
  call.answered_by = "8:acs:a_c";
  calls.reply = call;
  const auto answer = json::parse(ask("GET", std::string(kCall) + kVersion).body);
  EXPECT_EQ(answer, json::parse(R"({
    "callConnectionId":"c","serverCallId":"s","correlationId":"r","callConnectionState":"connecting",
    "callbackUri":"https://app.example/cb",
    "targets":[{"kind":"phoneNumber","rawId":"4:+14255550199",
                "phoneNumber":{"value":"+14255550199","isAnonymous":false}}],
    "source":{"kind":"communicationUser","rawId":"8:acs:a_b","communicationUser":{"id":"8:acs:a_b"}},
    "sourceCallerIdNumber":{"value":"+14255550100","isAnonymous":false},
    "answeredBy":{"id":"8:acs:a_c"}})"));
}

TEST_F(CallAutomationApiTest, operations_answer_with_their_context) {
  calls.reply = Invitation{{"8:acs:a_b", false, false}, "i1"};
  const auto added =
      json::parse(ask("POST", std::string(kCall) + "/participants:add" + kVersion,
                      R"({"participantToAdd":{"rawId":"8:acs:a_b"},"operationContext":"ctx"})")
                      .body);
  EXPECT_EQ(added["operationContext"], "ctx");
  EXPECT_EQ(added["invitationId"], "i1");
  EXPECT_EQ(added["participant"]["identifier"]["rawId"], "8:acs:a_b");
  EXPECT_EQ(added["participant"]["isMuted"], false);
}

TEST_F(CallAutomationApiTest, refusals_come_in_azure_s_shape) {
  calls.reply = tl::unexpected(acs::rest::RestError{404, "8522", "Call not found."});
  EXPECT_EQ(code_of(ask("GET", std::string(kCall) + kVersion)), "404 8522");
  EXPECT_EQ(code_of(ask("POST", std::string(kCall) + ":play" + kVersion, "{}")), "400 BadRequest");
  EXPECT_EQ(code_of(ask("POST", std::string(kCall) + ":fly" + kVersion, "{}")), "404 NotFound");
  EXPECT_EQ(code_of(ask("PUT", std::string(kCall) + kVersion)), "405 MethodNotAllowed");
  EXPECT_EQ(code_of(ask("POST", "/calling/callConnections/" + std::string(129, 'x') + kVersion)),
            "404 NotFound");
  EXPECT_EQ(code_of(ask("POST", "/calling/recordings" + std::string(kVersion), "{}")),
            "501 NotSupported");
  EXPECT_EQ(code_of(ask("GET", std::string(kCall) + "?api-version=2027-01-01")),
            "400 UnsupportedApiVersionValue");
  EXPECT_EQ(calls.asked, 1);
}

TEST_F(CallAutomationApiTest, a_request_that_is_sent_twice_makes_one_call) {
  http::Request create = request("POST", "/calling/callConnections" + std::string(kVersion),
                                 std::string(recorded_body("call-createCall-communicationUser")));
  create = signed_request(std::move(create), clock.wall());
  create.headers.emplace_back("Repeatability-Request-ID", "e89af941-9798-4ae1-991d-a48c07015705");
  create.headers.emplace_back("Repeatability-First-Sent", acs::rest::http_date(clock.wall()));
  CallProperties call;
  call.connection_id = "first";
  calls.reply = call;
  const auto first = routes.ask(create);
  call.connection_id = "second";
  calls.reply = call;
  const auto again = routes.ask(create);
  EXPECT_EQ(calls.asked, 1);
  EXPECT_EQ(again.status, 201u);
  EXPECT_EQ(again.body, first.body);
}

}  // namespace
}  // namespace gw::test
