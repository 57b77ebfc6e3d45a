#include "acs/rest/repeatability.h"

#include "acs/rest/http_date.h"
#include "tests/unit/acs/rest/rest_rig.h"

namespace gw::test {
namespace {

class RepeatabilityTest : public ::testing::Test {
 protected:
  http::Request request(const std::string& id, const std::string& body = "{}") {
    http::Request out;
    out.method = "POST";
    out.target = "/calling/callConnections";
    out.body = body;
    out.headers = {{"Repeatability-Request-ID", id},
                   {"Repeatability-First-Sent", acs::rest::http_date(sent)}};
    return out;
  }
  // Performed by what the test does with `performing`; the answer of one that is answered at once.
  http::Response ask(const http::Request& asked, const std::string& caller = "access-key-1") {
    const auto answer = std::make_shared<http::Response>();
    answer->status = 0;
    repeated.once(
        asked, {caller}, [answer](http::Response response) { *answer = std::move(response); },
        [&](http::Respond respond) {
          ++performed;
          if (status != 0)
            respond(http::Response::json(status, std::to_string(performed)));
          else
            waiting = std::move(respond);
        });
    return *answer;
  }

  ManualClock clock;
  WallTime sent = clock.wall();
  acs::rest::Repeatability repeated{clock};
  int performed = 0;
  unsigned status = 201;
  http::Respond waiting;
};

TEST_F(RepeatabilityTest, the_same_request_is_performed_once_and_answered_the_same) {
  const auto first = ask(request("11111111-a"));
  const auto again = ask(request("11111111-a"));
  EXPECT_EQ(performed, 1);
  EXPECT_EQ(again.status, 201u);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(*header_of(again, "Repeatability-Result"), "accepted");
  ask(request("22222222-b"));
  EXPECT_EQ(performed, 2);
}

TEST_F(RepeatabilityTest, requests_without_the_headers_are_performed_each) {
  http::Request plain = request("x");
  plain.headers.clear();
  ask(plain);
  ask(plain);
  EXPECT_EQ(performed, 2);
  EXPECT_EQ(repeated.size(), 0u);
}

TEST_F(RepeatabilityTest, one_id_is_one_request_of_one_caller) {
  ask(request("11111111-a"));
  EXPECT_EQ(code_of(ask(request("11111111-a", R"({"other":1})"))), "400 BadRequest");
  EXPECT_EQ(ask(request("11111111-a"), "access-key-2").status, 201u);
  EXPECT_EQ(performed, 2);
}

TEST_F(RepeatabilityTest, a_repetition_while_the_first_is_performed_waits_for_its_answer) {
  status = 0;
  ask(request("11111111-a"));
  http::Response second;
  second.status = 0;
  repeated.once(
      request("11111111-a"), {"access-key-1"},
      [&](http::Response response) { second = std::move(response); },
      [&](http::Respond) { ++performed; });
  EXPECT_EQ(second.status, 0u);
  waiting(http::Response::json(200, "done"));
  EXPECT_EQ(performed, 1);
  EXPECT_EQ(second.body, "done");
}

TEST_F(RepeatabilityTest, failures_of_the_server_may_be_tried_again) {
  status = 503;
  EXPECT_EQ(ask(request("11111111-a")).status, 503u);
  status = 201;
  EXPECT_EQ(ask(request("11111111-a")).status, 201u);
  EXPECT_EQ(performed, 2);
}

TEST_F(RepeatabilityTest, what_was_first_sent_long_ago_may_have_been_performed) {
  sent = clock.wall() - acs::rest::Repeatability::kRemembered - 1s;
  const auto old = ask(request("11111111-a"));
  EXPECT_EQ(old.status, 412u);
  EXPECT_EQ(*header_of(old, "Repeatability-Result"), "rejected");
  sent = clock.wall() + 6min;
  EXPECT_EQ(ask(request("22222222-b")).status, 400u);
  EXPECT_EQ(ask(request("short")).status, 400u);
  EXPECT_EQ(performed, 0);
}

TEST_F(RepeatabilityTest, what_is_old_is_forgotten_and_there_is_never_too_much) {
  for (size_t i = 0; i < acs::rest::Repeatability::kMost + 10; ++i) {
    ask(request("request-" + std::to_string(i)));
  }
  EXPECT_LE(repeated.size(), acs::rest::Repeatability::kMost);
  clock.advance(acs::rest::Repeatability::kRemembered + 1s);
  sent = clock.wall();
  ask(request("after-all-that"));
  EXPECT_EQ(repeated.size(), 1u);
}

}  // namespace
}  // namespace gw::test
