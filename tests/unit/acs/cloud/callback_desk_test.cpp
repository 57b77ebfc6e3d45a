#include "acs/cloud/callback_desk.h"

#include <gtest/gtest.h>

#include "tests/unit/acs/cloud/fake_carrier.h"
#include "tests/unit/acs/cloud/published_key.h"
#include "tests/unit/acs/rest/rest_rig.h"

namespace gw::test {
namespace {

using namespace acs::cloud;
using nlohmann::json;

constexpr const char* kIssuer = "https://issuer.test";
constexpr const char* kAudience = "11111111-2222-3333-4444-555555555555";

class CloudCallbackDesk : public ::testing::Test {
 protected:
  void SetUp() override {
    keys.fetch();
    carrier.answer(200, R"({"jwks_uri":"https://keys.test/keys"})");
    carrier.answer(200, key_set({&issuer_key()}));
    desk.expect("t0ken");
  }
  std::string bearer() const {
    const int64_t now = unix_ms(clock.wall()) / 1000;
    return "Bearer " +
           issuer_key().token({{"iss", kIssuer}, {"aud", kAudience}, {"exp", now + 300}});
  }
  acs::http::Request request(std::string method, std::string path, std::string body) {
    acs::http::Request out;
    out.method = std::move(method);
    out.path = std::move(path);
    out.body = std::move(body);
    return out;
  }
  unsigned call_back(const std::string& body, const std::string& token = "t0ken",
                     std::optional<std::string> authorization = std::nullopt) {
    auto out = request("POST", "/acs/callbacks/" + token, body);
    const std::string credential = authorization.value_or(bearer());
    if (!credential.empty()) out.headers.emplace_back("Authorization", credential);
    return routes.ask(out).status;
  }
  static std::string event(const char* id, const char* connection = "c1",
                           const char* type = "CallConnected") {
    return json::array({{{"id", id},
                         {"type", std::string("Microsoft.Communication.") + type},
                         {"data", {{"callConnectionId", connection}}}}})
        .dump();
  }

  ManualClock clock;
  Metrics metrics;
  FakeCarrier carrier{clock};
  PublishedKeys keys{"https://keys.test/metadata", carrier, clock, metrics, Log()};
  TokenCheck tokens{{kIssuer, kAudience}, keys, clock};
  RouteTable routes;
  std::vector<std::pair<std::string, CallEvent>> events;
  std::vector<IncomingCall> calls;
  CallbackDesk desk{
      {routes, tokens, metrics, Log(),
       [this](const std::string& token, const CallEvent& e) { events.emplace_back(token, e); },
       [this](const IncomingCall& call) { calls.push_back(call); }},
      Masked("s3cret")};
};

TEST_F(CloudCallbackDesk, an_event_of_our_call_is_taken_and_delivered) {
  EXPECT_EQ(call_back(event("e1")), 200u);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].first, "t0ken");
  EXPECT_EQ(events[0].second.connection_id, "c1");
}

TEST_F(CloudCallbackDesk, a_doubled_delivery_is_acknowledged_and_acts_once) {
  EXPECT_EQ(call_back(event("e1")), 200u);
  EXPECT_EQ(call_back(event("e1")), 200u);
  EXPECT_EQ(events.size(), 1u);
}

TEST_F(CloudCallbackDesk, another_connection_than_the_calls_is_refused) {
  EXPECT_EQ(call_back(event("e1", "c1")), 200u);
  EXPECT_EQ(call_back(event("e2", "c2")), 404u);
  EXPECT_EQ(call_back(event("e3", "c1")), 200u);
  EXPECT_EQ(events.size(), 2u);
}

TEST_F(CloudCallbackDesk, a_token_that_names_no_call_is_refused_before_anything_is_read) {
  EXPECT_EQ(call_back(event("e1"), "guess"), 404u);
  EXPECT_EQ(call_back(event("e1"), ""), 404u);
  desk.forget("t0ken");
  EXPECT_EQ(call_back(event("e1")), 404u);
  EXPECT_TRUE(events.empty());
}

TEST_F(CloudCallbackDesk, only_acs_may_call_back) {
  EXPECT_EQ(call_back(event("e1"), "t0ken", ""), 401u);
  EXPECT_EQ(call_back(event("e1"), "t0ken", "Bearer x.y.z"), 401u);
  EXPECT_EQ(call_back(event("e1"), "t0ken", "HMAC-SHA256 x"), 401u);
  EXPECT_TRUE(events.empty());
  EXPECT_NE(metrics.expose().find(R"(gw_cloud_callbacks_refused_total{reason="no_token"} 2)"),
            std::string::npos);
}

TEST_F(CloudCallbackDesk, a_truncated_body_is_refused_in_acs_shape) {
  auto out = request("POST", "/acs/callbacks/t0ken", R"([{"id":)");
  out.headers.emplace_back("Authorization", bearer());
  const acs::http::Response answer = routes.ask(out);
  EXPECT_EQ(answer.status, 400u);
  EXPECT_EQ(json::parse(answer.body)["error"]["code"], "BadRequest");
}

std::string incoming(const char* context) {
  return json::array({{{"id", "e1"},
                       {"eventType", "Microsoft.Communication.IncomingCall"},
                       {"data",
                        {{"to", {{"rawId", "8:acs:r_b"}}},
                         {"from", {{"rawId", "8:acs:r_a"}}},
                         {"incomingCallContext", context}}}}})
      .dump();
}

TEST_F(CloudCallbackDesk, an_incoming_call_rings_once_however_often_it_is_delivered) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(routes.ask(request("POST", "/acs/events/s3cret", incoming("ctx-1"))).status, 200u);
  }
  EXPECT_EQ(routes.ask(request("POST", "/acs/events/s3cret", incoming("ctx-2"))).status, 200u);
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(calls[0].to, "8:acs:r_b");
}

TEST_F(CloudCallbackDesk, event_grid_needs_the_secret_of_its_url) {
  for (const char* path : {"/acs/events/", "/acs/events/guess", "/acs/events/s3cret/x"}) {
    EXPECT_EQ(routes.ask(request("POST", path, incoming("c"))).status, 401u) << path;
    EXPECT_EQ(routes.ask(request("OPTIONS", path, "")).status, 401u) << path;
  }
  EXPECT_TRUE(calls.empty());
}

TEST_F(CloudCallbackDesk, event_grids_own_handshake_is_answered_with_its_code) {
  const auto answer = routes.ask(request(
      "POST", "/acs/events/s3cret",
      R"([{"eventType":"Microsoft.EventGrid.SubscriptionValidationEvent","data":{"validationCode":"512d38b6"}}])"));
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(json::parse(answer.body), json({{"validationResponse", "512d38b6"}}));
}

TEST_F(CloudCallbackDesk, the_handshake_of_cloudevents_names_the_origin) {
  auto handshake = request("OPTIONS", "/acs/events/s3cret", "");
  EXPECT_EQ(routes.ask(handshake).status, 400u);
  handshake.headers.emplace_back("WebHook-Request-Origin", "eventgrid.azure.net");
  const auto answer = routes.ask(handshake);
  EXPECT_EQ(answer.status, 200u);
  ASSERT_TRUE(header_of(answer, "WebHook-Allowed-Origin"));
  EXPECT_EQ(*header_of(answer, "WebHook-Allowed-Origin"), "eventgrid.azure.net");
}

}  // namespace
}  // namespace gw::test
