#include "gateway/config/sip_routing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/policy/router.h"

namespace gw::config {
namespace {

using acs::rest::SipRouting;
using testing::ElementsAre;
using testing::SizeIs;

// The files: a trunk with an FQDN, one with an address, and a route to +1425.
Config files() {
  Config config;
  Trunk acme;
  acme.name = "acme";
  acme.targets = {"sip:sip.acme.example;transport=tls"};
  Trunk carrier;
  carrier.name = "carrier";
  carrier.targets = {"127.0.0.1:5070"};
  config.trunks = {acme, carrier};
  Route route;
  route.name = "of the files";
  route.from = {"phones"};
  route.to = "+1425*";
  route.targets = {"trunk:carrier"};
  config.routes = {route};
  Phone phone;
  phone.username = "101";
  phone.caller_id = "+14255550100";
  config.phones = {phone};
  config.dial_policy.international = true;
  return config;
}

SipRouting stored() {
  SipRouting routing;
  routing.trunks = {{"sbc.contoso.test", {5061, false}}, {"old.contoso.test", {5060, false}}};
  routing.routes = {{"all", "", "^+[1-9][0-9]{3,23}$", {"sbc.contoso.test", "sip.acme.example"}}};
  return routing;
}

policy::Decision decide(const Config& config, const char* number) {
  policy::Dialled dialled;
  dialled.from = {policy::PartyKind::Phone, "101"};
  dialled.number = number;
  return policy::decide(config, dialled, WallTime{});
}

TEST(SipRoutingConfig, trunks_and_routes_of_rest_take_calls_after_those_of_the_files) {
  Config config = files();
  ASSERT_TRUE(apply_routing(stored(), config));
  EXPECT_THAT(config.trunk("sbc.contoso.test")->targets,
              ElementsAre("sip:sbc.contoso.test:5061;transport=tls"));
  EXPECT_THAT(config.trunk("old.contoso.test")->targets, ElementsAre("old.contoso.test:5060"));
  EXPECT_EQ(decide(config, "+14255550123").route, "of the files");
  const policy::Decision decision = decide(config, "+442071234567");
  EXPECT_EQ(decision.route, "all");
  ASSERT_THAT(decision.ranks, SizeIs(2));
  EXPECT_EQ(policy::to_string(decision.ranks[0].parties[0]), "trunk:sbc.contoso.test");
  EXPECT_EQ(policy::to_string(decision.ranks[1].parties[0]), "trunk:acme");
}

TEST(SipRoutingConfig, what_was_applied_before_is_replaced) {
  Config config = files();
  ASSERT_TRUE(apply_routing(stored(), config));
  ASSERT_TRUE(apply_routing(stored(), config));
  EXPECT_THAT(config.trunks, SizeIs(4));
  EXPECT_THAT(config.routes, SizeIs(2));
  ASSERT_TRUE(apply_routing({}, config));
  EXPECT_THAT(config.trunks, SizeIs(2));
  EXPECT_THAT(config.routes, SizeIs(1));
}

TEST(SipRoutingConfig, shows_the_files_trunks_that_have_an_fqdn_as_fixed) {
  Config config = files();
  ASSERT_TRUE(apply_routing(stored(), config));
  const SipRouting shown = shown_routing(config, stored());
  EXPECT_THAT(shown.trunks, SizeIs(3));
  EXPECT_TRUE(shown.trunks.at("sip.acme.example").fixed);
  EXPECT_EQ(shown.trunks.at("sip.acme.example").sip_signaling_port, 5061);
  EXPECT_FALSE(shown.trunks.at("sbc.contoso.test").fixed);
  EXPECT_THAT(shown.routes, SizeIs(1));
}

TEST(SipRoutingConfig, a_trunk_that_the_files_have_is_a_collision) {
  Config config = files();
  SipRouting routing;
  routing.trunks = {{"sip.acme.example", {5061, false}}};
  const auto applied = apply_routing(routing, config);
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, ErrorCode::InvalidArgument);
}

}  // namespace
}  // namespace gw::config
