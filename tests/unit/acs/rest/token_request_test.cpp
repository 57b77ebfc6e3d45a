#include "acs/rest/token_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gw::test {
namespace {

using acs::identity::Scope;
using acs::rest::read_token_request;
using ::testing::ElementsAre;

std::string refused(std::string_view body) {
  const auto read = read_token_request(body, "scopes");
  return read ? "accepted" : read.error().code + " " + read.error().target;
}

TEST(TokenRequest, reads_scopes_and_lifetime) {
  const auto read = read_token_request(
      R"({"scopes":["chat","chat.join","chat.join.limited","voip","voip.join"],"expiresInMinutes":60})",
      "scopes");
  ASSERT_TRUE(read);
  EXPECT_THAT(read->scopes, ElementsAre(Scope::Chat, Scope::ChatJoin, Scope::ChatJoinLimited,
                                        Scope::Voip, Scope::VoipJoin));
  EXPECT_EQ(read->lifetime, Duration(1h));
}

TEST(TokenRequest, an_empty_body_and_absent_or_null_parts_ask_for_nothing) {
  for (const char* body : {"", "{}", R"({"scopes":null,"expiresInMinutes":null})"}) {
    const auto read = read_token_request(body, "scopes");
    ASSERT_TRUE(read) << body;
    EXPECT_TRUE(read->scopes.empty());
    EXPECT_FALSE(read->lifetime);
  }
}

TEST(TokenRequest, lifetimes_lie_between_an_hour_and_a_day) {
  EXPECT_EQ(refused(R"({"expiresInMinutes":60})"), "accepted");
  EXPECT_EQ(refused(R"({"expiresInMinutes":1440})"), "accepted");
  for (const char* value :
       {"59", "1441", "0", "-60", "18446744073709551616", "1e3", "60.5", "\"60\"", "true", "[]"}) {
    EXPECT_EQ(refused("{\"expiresInMinutes\":" + std::string(value) + "}"),
              "ValidationError expiresInMinutes")
        << value;
  }
}

TEST(TokenRequest, scopes_are_those_that_there_are) {
  for (const char* value :
       {R"("voip")", R"(["admin"])", R"([""])", "[1]", "[null]", "{}", R"(["VOIP"])",
        R"(["voip","voip","voip","voip","voip","voip","voip","voip","voip",
                                "voip","voip","voip","voip","voip","voip","voip","voip"])"}) {
    EXPECT_EQ(refused("{\"scopes\":" + std::string(value) + "}"), "ValidationError scopes")
        << value;
  }
}

TEST(TokenRequest, what_is_no_object_is_refused) {
  for (const char* body : {"{", "[]", "null", "\"voip\"", "\xff"}) {
    EXPECT_EQ(refused(body), "ValidationError ") << body;
  }
}

}  // namespace
}  // namespace gw::test
