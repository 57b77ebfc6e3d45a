#include "acs/rest/sip_routing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gw::test {
namespace {

using namespace acs::rest;
using ::testing::ElementsAre;
using ::testing::SizeIs;

SipRouting with_trunks() {
  SipRouting routing;
  routing.trunks = {{"a.contoso.test", {5061, false}}, {"own.example.com", {5070, true}}};
  return routing;
}

SipRouting patched(const SipRouting& routing, std::string_view patch) {
  const auto result = merge_patch(routing, patch);
  EXPECT_TRUE(result) << (result ? "" : result.error().inner_code);
  return result.value_or(SipRouting{});
}

std::string refusal(const SipRouting& routing, std::string_view patch) {
  const auto result = merge_patch(routing, patch);
  return result ? "accepted"
                : std::to_string(result.error().status) + " " + result.error().inner_code;
}

std::string route(const std::string& rest) {
  return R"({"routes":[{"name":"r","numberPattern":"^\\+1")" + rest + "}]}";
}

TEST(SipRouting, trunks_are_patched_one_by_one_and_null_removes) {
  const SipRouting routing = patched(
      with_trunks(), R"({"trunks":{"b.contoso.test":{"sipSignalingPort":5067},"a.contoso.test":null,
                                   "never.contoso.test":null}})");
  EXPECT_THAT(routing.trunks, SizeIs(2));
  EXPECT_EQ(routing.trunks.at("b.contoso.test").sip_signaling_port, 5067);
  EXPECT_TRUE(routing.trunks.contains("own.example.com"));
}

TEST(SipRouting, routes_are_replaced_as_a_whole_and_keep_their_order) {
  SipRouting routing = patched(
      with_trunks(), R"({"routes":[{"name":"z","numberPattern":"^1","trunks":["a.contoso.test"]},
                                   {"name":"a","description":"d","numberPattern":"^2"}]})");
  ASSERT_THAT(routing.routes, SizeIs(2));
  EXPECT_EQ(routing.routes[0].name, "z");
  EXPECT_EQ(routing.routes[1].description, "d");
  routing = patched(routing, R"({"routes":[]})");
  EXPECT_THAT(routing.routes, SizeIs(0));
  EXPECT_THAT(routing.trunks, SizeIs(2));
}

TEST(SipRouting, refusals_say_what_azure_says) {
  const SipRouting routing = with_trunks();
  EXPECT_EQ(refusal(routing, "{}"), "422 EmptyPatch");
  EXPECT_EQ(refusal(routing, "{"), "400 ");
  EXPECT_EQ(refusal(routing, R"({"trunks":[]})"), "422 InvalidTrunks");
  for (const char* fqdn : {"-1", "_", "contoso", "10.0.0.1", "a..b", "a.b-", ""}) {
    EXPECT_EQ(refusal(routing,
                      R"({"trunks":{")" + std::string(fqdn) + R"(":{"sipSignalingPort":5061}}})"),
              "422 InvalidTrunkFqdn")
        << fqdn;
  }
  for (const char* port : {"0", "65536", "-1", "\"5061\"", "5061.5", "null"}) {
    EXPECT_EQ(refusal(routing, R"({"trunks":{"b.contoso.test":{"sipSignalingPort":)" +
                                   std::string(port) + "}}}"),
              "422 InvalidTrunkSipSignalingPort")
        << port;
  }
  EXPECT_EQ(refusal(routing, R"({"routes":[{"name":"","numberPattern":"^1"}]})"),
            "422 InvalidRouteName");
  for (const char* pattern : {"", "(", "[", "a{"}) {
    EXPECT_EQ(refusal(routing, R"({"routes":[{"name":"x","numberPattern":")" +
                                   std::string(pattern) + "\"}]}"),
              "422 InvalidRouteNumberPattern")
        << pattern;
  }
  EXPECT_EQ(refusal(routing, route(R"(,"trunks":["nowhere.contoso.test"])")), "422 MissingTrunk");
  EXPECT_EQ(refusal(routing, route(R"(,"trunks":["a.contoso.test","a.contoso.test"])")),
            "422 DuplicatedRoutingTrunk");
  EXPECT_EQ(
      refusal(
          routing,
          R"({"routes":[{"name":"x","numberPattern":"^1"},{"name":"x","numberPattern":"^2"}]})"),
      "400 DuplicatedRoute");
}

TEST(SipRouting, a_trunk_that_a_route_uses_stays) {
  const SipRouting routing = patched(with_trunks(), route(R"(,"trunks":["a.contoso.test"])"));
  EXPECT_EQ(refusal(routing, R"({"trunks":{"a.contoso.test":null}})"), "422 MissingTrunk");
  // In one patch with its route it may go.
  EXPECT_EQ(refusal(routing, R"({"trunks":{"a.contoso.test":null},"routes":[]})"), "accepted");
}

TEST(SipRouting, the_operators_trunks_are_used_and_not_changed) {
  const SipRouting routing = with_trunks();
  EXPECT_EQ(refusal(routing, R"({"trunks":{"own.example.com":null}})"), "422 TrunkOfTheOperator");
  EXPECT_EQ(refusal(routing, R"({"trunks":{"own.example.com":{"sipSignalingPort":5061}}})"),
            "422 TrunkOfTheOperator");
  EXPECT_EQ(refusal(routing, R"({"trunks":{"own.example.com":{"sipSignalingPort":5070}}})"),
            "accepted");
  EXPECT_EQ(refusal(routing, route(R"(,"trunks":["own.example.com"])")), "accepted");
}

TEST(SipRouting, what_is_stored_is_read_again_without_the_operators_trunks) {
  SipRouting routing = patched(with_trunks(), route(R"(,"trunks":["own.example.com"])"));
  const SipRouting again = parse_stored(to_json(routing, Trunks::Stored));
  EXPECT_THAT(again.trunks, SizeIs(1));
  ASSERT_THAT(again.routes, SizeIs(1));
  EXPECT_THAT(again.routes[0].trunks, ElementsAre("own.example.com"));
  EXPECT_THAT(parse_stored("nonsense").trunks, SizeIs(0));
}

TEST(SipRouting, a_number_finds_its_routes_in_order) {
  const SipRouting routing =
      patched(with_trunks(), R"({"routes":[{"name":"redmond","numberPattern":"^\\+1425\\d{7}$"},
                                   {"name":"all","numberPattern":"^+[1-9][0-9]{3,23}$"}]})");
  const auto names = [&](std::string_view number) {
    std::vector<std::string> out;
    for (const SipRoute& one : matching(routing, number)) out.push_back(one.name);
    return out;
  };
  EXPECT_THAT(names("+14255550123"), ElementsAre("redmond", "all"));
  EXPECT_THAT(names("+442071234567"), ElementsAre("all"));
  EXPECT_THAT(names("101"), SizeIs(0));
  EXPECT_THAT(names(std::string(100, '1')), SizeIs(0));
}

}  // namespace
}  // namespace gw::test
