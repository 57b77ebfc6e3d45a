// What trunks, Microsoft's proxy and the cloud want of a configuration.
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

TEST(ConfigLoad, a_trunk_that_registers_needs_credentials) {
  ConfigFolder folder;
  folder.write("gateway.toml", kQuiet);
  folder.write("trunks.d/t.toml", "name = \"t\"\ntargets = [\"a.example\"]\nregister = true\n");
  EXPECT_THAT(lines_of(load(folder.path())),
              Contains("trunks.d/t.toml:3: register: needs username and password"));
}

TEST(ConfigLoad, a_certificate_file_must_exist) {
  ConfigFolder folder;
  folder.write("gateway.toml", kQuiet);
  const std::vector<std::string> set{"sip.tls.certificate=\"none.pem\"",
                                     "sip.tls.key=\"none.pem\""};
  EXPECT_THAT(lines_of(load(folder.path(), set)),
              ElementsAre("--set: sip.tls.certificate: there is no file " + folder.file("none.pem"),
                          "--set: sip.tls.key: there is no file " + folder.file("none.pem")));
}

TEST(ConfigLoad, a_file_without_a_certificate_is_named) {
  ConfigFolder folder;
  folder.write("gateway.toml", kQuiet);
  folder.write("empty.pem", "nothing");
  EXPECT_THAT(
      lines_of(load(folder.path(), {"edge.certificate=\"empty.pem\"", "edge.key=\"empty.pem\""})),
      ElementsAre("--set: edge.certificate: " + folder.file("empty.pem") +
                  " holds no PEM certificate"));
  EXPECT_THAT(lines_of(load(folder.path(), {"edge.certificate=\"empty.pem\""})),
              ElementsAre("--set: edge.certificate: certificate and key go together"));
}

TEST(ConfigLoad, direct_routing_needs_what_microsoft_asks_for) {
  ConfigFolder folder;
  folder.write("gateway.toml",
               std::string(kQuiet) +
                   "[[trunk]]\nname = \"ms\"\nprofile = \"direct-routing\"\nsrtp = \"off\"\n"
                   "targets = [\"sip.pstnhub.microsoft.com\"]\n");
  const auto lines = lines_of(load(folder.path()));
  EXPECT_THAT(lines, Contains(HasSubstr("sip.domain: must be the paired SBC's FQDN")));
  EXPECT_THAT(lines, Contains(HasSubstr("sip.tls.certificate: ")));
  EXPECT_THAT(lines, Contains(HasSubstr("trunk.ms.srtp: must be \"required\"")));
  EXPECT_THAT(lines,
              Contains(HasSubstr("write \"sip:sip.pstnhub.microsoft.com:5061;transport=tls\"")));
}

TEST(ConfigLoad, direct_routing_has_microsofts_names_ranges_and_codecs_by_itself) {
  ConfigFolder folder;
  folder.write("gateway.toml", kQuiet);
  folder.write("trunks.d/ms.toml",
               "name = \"ms\"\nprofile = \"direct-routing\"\nfqdn = \"sbc1.contoso.example\"\n");
  const Loaded loaded = load(folder.path());
  ASSERT_TRUE(loaded.config);
  const Trunk& trunk = *loaded.config->trunk("ms");
  EXPECT_EQ(trunk.targets.size(), 3U);
  EXPECT_EQ(trunk.peers.size(), 2U);
  EXPECT_EQ(trunk.srtp, media::SrtpPolicy::Required);
  EXPECT_EQ(trunk.options_interval, 60s);
  EXPECT_EQ(trunk.hold, HoldBy::Inactive);
  EXPECT_EQ(trunk.codecs.front(), media::Codec::G722);
  EXPECT_EQ(loaded.config->trunk_of(*SocketAddress::parse("52.114.1.1:30000")), &trunk);
}

TEST(ConfigLoad, each_key_that_microsofts_proxy_would_refuse_a_trunk_for_is_named) {
  const std::pair<const char*, const char*> cases[] = {
      {"dtmf = \"info\"", "dtmf: must be \"rfc4733\""},
      {"hold = \"sendonly\"", "hold: must be \"inactive\""},
      {"register = true\nusername = \"u\"\npassword = \"file:x\"", "register: must be false"},
      {"options_interval = \"0s\"", "options_interval: must be between"},
      {"[caller_id]\nfrom = false", "caller_id.from: must be true"},
      {"[number]\nstrip = \"+\"", "number.strip: takes the + off"},
      {"targets = [\"sip:52.112.1.1:5061;transport=tls\"]", "is an address"},
      {"targets = [\"sips:sip.pstnhub.microsoft.com:5061\"]", "knows no sips: URIs"},
      {"codecs = [\"opus\"]", "is never taken"},
  };
  for (const auto& [line, problem] : cases) {
    ConfigFolder folder;
    folder.write("gateway.toml", kQuiet);
    folder.write(
        "trunks.d/ms.toml",
        std::string(
            "name = \"ms\"\nprofile = \"direct-routing\"\nfqdn = \"sbc1.contoso.example\"\n") +
            line + "\n");
    EXPECT_THAT(lines_of(load(folder.path())), Contains(HasSubstr(problem))) << line;
  }
}

TEST(ConfigLoad, the_callees_own_answers_are_never_a_reason_to_try_elsewhere) {
  for (const int status : {404, 486, 603}) {
    ConfigFolder folder;
    folder.write("gateway.toml", kQuiet);
    folder.write("trunks.d/t.toml", "name = \"t\"\ntargets = [\"a.example\"]\nretry_on = [503, " +
                                        std::to_string(status) + "]\n");
    EXPECT_THAT(lines_of(load(folder.path())),
                Contains(HasSubstr(std::to_string(status) + " is the callee's own answer")));
  }
}

TEST(ConfigLoad, one_host_is_not_shown_two_certificates) {
  ConfigFolder folder;
  folder.write("gateway.toml", kQuiet);
  folder.write("ca.pem", "-----BEGIN CERTIFICATE-----\n");
  folder.write("trunks.d/a.toml",
               "name = \"a\"\ntargets = [\"sip:sip.acme.example;transport=tls\"]\n");
  folder.write(
      "trunks.d/b.toml",
      "name = \"b\"\ntargets = [\"sip:sip.acme.example;transport=tls\"]\n[tls]\nca = \"ca.pem\"\n");
  EXPECT_THAT(lines_of(load(folder.path())),
              Contains(HasSubstr("has the same target sip.acme.example")));
}

constexpr const char* kCloud = R"(
[acs]
provider = "cloud"
resource_id = "11111111-2222-3333-4444-555555555555"
connection_string = "endpoint=https://contoso.communication.azure.com/;accesskey=AAEC"
callback_url = "https://gw.example.com/"
)";

TEST(ConfigLoad, the_cloud_needs_a_resource_and_a_way_back) {
  ConfigFolder folder;
  folder.write("gateway.toml", std::string(kQuiet) + "[acs]\nprovider = \"cloud\"\n");
  const Loaded loaded = load(folder.path());
  EXPECT_FALSE(loaded.ok());
  EXPECT_THAT(lines_of(loaded), Contains(HasSubstr("acs.connection_string: is missing")));
  EXPECT_THAT(lines_of(loaded), Contains(HasSubstr("acs.callback_url: is missing")));
  EXPECT_THAT(lines_of(loaded), Contains(HasSubstr("acs.resource_id: is missing")));
}

TEST(ConfigLoad, the_resources_numbers_are_a_trunk_that_routes_may_name) {
  ConfigFolder folder;
  folder.write("gateway.toml", std::string(kQuiet) + kCloud);
  folder.write("routes.toml",
               "[[route]]\nname = \"out\"\nfrom = [\"phones\"]\nto = \"+*\"\n"
               "targets = [\"trunk:acs\"]\n");
  const Loaded loaded = load(folder.path());
  EXPECT_THAT(lines_of(loaded), IsEmpty());
  ASSERT_TRUE(loaded.config->trunk("acs"));
  EXPECT_TRUE(loaded.config->trunk("acs")->cloud);
  EXPECT_EQ(loaded.config->acs.callback_url, "https://gw.example.com");
}

TEST(ConfigLoad, a_connection_string_is_read_at_once_and_its_key_never_shown) {
  ConfigFolder folder;
  std::string text = std::string(kQuiet) + kCloud;
  text.replace(text.find("AAEC"), 4, "s3cr3t!!");
  folder.write("gateway.toml", text);
  const Loaded loaded = load(folder.path());
  EXPECT_THAT(lines_of(loaded),
              ElementsAre(HasSubstr("acs.connection_string: the connection string has an access "
                                    "key that is not base64")));
  EXPECT_THAT(lines_of(loaded), Not(Contains(HasSubstr("s3cr3t"))));
}

TEST(ConfigLoad, plain_http_to_acs_is_for_loopback_alone) {
  ConfigFolder folder;
  std::string text = std::string(kQuiet) + kCloud;
  const std::string real = "https://contoso.communication.azure.com/";
  text.replace(text.find(real), real.size(), "http://contoso.test/");
  folder.write("gateway.toml", text);
  EXPECT_THAT(lines_of(load(folder.path())),
              ElementsAre(HasSubstr("names an http:// endpoint off loopback")));
  text.replace(text.find("http://contoso.test/"), 20, "http://127.0.0.1:80/");
  folder.write("gateway.toml", text);
  EXPECT_THAT(lines_of(load(folder.path())), IsEmpty());
}

}  // namespace
}  // namespace gw::config
