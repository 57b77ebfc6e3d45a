#include "gateway/policy/dial_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gw::policy {
namespace {

using testing::Contains;
using testing::HasSubstr;

TEST(DialPolicy, tells_which_numbers_may_be_called) {
  using config::DialPolicy;
  const DialPolicy open{.international = true, .premium = true};
  const struct {
    const char* what;
    DialPolicy policy;
    const char *number, *country;
    const char* why;  // "" = it may.
  } cases[] = {
      {"national", {}, "+12065550123", "US", ""},
      {"a neighbour's", {}, "+16135550123", "US", ""},
      {"a fictitious one", {}, "+14255550100", "US", ""},
      {"toll free", {}, "+18005550199", "US", ""},
      {"another country's", {}, "+442071838750", "US", "is international"},
      {"home is elsewhere", {}, "+442071838750", "GB", ""},
      {"the Caribbean is no part of the US", {}, "+18765550123", "US", "is international"},
      {"Jersey is no part of Britain", {}, "+441534123456", "GB", "is international"},
      {"premium", {}, "+19002345678", "US", "is premium"},
      {"premium abroad", {.international = true}, "+449098790000", "US", "is premium"},
      {"premium is not allowed by a beginning",
       {.allow = {"+1"}},
       "+19002345678",
       "US",
       "is premium"},
      {"all is open", open, "+19002345678", "US", ""},
      {"all is open abroad", open, "+882161234567", "US", ""},
      {"abroad, by a beginning", {.allow = {"+1", "+44"}}, "+442071838750", "US", ""},
      {"none of the beginnings",
       {.allow = {"+1425"}, .international = true},
       "+12065550123",
       "US",
       "is none of dial_policy.allow"},
      {"denied", {.deny = {"+1976"}}, "+19765550123", "US", "begins with +1976"},
      {"denied although all is open",
       {.deny = {"+44"}, .international = true, .premium = true},
       "+442071838750",
       "US",
       "begins with +44"},
      {"a longer beginning is allowed",
       {.allow = {"+442"}, .deny = {"+44"}},
       "+442071838750",
       "US",
       ""},
      {"a longer beginning is denied",
       {.allow = {"+44"}, .deny = {"+4420"}},
       "+442071838750",
       "US",
       "begins with +4420"},
      {"the same beginning twice is denied",
       {.allow = {"+44"}, .deny = {"+44"}},
       "+442071838750",
       "US",
       "begins with +44"},
      {"a carrier's service", {}, "611", "US", ""},
      {"a local number", {}, "5550123", "US", ""},
      {"too many digits to be a number", {}, "0114420718387500000", "US", "is no number"},
      {"the same, and all is open", open, "0114420718387500000", "US", ""},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    const auto why = forbidden(c.policy, c.number, c.country);
    EXPECT_EQ(why.has_value(), *c.why != '\0') << why.value_or("");
    EXPECT_THAT(why.value_or(""), HasSubstr(c.why));
  }
}

TEST(DialPolicy, knows_beginnings_that_lead_abroad) {
  EXPECT_TRUE(leads_abroad("+44", "US"));
  EXPECT_TRUE(leads_abroad("+3531", "US"));
  EXPECT_FALSE(leads_abroad("+1425", "US"));
  EXPECT_FALSE(leads_abroad("+44", "GB"));
  EXPECT_FALSE(leads_abroad("+", "US"));
  EXPECT_FALSE(leads_abroad("911", "US"));
}

class DialPolicyRoutes : public testing::Test {
 protected:
  DialPolicyRoutes() {
    config::Phone plain, trusted;
    plain.username = plain.extension = "101";
    trusted.username = trusted.extension = "102";
    trusted.dial_policy = config::DialPolicy{.international = true};
    config_.phones = {plain, trusted};
    config::User alice;
    alice.name = "alice";
    alice.numbers = {"+14255550100"};
    config_.users = {alice};
    config::App ivr;
    ivr.name = "ivr";
    config_.apps = {ivr};
    config::Trunk acme{.name = "acme"}, careful{.name = "careful"};
    careful.dial_policy = config::DialPolicy{.deny = {"+4470"}, .international = true};
    config_.trunks = {acme, careful};
    config_.numbers.owned = {"+14255550100", "+442071838700"};
    config::Route in, out;
    in.name = "in";
    in.from = {"phones", "users"};
    in.to = "+442071838700";
    in.targets = {"phone:101"};
    out.name = "out";
    out.from = {"phones", "users", "apps", "trunks"};
    out.to = "*";
    out.targets = {"trunk:acme"};
    config_.routes = {in, out};
  }
  Decision decide(const char* from, const char* number, Explain explain = Explain::No) {
    Dialled dialled;
    dialled.from = *parse_party(from);
    dialled.number = number;
    if (dialled.from.kind == PartyKind::Trunk) dialled.from_number = "+12065550123";
    return policy::decide(config_, dialled, WallTime{}, explain);
  }
  config::Config config_;
};

TEST_F(DialPolicyRoutes, abroad_is_refused_with_403_and_a_cause_of_its_own_and_explained) {
  for (const char* from : {"phone:101", "user:alice", "app:ivr"}) {
    SCOPED_TRACE(from);
    const Decision no = decide(from, "+442071838750", Explain::Yes);
    EXPECT_FALSE(no.accepted);
    EXPECT_EQ(no.cause.cause, Cause::DialPolicy);
    EXPECT_EQ(sip_status(no.cause), 403);
    EXPECT_THAT(no.tried, Contains(HasSubstr("dial policy: +442071838750 is international")));
    EXPECT_TRUE(decide(from, "+12065550123").accepted);
  }
}

TEST_F(DialPolicyRoutes, a_partys_own_policy_is_the_one_that_counts) {
  EXPECT_TRUE(decide("phone:102", "+442071838750").accepted);
  EXPECT_EQ(decide("phone:102", "+19002345678").cause.cause, Cause::DialPolicy);
}

TEST_F(DialPolicyRoutes, calls_of_a_trunk_are_held_to_its_own_policy_alone) {
  EXPECT_TRUE(decide("trunk:acme", "+442071838750").accepted);
  EXPECT_TRUE(decide("trunk:careful", "+442071838750").accepted);
  EXPECT_EQ(decide("trunk:careful", "+447012345678").cause.cause, Cause::DialPolicy);
}

TEST_F(DialPolicyRoutes, what_stays_in_the_house_costs_nothing) {
  EXPECT_TRUE(decide("phone:102", "+442071838700").accepted);
  EXPECT_TRUE(decide("phone:101", "+442071838700").accepted);
  EXPECT_TRUE(decide("phone:101", "102").accepted);
}

TEST_F(DialPolicyRoutes, help_is_called_whatever_the_policy_says) {
  config_.dial_policy.deny = {"9", "1"};
  config_.phones[0].dial_policy = config_.dial_policy;
  EXPECT_TRUE(decide("phone:101", "911").accepted);
  EXPECT_TRUE(decide("phone:101", "112").emergency);
}

TEST_F(DialPolicyRoutes, digits_before_the_number_do_not_hide_it) {
  config_.trunks[0].number.strip = "9";
  EXPECT_EQ(decide("phone:101", "9011442071838750").cause.cause, Cause::DialPolicy);
  EXPECT_TRUE(decide("phone:101", "912065550123").accepted);
}

}  // namespace
}  // namespace gw::policy
