// What changed between two configurations; patterns and look-ups.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "gateway/config/config_load.h"
#include "gateway/config/config_reload.h"
#include "gateway/config/pattern.h"
#include "gateway/config/sections.h"
#include "tests/unit/gateway/config_folder.h"

namespace gw::config {
namespace {

using test::ConfigFolder;
using test::kAliceTable;
using test::kQuiet;
using test::lines_of;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(ConfigLookup, the_narrowest_peer_wins) {
  Config config;
  const auto trunk = [&](const char* name, const char* peer) {
    Trunk t;
    t.name = name;
    t.peers.push_back(*AddressRange::parse(peer));
    config.trunks.push_back(std::move(t));
  };
  trunk("wide", "10.0.0.0/8");
  trunk("one", "10.1.2.3");
  trunk("port", "10.1.2.3:5070");
  const auto name_of = [&](const char* source) {
    const Trunk* found = config.trunk_of(*SocketAddress::parse(source));
    return found ? found->name : "";
  };
  EXPECT_EQ(name_of("10.9.9.9:5060"), "wide");
  EXPECT_EQ(name_of("10.1.2.3:5060"), "one");
  EXPECT_EQ(name_of("10.1.2.3:5070"), "port");
  EXPECT_EQ(name_of("11.1.2.3:5070"), "");
}

TEST(ConfigReload, names_what_changed_and_what_needs_a_restart) {
  ConfigFolder folder;
  folder.write("gateway.toml",
               std::string(kQuiet) + "[[phone]]\nusername = \"101\"\npassword = \"old\"\n");
  const Loaded before = load(folder.path());
  folder.write("more.toml", "[[phone]]\nusername = \"102\"\npassword = \"z\"\n");
  const Loaded now =
      load(folder.path(), {"calls.ring_timeout=\"30s\"", "phone.101.password=\"new\"",
                           "media.workers=2", "media.srtp=\"off\""});
  const Difference difference = compare(*before.config, *now.config);
  EXPECT_THAT(difference.changes, testing::UnorderedElementsAre(
                                      "phone.102: added", "calls.ring_timeout: \"120s\" -> \"30s\"",
                                      "phone.101.password: changed", "media.workers: 0 -> 2",
                                      "media.srtp: \"offered\" -> \"off\""));
  EXPECT_THAT(difference.restart, ElementsAre("media.workers"));
  EXPECT_THAT(compare(*now.config, *before.config).changes, Contains("phone.102: removed"));
  EXPECT_THAT(compare(*now.config, *now.config).changes, IsEmpty());
}

TEST(ConfigReload, a_secret_that_changed_in_its_file_is_seen_and_not_shown) {
  ConfigFolder folder;
  folder.write("secret", "first");
  folder.write("gateway.toml", std::string(kQuiet) + "[admin]\ntoken = \"file:secret\"\n");
  const Loaded before = load(folder.path());
  folder.write("secret", "second");
  const Difference difference = compare(*before.config, *load(folder.path()).config);
  EXPECT_THAT(difference.changes, ElementsAre("admin.token: changed"));
}

TEST(ConfigReload, the_order_of_routes_is_a_change) {
  const std::string one =
      "[[route]]\nname = \"one\"\nfrom = [\"phones\"]\nto = \"1\"\ntargets = [\"user:alice\"]\n";
  const std::string two =
      "[[route]]\nname = \"two\"\nfrom = [\"phones\"]\nto = \"1*\"\ntargets = [\"user:alice\"]\n";
  ConfigFolder folder;
  folder.write("gateway.toml", std::string(kQuiet) + kAliceTable + one + two);
  const Loaded before = load(folder.path());
  folder.write("gateway.toml", std::string(kQuiet) + kAliceTable + two + one);
  EXPECT_THAT(compare(*before.config, *load(folder.path()).config).changes,
              ElementsAre("route: order changed"));
}

TEST(ConfigPattern, matches_what_the_route_says) {
  const auto groups = [](const char* to, std::string_view number) {
    Route route;
    route.to = to;
    if (is_pattern(to)) route.pattern = *compile_pattern(to);
    return match_to(route, number);
  };
  EXPECT_TRUE(groups("+14255550100", "+14255550100"));
  EXPECT_FALSE(groups("+14255550100", "+142555501001"));
  EXPECT_TRUE(groups("+1425*", "+14255550100"));
  EXPECT_FALSE(groups("+1425*", "+12065550100"));
  EXPECT_TRUE(groups("*", "911"));
  EXPECT_THAT(*groups("/^\\+1425(\\d{7})$/", "+14255550100"),
              ElementsAre("+14255550100", "5550100"));
  EXPECT_FALSE(groups("/^\\+1425(\\d{7})$/", "+142555501001"));
  EXPECT_FALSE(groups("*", std::string(65, '1')));
}

}  // namespace
}  // namespace gw::config
