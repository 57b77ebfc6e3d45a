#include "acs/events/call_event.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "acs/events/callback_signer.h"
#include "acs/identity/base64.h"
#include "tests/unit/acs/edge_fixture.h"
#include "tests/unit/support/manual_clock.h"

namespace gw::test {
namespace {

using namespace acs::events;
using nlohmann::json;

TEST(CallEventTest, a_callback_is_a_list_of_one_cloud_event) {
  CallEvent event{"CallDisconnected",
                  "conn",
                  "server",
                  "corr",
                  "ctx",
                  ResultInformation{486, 560486, "Busy", 486, "Busy Here", 17}};
  const json sent = json::parse(to_cloud_events(event, "id-1", ManualClock().wall()));
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0]["type"], "Microsoft.Communication.CallDisconnected");
  EXPECT_EQ(sent[0]["specversion"], "1.0");
  EXPECT_EQ(sent[0]["source"], "calling/callConnections/conn");
  EXPECT_EQ(sent[0]["id"], "id-1");
  EXPECT_EQ(sent[0]["data"], json::parse(R"({
      "callConnectionId":"conn","serverCallId":"server","correlationId":"corr",
      "operationContext":"ctx","resultInformation":{"code":486,"subCode":560486,"message":"Busy",
      "sipDetails":{"code":486,"message":"Busy Here"},"q850Details":{"code":17,"message":""}}})"));
}

TEST(CallEventTest, what_an_event_has_of_its_own_stands_beside_it) {
  CallEvent event{"ParticipantsUpdated", "c", "s", "r", ""};
  event.more = {{"participants", {to_json({"8:acs:a_b", true, false})}}, {"sequenceNumber", 2}};
  const json data = json::parse(to_cloud_events(event, "i", {}))[0]["data"];
  EXPECT_EQ(data["sequenceNumber"], 2);
  EXPECT_EQ(data["participants"][0]["identifier"]["rawId"], "8:acs:a_b");
  EXPECT_EQ(data["participants"][0]["isMuted"], true);
  EXPECT_FALSE(data.contains("operationContext"));
  EXPECT_FALSE(data.contains("resultInformation"));
}

TEST(CallEventTest, an_incoming_call_in_both_schemas) {
  IncomingCall call{"4:+14255550100", "4:+12065550123", "Bo\xff", "s", "context", "r", {}};
  call.custom.sip["User-To-User"] = "00";
  const json grid = json::parse(to_notification(call, EventSchema::EventGrid, "/topic", "i", {}));
  ASSERT_EQ(grid.size(), 1u);
  EXPECT_EQ(grid[0]["eventType"], "Microsoft.Communication.IncomingCall");
  EXPECT_EQ(grid[0]["topic"], "/topic");
  EXPECT_EQ(grid[0]["subject"], "/caller/4:+12065550123/recipient/4:+14255550100");
  EXPECT_EQ(grid[0]["data"]["to"]["phoneNumber"]["value"], "+14255550100");
  EXPECT_EQ(grid[0]["data"]["from"]["rawId"], "4:+12065550123");
  EXPECT_EQ(grid[0]["data"]["incomingCallContext"], "context");
  EXPECT_EQ(grid[0]["data"]["customContext"]["sipHeaders"]["User-To-User"], "00");
  const json cloud =
      json::parse(to_notification(call, EventSchema::CloudEvents, "/topic", "i", {}));
  EXPECT_EQ(cloud["type"], "Microsoft.Communication.IncomingCall");
  EXPECT_EQ(cloud["source"], "/topic");
  EXPECT_EQ(cloud["data"], grid[0]["data"]);
}

class CallbackSignerTest : public ::testing::Test {
 protected:
  Result<std::unique_ptr<CallbackSigner>> load() {
    return CallbackSigner::load(folder / "callback-key.pem", kResource, clock, random);
  }
  ScratchFolder folder;
  ManualClock clock;
  SystemRandom random;
};

TEST_F(CallbackSignerTest, tokens_say_what_azure_s_say_and_verify_by_the_published_key) {
  const auto signer = load();
  ASSERT_TRUE(signer) << signer.error().detail;
  const std::string token = (*signer)->token(CallbackSigner::kCallbackLifetime);
  const json header =
      json::parse(*acs::identity::base64url_decode(token.substr(0, token.find('.'))));
  EXPECT_EQ(header["alg"], "RS256");
  const json keys = json::parse((*signer)->keys());
  ASSERT_EQ(keys["keys"].size(), 1u);
  EXPECT_EQ(keys["keys"][0]["kid"], header["kid"]);
  EXPECT_EQ(keys["keys"][0]["kty"], "RSA");
  EXPECT_EQ(keys["keys"][0]["e"], "AQAB");
  EXPECT_EQ(acs::identity::base64url_decode(keys["keys"][0]["n"].get<std::string>())->size(), 256u);
  EXPECT_FALSE(keys["keys"][0].contains("d"));

  const auto key = acs::identity::SigningKey::load_or_make(folder / "callback-key.pem");
  const auto claims = acs::identity::verify_jwt(*key, token);
  ASSERT_TRUE(claims);
  EXPECT_EQ((*claims)["iss"], "https://acscallautomation.communication.azure.com");
  EXPECT_EQ((*claims)["aud"], kResource);
  EXPECT_EQ((*claims)["exp"].get<int64_t>() - (*claims)["iat"].get<int64_t>(), 300);
}

TEST_F(CallbackSignerTest, the_key_outlives_a_restart_and_is_found_by_discovery) {
  const std::string before = (*load())->keys();
  const auto again = load();
  EXPECT_EQ((*again)->keys(), before);
  const json found = json::parse((*again)->openid_configuration("https://gw.example:8443"));
  EXPECT_EQ(found["jwks_uri"], "https://gw.example:8443/calling/keys");
  EXPECT_EQ(found["id_token_signing_alg_values_supported"][0], "RS256");
}

}  // namespace
}  // namespace gw::test
