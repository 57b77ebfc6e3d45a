#include "acs/events/event_delivery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/acs/events/fake_web.h"

namespace gw::test {
namespace {

using acs::events::EventDelivery;
using nlohmann::json;

class EventDeliveryTest : public ::testing::Test {
 protected:
  EventDelivery::Needs needs() {
    return {
        web,
        clock,
        [this](Duration delay, std::function<void()> task) { later.after(delay, std::move(task)); },
        [this] { return "token-" + std::to_string(++tokens); },
        [this](std::string line) { dead.push_back(json::parse(line)); },
        metrics,
        Log{}};
  }
  void push(const std::string& name, const std::string& stream = "call") {
    EventDelivery::Event event;
    event.stream = stream;
    event.name = name;
    event.url = "https://app.example/cb?secret=1";
    event.body = name;
    delivery->push(std::move(event));
  }
  std::vector<std::string> sent() const {
    std::vector<std::string> out;
    for (const auto& request : web.requests) out.push_back(request.body);
    return out;
  }

  ManualClock clock;
  Later later{clock};
  FakeWeb web;
  Metrics metrics;
  int tokens = 0;
  std::vector<json> dead;
  std::optional<EventDelivery> delivery{std::in_place, needs()};
};

using ::testing::ElementsAre;

TEST_F(EventDeliveryTest, events_of_a_call_go_one_after_the_other) {
  push("one");
  push("two");
  EXPECT_THAT(sent(), ElementsAre("one"));
  web.answer(200);
  EXPECT_THAT(sent(), ElementsAre("one", "two"));
  web.answer(204);
  EXPECT_EQ(delivery->waiting(), 0u);
  EXPECT_TRUE(dead.empty());
}

TEST_F(EventDeliveryTest, calls_do_not_wait_for_each_other) {
  push("one", "call-a");
  push("two", "call-b");
  EXPECT_THAT(sent(), ElementsAre("one", "two"));
}

TEST_F(EventDeliveryTest, what_is_not_taken_goes_again_with_growing_pauses_and_a_fresh_token) {
  push("one");
  push("two");
  web.answer(503);
  later.run_for(999ms);
  EXPECT_THAT(sent(), ElementsAre("one"));
  later.run_for(1ms);
  EXPECT_THAT(sent(), ElementsAre("one", "one"));
  web.fail_with(ErrorCode::Timeout);
  later.run_for(1999ms);
  EXPECT_EQ(sent().size(), 2u);
  later.run_for(1ms);
  web.answer(200);
  EXPECT_THAT(sent(), ElementsAre("one", "one", "one", "two")) << "in order all the same";
  EXPECT_EQ(web.header(0, "Authorization"), "Bearer token-1");
  EXPECT_EQ(web.header(2, "Authorization"), "Bearer token-3");
}

TEST_F(EventDeliveryTest, what_was_never_taken_is_a_dead_letter_and_the_next_goes_on) {
  push("one");
  push("two");
  for (size_t attempts = 1; dead.empty() && attempts < 100; ++attempts) {
    web.answer(500);
    later.run_for(EventDelivery::kLongestPause);
  }
  ASSERT_EQ(dead.size(), 1u);
  EXPECT_EQ(dead[0]["event"], "one");
  EXPECT_EQ(dead[0]["body"], "one");
  EXPECT_EQ(dead[0]["why"], "status 500");
  EXPECT_EQ(dead[0]["url"], "https://app.example/cb") << "the query may be a secret";
  EXPECT_GE(dead[0]["attempts"], 10);
  EXPECT_EQ(sent().back(), "two");
}

TEST_F(EventDeliveryTest, an_app_that_says_never_is_not_asked_again) {
  for (const unsigned status : {400u, 401u, 403u, 404u, 410u, 413u}) {
    push("x");
    web.answer(status);
    EXPECT_EQ(later.waiting(), 0u) << status;
  }
  EXPECT_EQ(dead.size(), 6u);
}

TEST_F(EventDeliveryTest, too_much_that_waits_is_given_up_and_kept) {
  for (size_t i = 0; i < EventDelivery::kMostWaiting + 3; ++i) push("x");
  EXPECT_EQ(delivery->waiting(), EventDelivery::kMostWaiting);
  EXPECT_EQ(dead.size(), 3u);
}

TEST_F(EventDeliveryTest, what_waits_when_the_gateway_stops_is_kept) {
  push("one");
  push("two");
  delivery.reset();
  EXPECT_EQ(dead.size(), 2u);
  web.answer(200);  // Too late, and harmless.
}

}  // namespace
}  // namespace gw::test
