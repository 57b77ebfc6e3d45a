#include "acs/cloud/call_event.h"

#include <gtest/gtest.h>

#include "acs/cloud/incoming_call.h"
#include "tests/unit/acs/cloud/recorded.h"

namespace gw::test {
namespace {

using namespace acs::cloud;
using nlohmann::json;
using Kind = CallEvent::Kind;

json event(const char* type, json data) {
  data["callConnectionId"] = "c1";
  return {{"id", "e1"},
          {"source", "calling/callConnections/c1"},
          {"type", std::string("Microsoft.Communication.") + type},
          {"specversion", "1.0"},
          {"data", std::move(data)}};
}

TEST(CloudCallEvents, carry_what_the_network_said) {
  const json one =
      event("CallDisconnected", {{"serverCallId", "s"},
                                 {"correlationId", "k"},
                                 {"operationContext", "leg1"},
                                 {"resultInformation",
                                  {{"code", 200},
                                   {"subCode", 7000},
                                   {"message", "m"},
                                   {"sipDetails", {{"code", 486}, {"message", "Busy Here"}}},
                                   {"q850Details", {{"code", 17}, {"message", "User busy"}}}}}});
  for (const json& body : {json::array({one}), one}) {
    const auto events = parse_call_events(body.dump());
    ASSERT_TRUE(events);
    ASSERT_EQ(events->size(), 1u);
    const CallEvent& e = events->front();
    EXPECT_EQ(e.kind, Kind::CallDisconnected);
    EXPECT_EQ(e.connection_id, "c1");
    EXPECT_EQ(e.operation_context, "leg1");
    EXPECT_EQ(e.result.code, 200);
    EXPECT_EQ(e.result.sub_code, 7000);
    EXPECT_EQ(e.result.sip_status, 486);
    EXPECT_EQ(e.result.q850, 17);
  }
}

TEST(CloudCallEvents, every_type_that_is_acted_on_is_known_by_name) {
  for (const char* type : {"CallConnected", "CallDisconnected", "CreateCallFailed", "AnswerFailed",
                           "ParticipantsUpdated", "CallTransferAccepted", "CallTransferFailed",
                           "SendDtmfTonesCompleted", "SendDtmfTonesFailed", "MediaStreamingStarted",
                           "MediaStreamingStopped", "MediaStreamingFailed"}) {
    const auto events = parse_call_events(json::array({event(type, json::object())}).dump());
    ASSERT_TRUE(events);
    EXPECT_EQ(to_string(events->front().kind), type);
  }
  EXPECT_EQ(parse_call_events(event("RecordingStateChanged", json::object()).dump())->front().kind,
            Kind::Other);
  json foreign = event("CallConnected", json::object());
  foreign["type"] = "CallConnected";
  EXPECT_EQ(parse_call_events(foreign.dump())->front().kind, Kind::Other);
}

TEST(CloudCallEvents, participants_are_raw_ids_in_their_order) {
  const json data = {{"sequenceNumber", 3},
                     {"participants",
                      {{{"identifier", {{"rawId", "8:acs:a_b"}}}, {"isMuted", false}},
                       {{"identifier", {{"phoneNumber", {{"value", "+1425"}}}}}}}}};
  const auto events = parse_call_events(event("ParticipantsUpdated", data).dump());
  EXPECT_EQ(events->front().participants, (std::vector<std::string>{"8:acs:a_b", "4:+1425"}));
  EXPECT_EQ(events->front().sequence, 3);
}

TEST(CloudCallEvents, what_is_no_event_of_a_call_is_left_out) {
  const auto events = parse_call_events(
      R"([1, {}, {"type":"x"}, {"type":"Microsoft.Communication.CallConnected","data":{}}, {"data":[]}])");
  ASSERT_TRUE(events);
  EXPECT_TRUE(events->empty());
  EXPECT_FALSE(parse_call_events("{"));
  EXPECT_FALSE(parse_call_events("7"));
  json many = json::array();
  for (int i = 0; i < 101; ++i) many.push_back(event("CallConnected", json::object()));
  EXPECT_FALSE(parse_call_events(many.dump()));
}

json incoming(const char* type_key) {
  return {{"id", "e1"},
          {type_key, "Microsoft.Communication.IncomingCall"},
          {"data",
           {{"to",
             {{"kind", "communicationUser"},
              {"rawId", "8:acs:r_b"},
              {"communicationUser", {{"id", "8:acs:r_b"}}}}},
            {"from", {{"kind", "phoneNumber"}, {"phoneNumber", {{"value", "+14255550199"}}}}},
            {"callerDisplayName", "John"},
            {"serverCallId", "s"},
            {"incomingCallContext", "ctx"},
            {"correlationId", "k"}}}};
}

TEST(CloudEventGrid, incoming_calls_are_read_in_both_schemas) {
  for (const char* key : {"eventType", "type"}) {
    for (const json& body : {json::array({incoming(key)}), incoming(key)}) {
      const auto delivery = parse_event_delivery(body.dump());
      ASSERT_TRUE(delivery);
      ASSERT_EQ(delivery->calls.size(), 1u);
      const IncomingCall& call = delivery->calls.front();
      EXPECT_EQ(call.to, "8:acs:r_b");
      EXPECT_EQ(call.from, "4:+14255550199");
      EXPECT_EQ(call.caller_name, "John");
      EXPECT_EQ(call.context, "ctx");
    }
  }
}

TEST(CloudEventGrid, a_subscription_is_validated_and_other_events_are_counted) {
  const auto validation = parse_event_delivery(
      R"([{"eventType":"Microsoft.EventGrid.SubscriptionValidationEvent","data":{"validationCode":"c0de"}}])");
  ASSERT_TRUE(validation);
  EXPECT_EQ(validation->validation_code, "c0de");
  const auto others = parse_event_delivery(
      R"([{"eventType":"Microsoft.Communication.CallStarted","data":{}},{"x":1},2])");
  ASSERT_TRUE(others);
  EXPECT_EQ(others->ignored, 3u);
  EXPECT_TRUE(others->calls.empty());
  EXPECT_FALSE(parse_event_delivery("[{"));
}

TEST(CloudEventGrid, a_call_without_context_or_callee_is_none) {
  for (const char* gone : {"incomingCallContext", "to"}) {
    json broken = incoming("type");
    broken["data"].erase(gone);
    EXPECT_TRUE(parse_event_delivery(broken.dump())->calls.empty()) << gone;
  }
  json huge = incoming("type");
  huge["data"]["incomingCallContext"] = std::string(70'000, 'x');
  EXPECT_TRUE(parse_event_delivery(huge.dump())->calls.empty());
}

}  // namespace
}  // namespace gw::test
