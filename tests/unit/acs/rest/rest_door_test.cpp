#include "acs/rest/rest_door.h"

#include "tests/unit/acs/rest/rest_rig.h"

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

}  // namespace
}  // namespace gw::test
