#include "acs/events/webhook.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "tests/unit/acs/events/fake_web.h"

namespace gw::test {
namespace {

using acs::events::EventSchema;
using acs::events::Webhook;
using nlohmann::json;

class WebhookTest : public ::testing::Test {
 protected:
  Webhook& start(EventSchema schema) {
    webhook.emplace(Webhook::Settings{"ivr", "https://app.example/events", schema, "/topic",
                                      "https://gw.example:8443/eventgrid/validate"},
                    Webhook::Needs{web, clock, random,
                                   [this](Duration delay, std::function<void()> task) {
                                     later.after(delay, std::move(task));
                                   },
                                   [this](bool on) { proven = on; }, Log{}});
    webhook->start();
    return *webhook;
  }
  std::string code() const {
    return json::parse(web.requests.at(0).body)[0]["data"]["validationCode"];
  }

  ManualClock clock;
  Later later{clock};
  SystemRandom random;
  FakeWeb web;
  bool proven = false;
  std::optional<Webhook> webhook;
};

TEST_F(WebhookTest, event_grid_s_schema_is_proven_by_the_code_in_the_answer) {
  start(EventSchema::EventGrid);
  EXPECT_EQ(web.requests.at(0).method, "POST");
  EXPECT_EQ(web.header(0, "aeg-event-type"), "SubscriptionValidation");
  const json sent = json::parse(web.requests.at(0).body)[0];
  EXPECT_EQ(sent["eventType"], "Microsoft.EventGrid.SubscriptionValidationEvent");
  EXPECT_FALSE(proven);
  web.answer(200, json{{"validationResponse", code()}}.dump());
  EXPECT_TRUE(proven);
}

TEST_F(WebhookTest, only_200_with_the_right_code_proves) {
  for (const unsigned attempt : {0u, 1u, 2u}) {
    if (attempt == 0)
      start(EventSchema::EventGrid);
    else
      later.run_for(Webhook::kLongestPause);
    if (attempt == 0) web.answer(202, json{{"validationResponse", code()}}.dump());
    if (attempt == 1) web.answer(200, R"({"validationResponse":"guess"})");
    if (attempt == 2) web.answer(200, "<html>");
    EXPECT_FALSE(proven);
  }
  later.run_for(Webhook::kLongestPause);
  web.answer(200, json{{"ValidationResponse", code()}}.dump());
  EXPECT_TRUE(proven) << "it is asked until it answers";
}

TEST_F(WebhookTest, event_grid_s_schema_is_proven_by_its_validation_url_too) {
  Webhook& hook = start(EventSchema::EventGrid);
  const json sent = json::parse(web.requests.at(0).body)[0];
  EXPECT_EQ(sent["data"]["validationUrl"],
            "https://gw.example:8443/eventgrid/validate?id=ivr&code=" + code());
  EXPECT_FALSE(hook.confirm("guess"));
  EXPECT_FALSE(proven);
  EXPECT_TRUE(hook.confirm(code()));
  EXPECT_TRUE(proven);
}

TEST_F(WebhookTest, cloud_events_are_proven_by_the_allowed_origin) {
  start(EventSchema::CloudEvents);
  EXPECT_EQ(web.requests.at(0).method, "OPTIONS");
  EXPECT_EQ(web.header(0, "WebHook-Request-Origin"), "eventgrid.azure.net");
  web.answer(200, "", {{"WebHook-Allowed-Origin", "other.example"}});
  EXPECT_FALSE(proven);
  later.run_for(Webhook::kFirstPause);
  web.answer(200, "", {{"webhook-allowed-origin", "*"}});
  EXPECT_TRUE(proven);
}

TEST_F(WebhookTest, who_is_not_there_is_asked_less_and_less_often) {
  start(EventSchema::EventGrid);
  web.fail_with(ErrorCode::Unavailable);
  later.run_for(2s);
  EXPECT_EQ(web.requests.size(), 2u);
  web.fail_with(ErrorCode::Unavailable);
  later.run_for(3s);
  EXPECT_EQ(web.requests.size(), 2u);
  later.run_for(1s);
  EXPECT_EQ(web.requests.size(), 3u);
}

}  // namespace
}  // namespace gw::test
