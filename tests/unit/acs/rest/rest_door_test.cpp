#include "acs/rest/rest_door.h"

#include "tests/unit/acs/rest/rest_rig.h"
#include "tests/unit/acs/rest/signed_request.h"

namespace gw::test {
namespace {

using acs::rest::Caller;
using acs::rest::RestDoor;

class RestDoorTest : public RestTest {
 protected:
  void SetUp() override {
    RestTest::SetUp();
    const auto answer = [this](const http::Request&, const Caller& caller,
                               const http::Respond& respond) {
      callers.push_back(caller.identity.empty() ? caller.name : caller.identity);
      respond(http::Response::json(200, "{}"));
    };
    door->serve("GET /old", {"old", {"2021-03-07", "2023-10-01"}, RestDoor::Credential::ApiKey},
                answer);
    door->serve("GET /ours", {"ours", {}, RestDoor::Credential::ApiKeyOrUser}, answer);
    door->serve("GET /azure", {"azure", {}, RestDoor::Credential::Signature}, answer);
  }
  std::vector<std::string> callers;
};

TEST_F(RestDoorTest, answers_bear_what_azures_bear) {
  http::Request asked = request("GET", "/ours");
  asked.headers.emplace_back("x-ms-client-request-id", "c0ffee");
  const auto first = routes.ask(asked);
  asked.headers.back().second = "two\r\nlines";
  const auto second = routes.ask(asked);
  ASSERT_TRUE(header_of(first, "x-ms-request-id"));
  EXPECT_NE(*header_of(first, "x-ms-request-id"), *header_of(second, "x-ms-request-id"));
  EXPECT_EQ(header_of(first, "MS-CV")->size(), 24u);
  EXPECT_EQ(*header_of(first, "x-ms-client-request-id"), "c0ffee");
  EXPECT_EQ(header_of(second, "x-ms-client-request-id"), nullptr);
  EXPECT_EQ(*header_of(first, "Cache-Control"), "no-store");
}

TEST_F(RestDoorTest, versions_between_the_first_and_the_last_are_served) {
  EXPECT_EQ(code_of(routes.ask(request("GET", "/old"))), "400 MissingApiVersionParameter");
  for (const char* good : {"2021-03-07", "2022-10-01", "2023-10-01", "2021-10-31-preview"}) {
    EXPECT_EQ(routes.ask(request("GET", "/old?api-version=" + std::string(good))).status, 200u)
        << good;
  }
  for (const char* bad : {"2021-03-06", "2023-10-02", "2022-10-01x", "latest", "2022/10/01"}) {
    EXPECT_EQ(code_of(routes.ask(request("GET", "/old?api-version=" + std::string(bad)))),
              "400 UnsupportedApiVersionValue")
        << bad;
  }
}

TEST_F(RestDoorTest, an_api_key_does_not_open_azures_api) {
  const auto answer = routes.ask(request("GET", "/azure"));
  EXPECT_EQ(code_of(answer), "401 Denied");
  EXPECT_TRUE(header_of(answer, "WWW-Authenticate"));
  EXPECT_TRUE(callers.empty());
}

TEST_F(RestDoorTest, a_users_token_opens_what_is_the_users_and_nothing_else) {
  http::Request asked = request("GET", "/ours");
  asked.headers = {
      {"Authorization", "Bearer " + tokens->issue(kAlice, {identity::Scope::Voip}, 1h).jwt}};
  EXPECT_EQ(routes.ask(asked).status, 200u);
  EXPECT_THAT(callers, ::testing::ElementsAre(kAlice));
  asked.path = "/azure";
  EXPECT_EQ(code_of(routes.ask(asked)), "401 Denied");
  asked = request("GET", "/ours");
  asked.headers = {{"Authorization", "Bearer eyJhbGciOiJub25lIn0.e30."}};
  EXPECT_EQ(code_of(routes.ask(asked)), "401 Denied");
}

TEST_F(RestDoorTest, a_caller_over_its_limit_waits_and_others_do_not) {
  door->set_limit(1);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(routes.ask(request("GET", "/ours")).status, 200u);
  const auto refused = routes.ask(request("GET", "/ours"));
  EXPECT_EQ(code_of(refused), "429 TooManyRequests");
  EXPECT_EQ(*header_of(refused, "Retry-After"), "1");
  http::Request other = request("GET", "/ours");
  other.headers = {{"api-key", "key-two"}};
  EXPECT_EQ(routes.ask(other).status, 200u);
  clock.advance(1s);
  EXPECT_EQ(routes.ask(request("GET", "/ours")).status, 200u);
}

TEST_F(RestDoorTest, an_address_that_guesses_is_slowed_down_whatever_its_port) {
  http::Request guess = request("GET", "/ours");
  guess.headers = {{"api-key", "guess"}};
  unsigned denied = 0;
  for (int i = 0; i < 200; ++i) {
    guess.peer.set_port(static_cast<uint16_t>(1000 + i));
    denied += routes.ask(guess).status == 401 ? 1 : 0;
  }
  EXPECT_EQ(denied, 100u);
  http::Request elsewhere = request("GET", "/ours");
  elsewhere.peer = *SocketAddress::parse("192.0.2.2:1");
  EXPECT_EQ(routes.ask(elsewhere).status, 200u);
}

// What a signed request may be sent again as, and when.
class RestDoorCopies : public RestDoorTest {
 protected:
  void SetUp() override {
    RestDoorTest::SetUp();
    door->set_keys(acs::rest::Authenticator({Masked(kTestKey)}, {}));
    const auto answer = [this](const http::Request&, const Caller&, const http::Respond& respond) {
      ++performed;
      respond(http::Response::json(status, "{}"));
    };
    door->serve("POST /azure", {"azure", {}}, answer);
    door->serve("GET /azure", {"azure", {}}, answer);
    door->serve("POST /calling", {"calling", {}, RestDoor::Credential::Signature, true}, answer);
  }
  http::Request signed_now(const std::string& method, const std::string& target) {
    return signed_request(request(method, target), clock.wall());
  }

  unsigned status = 201, performed = 0;
};

TEST_F(RestDoorCopies, a_request_that_was_performed_is_refused_when_it_comes_again_minutes_later) {
  const http::Request asked = signed_now("POST", "/azure");
  EXPECT_EQ(routes.ask(asked).status, 201u);
  EXPECT_EQ(routes.ask(asked).status, 201u) << "two equal requests of one second";
  clock.advance(2min);
  const auto refused = routes.ask(asked);
  EXPECT_EQ(code_of(refused), "401 Denied");
  EXPECT_EQ(performed, 2u);
  EXPECT_EQ(routes.ask(signed_now("POST", "/azure")).status, 201u) << "signed anew it is another";
}

TEST_F(RestDoorCopies, what_was_put_off_or_failed_may_come_again_as_it_is) {
  for (const unsigned failure : {429u, 503u, 404u}) {
    const http::Request asked = signed_now("POST", "/azure");
    status = failure;
    EXPECT_EQ(routes.ask(asked).status, failure);
    clock.advance(2min);
    status = 201;
    EXPECT_EQ(routes.ask(asked).status, 201u) << failure;
  }
}

TEST_F(RestDoorCopies, what_only_reads_may_be_read_again) {
  const http::Request asked = signed_now("GET", "/azure");
  status = 200;
  EXPECT_EQ(routes.ask(asked).status, 200u);
  clock.advance(2min);
  EXPECT_EQ(routes.ask(asked).status, 200u);
}

TEST_F(RestDoorCopies,
       the_same_repeatability_id_is_for_the_memory_of_answers_and_another_is_a_copy) {
  http::Request asked = signed_now("POST", "/calling");
  asked.headers.emplace_back("Repeatability-Request-ID", "11111111-2222-4333-8444-555555555555");
  EXPECT_EQ(routes.ask(asked).status, 201u);
  clock.advance(2min);
  EXPECT_EQ(routes.ask(asked).status, 201u) << "Repeatability answers it";
  asked.headers.back().second = "99999999-2222-4333-8444-555555555555";
  EXPECT_EQ(code_of(routes.ask(asked)), "401 Denied");
  asked.headers.pop_back();
  EXPECT_EQ(code_of(routes.ask(asked)), "401 Denied");
  // Of an API that does not know it an id says nothing.
  http::Request other = signed_now("POST", "/azure");
  other.headers.emplace_back("Repeatability-Request-ID", "11111111-2222-4333-8444-555555555555");
  EXPECT_EQ(routes.ask(other).status, 201u);
  clock.advance(2min);
  EXPECT_EQ(code_of(routes.ask(other)), "401 Denied");
}

}  // namespace
}  // namespace gw::test
