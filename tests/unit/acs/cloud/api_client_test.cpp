#include "acs/cloud/api_client.h"

#include <gtest/gtest.h>

#include "acs/cloud/call_requests.h"
#include "acs/cloud/identity_requests.h"
#include "acs/rest/http_date.h"
#include "tests/unit/acs/cloud/fake_carrier.h"
#include "tests/unit/acs/cloud/recorded.h"
#include "tests/unit/support/fixed_random.h"

namespace gw::test {
namespace {

using namespace acs::cloud;

class CloudApiClient : public ::testing::Test {
 protected:
  void ask(ApiRequest request = terminate_call("c"), Duration useful_for = 30s) {
    client.call(std::move(request), useful_for, [this](ApiResult r) {
      ++answers;
      result = std::move(r);
    });
  }
  std::string header(size_t attempt, std::string_view name) {
    for (const auto& [key, value] : carrier.sent.at(attempt).headers) {
      if (key == name) return value;
    }
    return "";
  }
  bool exposes(const std::string& line) { return metrics.expose().find(line) != std::string::npos; }

  ManualClock clock;
  FixedRandom random;
  Metrics metrics;
  FakeCarrier carrier{clock};
  ApiClient client{recorded_resource(), carrier, clock, random, metrics, Log()};
  int answers = 0;
  std::optional<ApiResult> result;
};

TEST_F(CloudApiClient, gives_the_answer_and_counts_it_by_operation) {
  ask(create_identity());
  carrier.answer(201, R"({"identity":{"id":"8:acs:a_b"}})");
  ASSERT_EQ(answers, 1);
  ASSERT_TRUE(result->has_value());
  EXPECT_EQ((*result)->status, 201u);
  EXPECT_EQ((*result)->body["identity"]["id"], "8:acs:a_b");
  EXPECT_TRUE(exposes(R"(gw_cloud_requests_total{operation="create_identity",status="201"} 1)"));
  EXPECT_TRUE(exposes(R"(gw_cloud_request_seconds_count{operation="create_identity"} 1)"));
}

TEST_F(CloudApiClient, an_answer_without_body_is_a_success) {
  ask();
  carrier.answer(204);
  ASSERT_TRUE(result->has_value());
  EXPECT_TRUE((*result)->body.is_null());
}

TEST_F(CloudApiClient, after_500_the_same_request_goes_again_with_a_fresh_signature) {
  ask();
  carrier.answer(500);
  EXPECT_EQ(answers, 0);
  carrier.advance(2s);
  ASSERT_EQ(carrier.sent.size(), 2u);
  EXPECT_EQ(header(0, "Repeatability-Request-ID"), header(1, "Repeatability-Request-ID"));
  EXPECT_EQ(header(0, "Repeatability-First-Sent"), header(1, "Repeatability-First-Sent"));
  EXPECT_NE(header(0, "x-ms-date"), header(1, "x-ms-date"));
  EXPECT_NE(header(0, "Authorization"), header(1, "Authorization"));
  carrier.answer(204);
  ASSERT_EQ(answers, 1);
  EXPECT_TRUE(result->has_value());
  EXPECT_TRUE(exposes(R"(gw_cloud_retries_total{operation="terminate_call"} 1)"));
}

TEST_F(CloudApiClient, retry_after_of_429_is_kept_to) {
  ask();
  carrier.answer(429, "", {{"retry-after", "7"}});
  carrier.advance(6999ms);
  EXPECT_EQ(carrier.sent.size(), 1u);
  carrier.advance(1ms);
  EXPECT_EQ(carrier.sent.size(), 2u);
}

TEST_F(CloudApiClient, a_retry_after_beyond_the_requests_use_ends_it_at_once) {
  ask(terminate_call("c"), 5s);
  carrier.answer(429, "", {{"Retry-After", "7"}});
  ASSERT_EQ(answers, 1);
  EXPECT_EQ(result->error().code, ErrorCode::Exhausted);
  EXPECT_EQ(result->error().status, 429u);
}

TEST_F(CloudApiClient, waits_grow_between_attempts_that_were_lost_and_then_it_gives_up) {
  ask(terminate_call("c"), 10min);
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(carrier.waiting()) << i;
    carrier.lose();
    carrier.advance(10s);
  }
  ASSERT_EQ(answers, 1);
  EXPECT_EQ(result->error().code, ErrorCode::Timeout);
  EXPECT_EQ(result->error().status, 0u);
  ASSERT_EQ(carrier.waits.size(), 4u);
  const Duration full[] = {250ms, 500ms, 1s, 2s};
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_GE(carrier.waits[i], full[i] / 2);
    EXPECT_LE(carrier.waits[i], full[i]);
  }
}

TEST_F(CloudApiClient, no_attempt_outlives_the_use_of_its_request) {
  ask(terminate_call("c"), 4s);
  EXPECT_EQ(carrier.deadlines.back(), 4s);
  ask(terminate_call("c"), 1min);
  EXPECT_EQ(carrier.deadlines.back(), 10s);
}

TEST_F(CloudApiClient, what_the_service_refuses_is_not_asked_again) {
  for (const unsigned status : {400u, 401u, 403u, 404u, 409u, 501u}) {
    ask();
    carrier.answer(status);
    ASSERT_FALSE(result->has_value());
    EXPECT_EQ(result->error().status, status);
  }
  EXPECT_TRUE(carrier.waits.empty());
}

TEST_F(CloudApiClient, a_service_in_trouble_is_not_asked_twice_by_everybody) {
  for (int i = 0; i < 100; ++i) ask();
  for (int i = 0; i < 100; ++i) carrier.answer(503);
  EXPECT_EQ(carrier.waits.size(), 10u);  // The budget, and what a hundred requests paid in is full.
  EXPECT_EQ(answers, 90);
}

TEST_F(CloudApiClient, a_key_exchanged_between_two_attempts_signs_the_second) {
  ask();
  const std::string before = header(0, "Authorization");
  carrier.answer(503);
  Resource fresh = recorded_resource();
  fresh.key = Masked("another key");
  client.set_resource(fresh);
  carrier.advance(250ms);  // The same second: the date is the same, the key is not.
  ASSERT_EQ(carrier.sent.size(), 2u);
  EXPECT_EQ(header(0, "x-ms-date"), header(1, "x-ms-date"));
  EXPECT_NE(header(1, "Authorization"), before);
}

TEST_F(CloudApiClient, an_answer_after_its_end_is_dropped) {
  {
    ApiClient brief(recorded_resource(), carrier, clock, random, metrics, Log());
    brief.call(terminate_call("c"), 30s, [this](ApiResult) { ++answers; });
  }
  carrier.answer(204);
  EXPECT_EQ(answers, 0);
}

ApiError error_of(unsigned status, std::string body,
                  std::vector<std::pair<std::string, std::string>> headers, WallTime now) {
  acs::http::Response response = acs::http::Response::json(status, std::move(body));
  response.headers = std::move(headers);
  return to_error(response, "create_call", now);
}

const WallTime kNow = *acs::rest::parse_http_date("Fri, 20 Nov 2026 15:07:08 GMT");

TEST(CloudApiError, both_shapes_of_the_service_are_read) {
  const ApiError lower = error_of(
      401, R"({"error":{"code":"Denied","message":"Denied by the resource provider."}})", {}, kNow);
  EXPECT_EQ(lower.service_code, "Denied");
  EXPECT_NE(lower.detail.find("Denied by the resource provider."), std::string::npos);
  const ApiError upper = error_of(
      401,
      R"({"Error":{"Code":"7509","Message":"HMAC-SHA256 validation failed","Target":"/calling"}})",
      {}, kNow);
  EXPECT_EQ(upper.service_code, "7509");
  EXPECT_NE(upper.detail.find("HMAC-SHA256 validation failed"), std::string::npos);
  EXPECT_EQ(upper.code, ErrorCode::Unauthorized);
}

TEST(CloudApiError, a_wrong_clock_is_said_in_plain_words) {
  const ApiError behind = error_of(401, "", {{"date", "Fri, 20 Nov 2026 15:14:38 GMT"}}, kNow);
  EXPECT_NE(behind.detail.find("clock is 7 min 30 s behind"), std::string::npos) << behind.detail;
  const ApiError ahead = error_of(401, "", {{"Date", "Fri, 20 Nov 2026 13:07:08 GMT"}}, kNow);
  EXPECT_NE(ahead.detail.find("clock is 2 h 0 min 0 s ahead"), std::string::npos) << ahead.detail;
  const ApiError by_text = error_of(
      401,
      R"({"error":{"message":"The time difference between the originating client and the server is greater than the allowed margin of 5 minutes."}})",
      {}, kNow);
  EXPECT_NE(by_text.detail.find("clock"), std::string::npos);
  const ApiError key = error_of(401, "", {{"Date", "Fri, 20 Nov 2026 15:07:10 GMT"}}, kNow);
  EXPECT_EQ(key.detail.find("clock"), std::string::npos);
  EXPECT_NE(key.detail.find("access key"), std::string::npos);
}

TEST(CloudApiError, bodies_that_are_no_json_do_no_harm) {
  EXPECT_EQ(error_of(502, "<html>", {}, kNow).code, ErrorCode::Unavailable);
  EXPECT_EQ(error_of(400, "[1]", {{"x-ms-error-code", "BadRequest"}}, kNow).service_code,
            "BadRequest");
  EXPECT_EQ(error_of(400, R"({"error":"text"})", {}, kNow).service_code, "");
}

TEST(CloudApiError, retry_after_is_seconds_or_a_date) {
  const auto read = [](const char* value) {
    acs::http::Response response;
    response.headers = {{"Retry-After", value}};
    return retry_after(response, kNow);
  };
  EXPECT_EQ(read("3"), 3s);
  EXPECT_EQ(read("Fri, 20 Nov 2026 15:07:18 GMT"), 10s);
  EXPECT_EQ(read("Fri, 20 Nov 2026 15:07:00 GMT"), 0s);
  EXPECT_EQ(read("99999999"), 1h);
  EXPECT_EQ(read("soon"), std::nullopt);
  EXPECT_EQ(read("3 s"), std::nullopt);
}

}  // namespace
}  // namespace gw::test
