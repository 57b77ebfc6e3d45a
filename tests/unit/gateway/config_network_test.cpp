// Addresses of our own: listeners and networks.
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
using test::kQuiet;
using test::lines_of;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(ConfigLoad, a_listener_may_name_a_network) {
  ConfigFolder folder;
  folder.write("gateway.toml",
               std::string(kQuiet) + "[[network]]\nname = \"inside\"\nbind = \"127.0.0.9\"\n");
  const Loaded loaded = load(folder.path(), {"sip.listen=[\"udp:inside:5070\"]"});
  ASSERT_THAT(lines_of(loaded), IsEmpty());
  EXPECT_EQ(loaded.config->sip.listen.at(0).address.to_string(), "127.0.0.9:5070");
}

constexpr const char* kTwoNetworks =
    "[[network]]\nname = \"private\"\nbind = \"127.0.0.8\"\nports = \"21000-21999\"\n"
    "[[network]]\nname = \"edge\"\nbind = \"127.0.0.9\"\nadvertise = \"203.0.113.9\"\n";

TEST(ConfigLoad, what_names_a_network_gets_its_address_its_ports_and_what_it_advertises) {
  ConfigFolder folder;
  folder.write("gateway.toml", std::string(kQuiet) + kTwoNetworks);
  folder.write("trunks.d/acme.toml",
               "name = \"acme\"\nnetwork = \"private\"\ntargets = [\"127.0.0.1:5070\"]\npeers = "
               "[\"127.0.0.1:5070\"]\n");
  const Loaded loaded =
      load(folder.path(), {"sip.listen=[\"udp:127.0.0.1:0\", \"udp:edge:5070\", \"udp:private:0\"]",
                           "edge.network=\"edge\""});
  ASSERT_THAT(lines_of(loaded), IsEmpty());
  const Config& config = *loaded.config;
  EXPECT_EQ(config.sip.listen.at(0).network, "");
  EXPECT_EQ(config.sip.listen.at(1).network, "edge");
  EXPECT_EQ(config.sip.listen.at(1).advertise, "203.0.113.9");
  EXPECT_EQ(config.trunk("acme")->network, "private");
  const media::MediaConfig& media = config.media.engine;
  EXPECT_EQ(media.address.host(), "127.0.0.1");  // The listener that is on no network.
  EXPECT_EQ(media.webrtc_network, "edge");
  ASSERT_THAT(media.networks, testing::SizeIs(2));
  EXPECT_EQ(media.networks[0].address.host(), "127.0.0.8");
  EXPECT_EQ(media.networks[0].port_low, 21000);
  EXPECT_EQ(media.networks[0].port_high, 21999);
  EXPECT_EQ(media.networks[1].advertise, "203.0.113.9");
  EXPECT_EQ(media.networks[1].port_high, 0);
}

TEST(ConfigLoad, a_network_that_does_not_fit_is_told_with_what_would) {
  const struct {
    const char *text, *trunk, *listen, *problem;
    const char* edge = "";
  } cases[] = {
      {"", "", "\"udp:edge:0\"", "edge.network: there is no network \"egde\", did you mean edge?",
       "egde"},
      {"", "network = \"privat\"\ntargets = [\"192.0.2.1\"]\n", "\"udp:edge:0\"",
       "trunks.d/acme.toml:2: network: there is no network \"privat\", did you mean private?"},
      {"", "network = \"private\"\ntargets = [\"192.0.2.1\"]\n", "\"udp:edge:0\"",
       "trunks.d/acme.toml:2: network: \"private\" has no udp listener for \"192.0.2.1\": add "
       "\"udp:private:5060\" to sip.listen"},
      {"", "network = \"private\"\ntargets = [\"sip:a.example;transport=tls\"]\n",
       "\"udp:private:0\"",
       "\"private\" has no tls listener for \"sip:a.example;transport=tls\": add "
       "\"tls:private:5061\" to sip.listen"},
      {"", "network = \"private\"\ntargets = [\"a.example\"]\n", "\"udp:edge:0\"",
       "\"private\" has no listener for \"a.example\""},
      {"", "network = \"private\"\ntargets = [\"[2001:db8::1]:5060\"]\n", "\"udp:private:0\"",
       "targets: \"[2001:db8::1]:5060\" and network \"private\" (127.0.0.8) are of two IP "
       "versions"},
      {"[[network]]\nname = \"n\"\nbind = \"0.0.0.0\"\n", "", "\"udp:n:0\"",
       "network.n.bind: is advertised to peers and cannot be 0.0.0.0"},
      {"[[network]]\nname = \"n\"\nbind = \"127.0.0.7:9\"\n", "", "\"udp:edge:0\"",
       "bind: \"127.0.0.7:9\" is no IP address (without port)"},
      {"[[network]]\nname = \"n\"\nbind = \"127.0.0.7\"\nadvertise = \"gw.example\"\n", "",
       "\"udp:n:0\"", "advertise: \"gw.example\" is no IP address"},
      {"[[network]]\nname = \"n\"\nbind = \"127.0.0.7\"\nadvertise = \"2001:db8::9\"\n", "",
       "\"udp:n:0\"", "are of two IP versions"},
      {"[[network]]\nname = \"n\"\nbind = \"127.0.0.7\"\nports = \"20000-20002\"\n", "",
       "\"udp:n:0\"", "ports: \"20000-20002\" has no room"},
      {"[[network]]\nname = \"n\"\nbind = \"127.0.0.7\"\nports = \"39000-40001\"\n", "",
       "\"udp:n:0\"", "ports: overlaps media.webrtc_ports on 127.0.0.7", "n"},
      {"", "", "\"udp:127.0.0.1:0\"",
       "network.edge.name: is named by no listener, no trunk and not by the edge: nothing uses it"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.problem);
    ConfigFolder folder;
    folder.write("gateway.toml", std::string(kQuiet) + kTwoNetworks + c.text);
    if (*c.trunk) folder.write("trunks.d/acme.toml", std::string("name = \"acme\"\n") + c.trunk);
    const Loaded loaded =
        load(folder.path(), {std::string("sip.listen=[\"udp:127.0.0.1:0\", ") + c.listen + "]",
                             std::string("edge.network=\"") + c.edge + "\""});
    EXPECT_THAT(lines_of(loaded), Contains(HasSubstr(c.problem)));
  }
}

TEST(ConfigLoad, media_and_domain_follow_a_specific_listener) {
  ConfigFolder folder;
  folder.write("gateway.toml", kQuiet);
  const Loaded loaded = load(folder.path());
  EXPECT_EQ(loaded.config->media.engine.address.host(), "127.0.0.1");
  EXPECT_EQ(loaded.config->sip.domain, "127.0.0.1");
}

}  // namespace
}  // namespace gw::config
