#include "gateway/config/config_load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "gateway/config/config_reload.h"
#include "gateway/config/pattern.h"
#include "gateway/config/sections.h"
#include "tests/unit/gateway/config_folder.h"

namespace gw::config {
namespace {

using test::ConfigFolder;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// Loopback, without emergency numbers: nothing to complain about.
constexpr const char* kQuiet = R"(
[sip]
listen = ["udp:127.0.0.1:5060"]
[edge]
listen = "127.0.0.1:8443"
[numbers]
emergency = []
)";

std::vector<std::string> lines_of(const Loaded& loaded) {
  std::vector<std::string> lines;
  for (const Problem& p : loaded.problems) lines.push_back(to_string(p));
  return lines;
}

struct Case {
  const char* name;
  const char* toml;     // rest.toml, beside kQuiet in gateway.toml.
  const char* problem;  // The whole line.
  bool warning = false;
};

class OneProblem : public testing::TestWithParam<Case> {};

TEST_P(OneProblem, is_named_with_its_place_and_what_would_be_right) {
  const Case& c = GetParam();
  ConfigFolder folder;
  folder.write("gateway.toml", kQuiet);
  folder.write("rest.toml", c.toml);
  const Loaded loaded = load(folder.path());
  EXPECT_THAT(lines_of(loaded), ElementsAre(c.problem));
  EXPECT_EQ(loaded.ok(), c.warning);
}

constexpr const char* kAlice = "[[user]]\nname = \"alice\"\n";

const Case kCases[] = {
    {"source_range_with_a_port", "[limits]\ndeny = [\"192.0.2.1:5060\"]\n",
     "rest.toml:2: limits.deny: \"192.0.2.1:5060\" is no range: \"198.51.100.0/24\", "
     "\"2001:db8::/32\", \"203.0.113.9\""},
    {"forward_to_nowhere", "[[user]]\nname = \"alice\"\nforward_busy = \"the boss\"\n",
     "rest.toml:3: user.alice.forward_busy: \"the boss\" is no extension \"102\", number "
     "\"+14255550123\", \"phone:NAME\" or \"user:NAME\""},
    {"forward_to_nobody", "[[user]]\nname = \"alice\"\nforward_busy = \"user:bob\"\n",
     "rest.toml:3: user.alice.forward_busy: there is no user \"bob\""},
    {"forward_to_oneself",
     "[[user]]\nname = \"alice\"\nextension = \"201\"\nforward_always = \"201\"\n",
     "rest.toml:4: user.alice.forward_always: \"201\" is the party itself"},
    {"prefix", "[dial_policy]\nallow = [\"+1206\", \"four\"]\n",
     "rest.toml:2: dial_policy.allow: \"four\" is no beginning of a number, e.g. \"+44\""},
    {"route_abroad",
     "[[route]]\nname = \"uk\"\nfrom = [\"phones\"]\nto = \"+44*\"\ntargets = [\"trunk:acme\"]\n"
     "[[trunk]]\nname = \"acme\"\ntargets = [\"192.0.2.1\"]\n",
     "rest.toml:4: route.uk.to: \"+44*\" is international, which dial_policy forbids to everybody: "
     "add allow = [\"+44\"] or international = true to [dial_policy], or to a party's own",
     true},
    {"unknown_key", "[calls]\nring_timout = \"30s\"\n",
     "rest.toml:2: calls.ring_timout: unknown key, did you mean ring_timeout?"},
    {"unknown_table", "[cals]\nring_timeout = \"30s\"\n",
     "rest.toml:1: cals: unknown key, did you mean calls?"},
    {"nothing_near", "[calls]\nxyzzy = 1\n", "rest.toml:2: calls.xyzzy: unknown key"},
    {"wrong_type", "[media]\nworkers = \"two\"\n",
     "rest.toml:2: media.workers: is a string, must be a whole number"},
    {"table_expected", "calls = 3\n", "rest.toml:1: calls: is a table: write [calls]"},
    {"list_expected", "[phone]\nusername = \"101\"\n",
     "rest.toml:1: phone: is a list of tables: write [[phone]]"},
    {"range", "[media.opus]\ncomplexity = 11\n",
     "rest.toml:2: media.opus.complexity: 11 is out of range: 0 to 10"},
    {"duration_without_unit", "[calls]\nring_timeout = 30\n",
     "rest.toml:2: calls.ring_timeout: is a whole number, must be a duration with its unit, e.g. "
     "\"30s\""},
    {"duration", "[calls]\nring_timeout = \"30 seconds\"\n",
     "rest.toml:2: calls.ring_timeout: \"30 seconds\" is no duration: a number with ms, s, m, h or "
     "d, e.g. \"30s\""},
    {"duration_range", "[calls]\nmax_duration = \"8d\"\n",
     "rest.toml:2: calls.max_duration: \"8d\" is out of range: 1s to 7d"},
    {"choice", "[media]\nsrtp = \"maybe\"\n",
     "rest.toml:2: media.srtp: \"maybe\" is not one of offered, required, off"},
    {"local_http", "[edge]\nlocal_http = \"0.0.0.0:8080\"\n",
     "rest.toml:2: edge.local_http: is plain HTTP and must be a loopback address, e.g. "
     "\"127.0.0.1:8080\""},
    {"media_address", "[media]\naddress = \"0.0.0.0\"\n",
     "rest.toml:2: media.address: is advertised to peers and cannot be 0.0.0.0: name the address, "
     "and media.advertise "
     "behind 1:1 NAT"},
    {"ports_overlap", "[media]\nwebrtc_ports = \"20000-20010\"\n",
     "rest.toml:2: media.webrtc_ports: overlaps ports"},
    {"admin_in_the_open", "[admin]\nlisten = \"0.0.0.0:9080\"\n",
     "rest.toml:2: admin.listen: is open to others: set admin.token, or listen on 127.0.0.1"},
    {"origin", "[edge]\nallowed_origins = [\"app.example.com\"]\n",
     "rest.toml:2: edge.allowed_origins: \"app.example.com\" is no origin: \"https://HOST[:PORT]\" "
     "or \"localhost\""},
    {"provider", "[acs]\nprovider = \"azure\"\n",
     "rest.toml:2: acs.provider: \"azure\" is not one of edge, cloud"},
    {"webhook_secret", "[acs]\nwebhook_secret = \"a/b\"\n",
     "rest.toml:2: acs.webhook_secret: must be 16 or more of A-Z a-z 0-9 - _: it stands in a URL"},
    {"sample_rate", "[acs]\nsample_rate = 22050\n",
     "rest.toml:2: acs.sample_rate: is neither 16000 nor 24000"},
    {"audio_channels", "[acs]\naudio_channels = \"stereo\"\n",
     "rest.toml:2: acs.audio_channels: \"stereo\" is not one of mixed, unmixed"},
    {"access_key", "[acs]\naccess_keys = [\"not base64!\"]\n",
     "rest.toml:2: acs.access_keys: a key is not base64"},
    {"country", "[numbers]\ncountry = \"XX\"\n",
     "rest.toml:2: numbers.country: \"XX\" is no country: two capital letters, e.g. \"US\""},
    {"secret_file", "[admin]\ntoken = \"file:/nowhere/token\"\n",
     "rest.toml:2: admin.token: cannot read a secret from /nowhere/token: the file must exist, be "
     "readable and not empty"},
    {"secret_env", "[admin]\ntoken = \"env:GW_NO_SUCH_VARIABLE\"\n",
     "rest.toml:2: admin.token: the environment has no variable GW_NO_SUCH_VARIABLE"},
    {"no_password", "[[phone]]\nusername = \"101\"\n",
     "rest.toml:1: phone.101.password: is missing, e.g. \"file:secrets/101\""},
    {"phone_codec",
     "[[phone]]\nusername = \"101\"\npassword = \"x\"\ncodecs = [\"PCMU\", \"G729\"]\n",
     "rest.toml:4: phone.101.codecs: \"G729\" is not one of PCMU, PCMA, G722, opus"},
    {"no_codec", "[[phone]]\nusername = \"101\"\npassword = \"x\"\ncodecs = []\n",
     "rest.toml:4: phone.101.codecs: leaves no codec: name PCMU or PCMA"},
    {"phone_digest", "[[phone]]\nusername = \"101\"\npassword = \"x\"\ndigest = [\"SHA1\"]\n",
     "rest.toml:4: phone.101.digest: \"SHA1\" is not one of MD5, SHA-256"},
    {"caller_id", "[[phone]]\nusername = \"101\"\npassword = \"x\"\ncaller_id = \"4255550100\"\n",
     "rest.toml:4: phone.101.caller_id: \"4255550100\" is not E.164, e.g. \"+14255550100\""},
    {"phones_named_alike",
     "[[phone]]\nusername = \"101\"\npassword = \"x\"\n[[phone]]\nusername = \"101\"\npassword = "
     "\"y\"\n",
     "rest.toml:4: phone.101.username: \"101\" is taken already, at rest.toml:1: usernames must "
     "differ"},
    {"extension_of_phone_and_user",
     "[[phone]]\nusername = \"101\"\npassword = \"x\"\nextension = \"7\"\n[[user]]\nname = "
     "\"al\"\nextension = \"7\"\n",
     "rest.toml:5: user.al.extension: \"7\" is taken already, at rest.toml:1: extensions must "
     "differ"},
    {"number_of_two_users",
     "[[user]]\nname = \"a\"\nnumbers = [\"+14255550101\"]\n[[user]]\nname = \"b\"\nnumbers = "
     "[\"+14255550101\"]\n",
     "rest.toml:6: user.b.numbers: \"+14255550101\" is taken already, at rest.toml:3: numbers of "
     "users must differ"},
    {"foreign_caller_id",
     "[[user]]\nname = \"a\"\nnumbers = [\"+14255550101\"]\n[numbers]\nowned = "
     "[\"+14255550100\"]\n",
     "rest.toml:3: user.a.numbers: \"+14255550101\" is not in numbers.owned: carriers may refuse "
     "it",
     true},
    {"identity", "[[user]]\nname = \"a\"\nid = \"8:acs:abc\"\n",
     "rest.toml:3: user.a.id: \"8:acs:abc\" is no identity: \"8:acs:GUID_GUID\", or leave it out"},
    {"trunk_without_targets", "[[trunk]]\nname = \"t\"\n",
     "rest.toml:1: trunk.t.targets: is missing, e.g. [\"sip.acme.example\"]"},
    {"trunk_target", "[[trunk]]\nname = \"t\"\ntargets = [\"sip:a b\"]\n",
     "rest.toml:3: trunk.t.targets: \"sip:a b\" is no target: \"HOST\", \"HOST:PORT\" or "
     "\"sip:HOST:PORT;transport=udp|tcp|tls\""},
    {"trunk_peer", "[[trunk]]\nname = \"t\"\ntargets = [\"a.example\"]\npeers = [\"a.example\"]\n",
     "rest.toml:4: trunk.t.peers: \"a.example\" is no address: \"198.51.100.0/24\" or "
     "\"203.0.113.9:5070\""},
    {"trunk_retry_on", "[[trunk]]\nname = \"t\"\ntargets = [\"a.example\"]\nretry_on = [200]\n",
     "rest.toml:4: trunk.t.retry_on: holds something that is no SIP status: 300 to 699"},
    {"peers_of_two_trunks",
     "[[trunk]]\nname = \"t\"\ntargets = [\"a.example\"]\npeers = [\"10.0.0.0/24\"]\n"
     "[[trunk]]\nname = \"u\"\ntargets = [\"b.example\"]\npeers = [\"10.0.0.9/24\"]\n",
     "rest.toml:8: trunk.u.peers: a peer is also one of trunk t (rest.toml:4): calls from it have "
     "one source only"},
    {"srtp_in_the_clear",
     "[[trunk]]\nname = \"t\"\ntargets = [\"a.example\"]\nsrtp = \"required\"\n",
     "rest.toml:4: trunk.t.srtp: is required, but a target is not on TLS: we offer SRTP keys on "
     "TLS legs only",
     true},
    {"dangling_target",
     "[[user]]\nname = \"alice\"\n[[route]]\nname = \"r\"\nfrom = [\"phones\"]\nto = \"1\"\n"
     "targets = [\"user:alcie\"]\n",
     "rest.toml:7: route.r.targets: there is no user \"alcie\", did you mean alice?"},
    {"dangling_source",
     "[[user]]\nname = \"alice\"\n[[route]]\nname = \"r\"\nfrom = [\"trunk:acme\"]\nto = \"1\"\n"
     "targets = [\"user:alice\"]\n",
     "rest.toml:5: route.r.from: there is no trunk \"acme\""},
    {"no_party",
     "[[route]]\nname = \"r\"\nfrom = [\"phones\"]\nto = \"1\"\ntargets = [\"alice\"]\n",
     "rest.toml:5: route.r.targets: \"alice\" is no party: phone:NAME, user:NAME, trunk:NAME or "
     "app:NAME"},
    {"dangling_app",
     "[[app]]\nname = \"ivr\"\nwebhook = \"https://ivr.example/in\"\n[[route]]\nname = \"r\"\n"
     "from = [\"apps\"]\nto = \"1\"\ntargets = [\"app:irv\"]\n",
     "rest.toml:8: route.r.targets: there is no app \"irv\", did you mean ivr?"},
    {"app_webhook", "[[app]]\nname = \"ivr\"\nwebhook = \"http://ivr.example/in\"\n",
     "rest.toml:3: app.ivr.webhook: must begin with https:// (http:// on loopback)"},
    {"app_schema",
     "[[app]]\nname = \"ivr\"\nwebhook = \"https://ivr.example/in\"\nschema = \"grid\"\n",
     "rest.toml:4: app.ivr.schema: \"grid\" is not one of event-grid, cloud-events"},
    {"hours",
     "[[user]]\nname = \"alice\"\n[[route]]\nname = \"r\"\nfrom = [\"phones\"]\nto = \"1\"\n"
     "hours = \"Mon-Fri 08:00-18:00 Mars/Olympus\"\ntargets = [\"user:alice\"]\n",
     "rest.toml:7: route.r.hours: \"Mars/Olympus\" is no weekday, time span or time zone: write "
     "e.g. "
     "\"Mon-Fri 08:00-18:00 America/Los_Angeles\""},
    {"shadowed_route",
     "[[user]]\nname = \"alice\"\n"
     "[[route]]\nname = \"all\"\nfrom = [\"phones\", \"users\"]\nto = \"+1*\"\ntargets = "
     "[\"user:alice\"]\n"
     "[[route]]\nname = \"late\"\nfrom = [\"user:alice\"]\nto = \"+1425*\"\ntargets = "
     "[\"user:alice\"]\n",
     "rest.toml:8: route.late: is never reached: \"all\" (rest.toml:3) takes all its calls; put it "
     "after this one",
     true},
    {"owned_without_numbers",
     "[[user]]\nname = \"alice\"\n[[route]]\nname = \"r\"\nfrom = [\"phones\"]\nto = \"1\"\n"
     "caller_id = \"owned\"\ntargets = [\"user:alice\"]\n",
     "rest.toml:7: route.r.caller_id: is \"owned\", but numbers.owned is empty"},
    {"set_twice_in_two_files", "[sip]\nlisten = [\"udp:127.0.0.1:5060\"]\n",
     "rest.toml:2: sip.listen: set twice, first at gateway.toml:3: keep one"},
    {"set_twice_in_one_file",
     "[calls]\nring_timeout = \"30s\"\nmax_duration = \"1h\"\nring_timeout = \"40s\"\n",
     "rest.toml:4: ring_timeout: set twice, first at rest.toml:2: keep one"},
    {"table_twice_in_one_file",
     "[calls]\nring_timeout = \"30s\"\n[media]\nworkers = 1\n[calls]\nmax_duration = \"1h\"\n",
     "rest.toml:5: calls: set twice, first at rest.toml:1: keep one"},
};

INSTANTIATE_TEST_SUITE_P(Config, OneProblem, testing::ValuesIn(kCases),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(ConfigLoad, a_trunk_that_registers_needs_credentials) {
  ConfigFolder folder;
  folder.write("gateway.toml", kQuiet);
  folder.write("trunks.d/t.toml", "name = \"t\"\ntargets = [\"a.example\"]\nregister = true\n");
  EXPECT_THAT(lines_of(load(folder.path())),
              Contains("trunks.d/t.toml:3: register: needs username and password"));
}

TEST(ConfigLoad, sources_are_allowed_and_denied_by_range) {
  ConfigFolder folder;
  folder.write("gateway.toml", kQuiet);
  folder.write("rest.toml", "[limits]\nallow = [\"198.51.100.0/24\", \"2001:db8::/32\"]\ndeny = [\"198.51.100.66\"]\n");
  const Loaded loaded = load(folder.path());
  EXPECT_THAT(lines_of(loaded), IsEmpty());
  const sip::SourceLimits& limits = loaded.config->sip.limits;
  ASSERT_EQ(limits.allow.size(), 2u);
  ASSERT_EQ(limits.deny.size(), 1u);
  EXPECT_TRUE(limits.allow[0].contains(*SocketAddress::parse("198.51.100.7:5060")));
  EXPECT_TRUE(limits.deny[0].contains(*SocketAddress::parse("198.51.100.66:5060")));
}

TEST(ConfigLoad, playout_is_a_word_or_milliseconds) {
  ConfigFolder folder;
  folder.write("gateway.toml", kQuiet);
  folder.write("trunks.d/t.toml", "name = \"t\"\ntargets = [\"a.example\"]\n");
  const auto with = [&](const char* playout) {
    return lines_of(load(folder.path(), {std::string("trunk.t.playout=") + playout}));
  };
  EXPECT_THAT(with("501"), Contains("--set: playout: 501 is out of range: 0 to 500 ms"));
  EXPECT_THAT(with("\"soft\""),
              Contains(HasSubstr("--set: playout: \"soft\" is not one of adaptive, off")));
  EXPECT_TRUE(load(folder.path(), {"trunk.t.playout=60"}).ok());
  EXPECT_TRUE(load(folder.path(), {"trunk.t.playout=\"off\""}).ok());
  using Mode = media::Playout::Mode;
  const auto playout = [&](std::vector<std::string> set) {
    return load(folder.path(), set).config->trunk("t")->playout;
  };
  EXPECT_EQ((media::Playout{Mode::Adaptive}), playout({}));
  EXPECT_EQ((media::Playout{Mode::Off}), playout({"trunk.t.playout=\"off\""}));
  EXPECT_EQ((media::Playout{Mode::Fixed, 60ms}), playout({"trunk.t.playout=60"}));
  EXPECT_THAT(lines_of(load(folder.path(), {"trunk.t.playout=60"})),
              Not(Contains(HasSubstr("playout"))));
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

TEST(ConfigLoad, a_bad_regex_is_named_with_its_route) {
  ConfigFolder folder;
  folder.write("gateway.toml",
               std::string(kQuiet) +
                   "[[user]]\nname = \"alice\"\n[[route]]\nname = \"r\"\n"
                   "from = [\"phones\"]\nto = \"/(12/\"\ntargets = [\"user:alice\"]\n");
  EXPECT_THAT(lines_of(load(folder.path())),
              ElementsAre(HasSubstr("gateway.toml:13: route.r.to: \"/(12/\" is no regex: ")));
}

TEST(ConfigLoad, a_folder_without_problems_has_every_table_of_every_file) {
  ConfigFolder folder;
  folder.write("gateway.toml", kQuiet);
  folder.write("a.toml",
               "[[phone]]\nusername = \"101\"\npassword = \"x\"\nextension = "
               "\"101\"\n[calls]\nring_timeout = \"9s\"\n");
  folder.write(
      "b.toml",
      std::string(kAlice) +
          "[[phone]]\nusername = \"102\"\npassword = \"y\"\n[calls]\nmax_duration = \"2h\"\n");
  folder.write("trunks.d/acme.toml",
               "name = \"acme\"\ntargets = [\"sip.acme.example\"]\npeers = [\"198.51.100.0/24\"]\n"
               "[number]\nstrip = \"+\"\n[[route]]\nname = \"in\"\nfrom = [\"trunk:acme\"]\n"
               "to = \"*\"\ntargets = [\"user:alice\"]\n");
  const Loaded loaded = load(folder.path());
  ASSERT_THAT(lines_of(loaded), IsEmpty());
  const Config& config = *loaded.config;
  EXPECT_EQ(config.phones.size(), 2u);
  EXPECT_EQ(config.phone("102")->password.reveal(), "y");
  EXPECT_EQ(config.phone_by_extension("101")->username, "101");
  EXPECT_EQ(config.calls.ring_timeout, 9s);
  EXPECT_EQ(config.calls.max_duration, 2h);
  EXPECT_EQ(config.trunk("acme")->number.strip, "+");
  EXPECT_EQ(config.routes.at(0).name, "in");
  EXPECT_EQ(config.folder, folder.path());
}

TEST(ConfigLoad, a_trunks_own_file_is_named_without_a_prefix) {
  ConfigFolder folder;
  folder.write("gateway.toml", kQuiet);
  folder.write("trunks.d/acme.toml",
               "name = \"acme\"\ntargets = [\"a.example\"]\n\ncodecs = "
               "[\"G729\"]\n[number]\nstripp = \"+\"\n");
  EXPECT_THAT(
      lines_of(load(folder.path())),
      ElementsAre("trunks.d/acme.toml:4: codecs: \"G729\" is not one of PCMU, PCMA, G722, opus",
                  "trunks.d/acme.toml:6: number.stripp: unknown key, did you mean strip?"));
}

TEST(ConfigLoad, every_problem_is_found_at_once_and_in_order) {
  ConfigFolder folder;
  folder.write("gateway.toml",
               "[sip]\nlisten = [\"udp:nowhere\"]\n[numbers]\nemergency = "
               "[\"911\"]\n[calls]\nring_timeout = 5\n");
  folder.write("phones.toml", "[[phone]]\nusername = \"101\"\nextension = \"abc\"\n");
  const Loaded loaded = load(folder.path());
  EXPECT_FALSE(loaded.ok());
  EXPECT_THAT(
      lines_of(loaded),
      ElementsAre(
          HasSubstr("gateway.toml:2: sip.listen: \"udp:nowhere\" has no IP address"),
          HasSubstr("gateway.toml:4: numbers.emergency: 911 has no route for phones or users"),
          HasSubstr("gateway.toml:6: calls.ring_timeout: is a whole number"),
          HasSubstr("phones.toml:1: phone.101.password: is missing"),
          HasSubstr("phones.toml:3: phone.101.extension: \"abc\" is no extension")));
}

TEST(ConfigLoad, a_broken_line_is_reported_and_the_rest_is_still_checked) {
  ConfigFolder folder;
  folder.write("gateway.toml",
               std::string(kQuiet) +
                   "[calls]\nring_timeout = 30s\nmax_duration = \"x\"\n[media\nworkers = 1\n");
  const auto lines = lines_of(load(folder.path()));
  EXPECT_THAT(lines, Contains(HasSubstr("gateway.toml:9: not TOML: ")));
  EXPECT_THAT(lines,
              Contains(HasSubstr("gateway.toml:10: calls.max_duration: \"x\" is no duration")));
  EXPECT_THAT(lines, Contains(HasSubstr("gateway.toml:11: not TOML: ")));
  EXPECT_THAT(lines, Not(Contains(HasSubstr("workers"))));
}

TEST(ConfigLoad, what_a_broken_file_should_have_said_is_not_missed_elsewhere) {
  ConfigFolder folder;
  folder.write("gateway.toml", kQuiet);
  folder.write("phones.toml", "[[phone]\nusername = \"101\"\npassword = \"x\"\n");
  folder.write(
      "routes.toml",
      "[[route]]\nname = \"r\"\nfrom = [\"phones\"]\nto = \"1\"\ntargets = [\"phone:101\"]\n");
  EXPECT_THAT(lines_of(load(folder.path())), ElementsAre(HasSubstr("phones.toml:1: not TOML")));
}

TEST(ConfigLoad, nothing_there_is_one_problem) {
  ConfigFolder folder;
  EXPECT_THAT(lines_of(load(folder.path())), ElementsAre(HasSubstr("holds no *.toml file")));
  EXPECT_THAT(lines_of(load(folder.file("none"))),
              ElementsAre(HasSubstr("there is no such file or folder")));
  EXPECT_FALSE(load(folder.path()).ok());
}

TEST(ConfigLoad, one_file_is_a_configuration_too) {
  ConfigFolder folder;
  folder.write("all.toml", kQuiet);
  folder.write("other.toml", "[calls]\nring_timeout = 5\n");
  EXPECT_TRUE(load(folder.file("all.toml")).ok());
}

TEST(ConfigLoad, set_overrides_any_key) {
  ConfigFolder folder;
  folder.write("gateway.toml", std::string(kQuiet) +
                                   "[[phone]]\nusername = \"101\"\npassword = \"x\"\n"
                                   "[[phone]]\nusername = \"102\"\npassword = \"y\"\n");
  const Loaded loaded =
      load(folder.path(),
           {"sip.listen=[\"udp:127.0.0.1:0\", \"tcp:127.0.0.1:0\"]", "media.workers=3",
            "phone.102.password=\"z\"", "phone.0.extension=\"11\"", "media.opus.complexity=0"});
  ASSERT_THAT(lines_of(loaded), IsEmpty());
  const Config& config = *loaded.config;
  ASSERT_EQ(config.sip.listen.size(), 2u);
  EXPECT_EQ(config.sip.listen[1].address.to_string(), "127.0.0.1:0");
  EXPECT_EQ(config.media.engine.workers, 3u);
  EXPECT_EQ(config.media.engine.opus_complexity, 0);
  EXPECT_EQ(config.phone("102")->password.reveal(), "z");
  EXPECT_EQ(config.phone("101")->extension, "11");
}

TEST(ConfigLoad, a_bad_set_is_a_problem_of_the_command_line) {
  ConfigFolder folder;
  folder.write("gateway.toml", kQuiet);
  EXPECT_THAT(lines_of(load(folder.path(), {"sip.domain=pbx.example.com"})),
              ElementsAre(HasSubstr(
                  "--set: sip.domain: the value is not TOML; strings are written in quotes")));
  EXPECT_THAT(lines_of(load(folder.path(), {"phone.7.password=\"x\""})), testing::SizeIs(1));
  EXPECT_THAT(lines_of(load(folder.path(), {"calls.ring_timout=\"3s\""})),
              ElementsAre("--set: calls.ring_timout: unknown key, did you mean ring_timeout?"));
  EXPECT_THAT(lines_of(load(folder.path(), {"nonsense"})),
              ElementsAre(HasSubstr("is not KEY=VALUE")));
}

TEST(ConfigLoad, secrets_come_from_files_and_the_environment) {
  ConfigFolder folder;
  folder.write("secrets/101", "top secret\n");
  ::setenv("GW_TEST_PASSWORD", "from outside", 1);
  folder.write("gateway.toml",
               std::string(kQuiet) +
                   "[[phone]]\nusername = \"101\"\npassword = \"file:secrets/101\"\n"
                   "[[phone]]\nusername = \"102\"\npassword = \"env:GW_TEST_PASSWORD\"\n");
  const Loaded loaded = load(folder.path());
  ASSERT_THAT(lines_of(loaded), IsEmpty());
  EXPECT_EQ(loaded.config->phone("101")->password.reveal(), "top secret");
  EXPECT_EQ(loaded.config->phone("102")->password.reveal(), "from outside");
}

TEST(ConfigLoad, a_partys_dial_policy_is_the_default_but_for_what_it_says) {
  ConfigFolder folder;
  folder.write("gateway.toml", kQuiet);
  folder.write("rest.toml", R"(
[dial_policy]
premium = true
minutes_per_day = 60
[[user]]
name = "alice"
[user.dial_policy]
international = true
[[user]]
name = "bob"
[[route]]
name = "uk"
from = ["users"]
to = "+44*"
targets = ["trunk:acme"]
[[trunk]]
name = "acme"
targets = ["192.0.2.1"]
dial_policy = { deny = ["+4470"] }
)");
  const Loaded loaded = load(folder.path());
  EXPECT_THAT(lines_of(loaded), IsEmpty()) << "alice may";
  const DialPolicy& alice = *loaded.config->user("alice")->dial_policy;
  EXPECT_TRUE(alice.international);
  EXPECT_TRUE(alice.premium);
  EXPECT_EQ(alice.minutes_per_day, 60u);
  EXPECT_FALSE(loaded.config->user("bob")->dial_policy);
  const DialPolicy& acme = *loaded.config->trunk("acme")->dial_policy;
  EXPECT_TRUE(acme.international && acme.premium);
  EXPECT_EQ(acme.minutes_per_day, 0u);
}

TEST(ConfigLoad, a_phones_features_are_read) {
  ConfigFolder folder;
  folder.write("gateway.toml", kQuiet);
  folder.write("rest.toml", R"(
[[phone]]
username = "101"
password = "secret"
[[phone]]
username = "102"
password = "secret"
forward_always = "101"
forward_busy = "+14255550123"
forward_no_answer = "phone:101"
no_answer_after = "12s"
do_not_disturb = true
call_waiting = 0
auto_answer = true
)");
  const Loaded loaded = load(folder.path());
  ASSERT_TRUE(loaded.ok());
  const Phone& plain = *loaded.config->phone("101");
  EXPECT_TRUE(plain.forwarding.always.empty());
  EXPECT_EQ(plain.forwarding.no_answer_after, 20s);
  EXPECT_FALSE(plain.call_waiting || plain.auto_answer || plain.forwarding.do_not_disturb);
  const Phone& phone = *loaded.config->phone("102");
  EXPECT_EQ(phone.forwarding.always, "101");
  EXPECT_EQ(phone.forwarding.busy, "+14255550123");
  EXPECT_EQ(phone.forwarding.no_answer, "phone:101");
  EXPECT_EQ(phone.forwarding.no_answer_after, 12s);
  EXPECT_TRUE(phone.forwarding.do_not_disturb && phone.auto_answer);
  EXPECT_EQ(phone.call_waiting, 0u);
}

TEST(ConfigLoad, a_literal_password_is_a_warning_outside_loopback_only) {
  ConfigFolder folder;
  folder.write("gateway.toml",
               std::string(kQuiet) + "[[phone]]\nusername = \"101\"\npassword = \"hunter2\"\n");
  EXPECT_THAT(lines_of(load(folder.path())), IsEmpty());
  const Loaded outside = load(folder.path(), {"sip.listen=[\"udp:192.0.2.1:5060\"]"});
  EXPECT_TRUE(outside.ok());
  EXPECT_THAT(lines_of(outside), ElementsAre("gateway.toml:10: phone.101.password: stands in the "
                                             "open: write \"file:...\" or \"env:...\""));
}

TEST(ConfigLoad, demo_tokens_are_refused_off_loopback) {
  ConfigFolder folder;
  folder.write("gateway.toml", kQuiet);
  EXPECT_THAT(lines_of(load(folder.path(), {"edge.demo_tokens=true"})), IsEmpty());
  EXPECT_THAT(
      lines_of(load(folder.path(), {"edge.demo_tokens=true", "edge.listen=\"0.0.0.0:8443\""})),
      ElementsAre(HasSubstr("edge.demo_tokens: gives anyone a user's token")));
}

TEST(ConfigLoad, emergency_numbers_need_a_route_for_people) {
  ConfigFolder folder;
  folder.write("gateway.toml",
               "[sip]\nlisten = [\"udp:127.0.0.1:5060\"]\n[[trunk]]\nname = \"t\"\ntargets = "
               "[\"a.example\"]\n"
               "[[route]]\nname = \"e\"\nfrom = [\"phones\"]\nto = \"/^(911|112)$/\"\ntargets = "
               "[\"trunk:t\"]\n");
  EXPECT_THAT(lines_of(load(folder.path())),
              ElementsAre(HasSubstr("numbers.emergency: 933 has no route")));
  EXPECT_THAT(lines_of(load(folder.path(), {"route.e.to=\"*\""})), IsEmpty());
  EXPECT_THAT(lines_of(load(folder.path(), {"route.e.from=[\"trunks\"]"})), testing::SizeIs(3));
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

TEST(ConfigLoad, hold_music_is_built_in_none_or_a_file_of_the_folder) {
  const std::pair<const char*, std::string> cases[] = {
      {"", "tune"}, {"hold_music = \"\"", ""}, {"hold_music = \"tune\"", "tune"}};
  for (const auto& [line, value] : cases) {
    ConfigFolder folder;
    folder.write("gateway.toml", std::string(kQuiet) + "[calls]\n" + line + "\n");
    EXPECT_EQ(load(folder.path()).config->calls.hold_music, value) << line;
  }
  ConfigFolder folder;
  folder.write("gateway.toml", std::string(kQuiet) + "[calls]\nhold_music = \"waltz.wav\"\n");
  EXPECT_THAT(lines_of(load(folder.path())),
              Contains(HasSubstr("calls.hold_music: there is no file")));
  folder.write("waltz.wav", "RIFF");
  EXPECT_EQ(load(folder.path()).config->calls.hold_music, folder.path() + "/waltz.wav");
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

TEST(AddedUsers, are_refused_for_what_the_files_would_be_refused_for_in_the_same_words) {
  ConfigFolder folder;
  folder.write("gateway.toml", "[sip]\nlisten = [\"udp:127.0.0.1:5060\"]\n[numbers]\nemergency = []\n");
  folder.write("rest.toml",
               "[[phone]]\nusername = \"101\"\npassword = \"x\"\nextension = \"101\"\n"
               "[[user]]\nname = \"alice\"\nemail = \"a@example.com\"\nextension = \"201\"\n"
               "numbers = [\"+14255550101\"]\n");
  Config config = *load(folder.path()).config;
  config.numbers.emergency = {"911"};
  User kept;  // As the state has it: without lines.
  kept.name = "kept";
  kept.numbers = {"+14255550109"};
  kept.origin = {"the state", 0};
  config.users.push_back(kept);
  const auto problem = [&](const std::vector<User>& added) {
    std::vector<std::string> lines;
    for (const Problem& p : check_added_users(config, added)) lines.push_back(to_string(p));
    return lines;
  };
  User carol;
  carol.name = "carol";
  carol.origin = {"user add", 0};
  const auto with = [&](auto member, auto value) {
    User changed = carol;
    changed.*member = value;
    return std::vector{changed};
  };
  using Numbers = std::vector<std::string>;
  EXPECT_THAT(problem({carol}), IsEmpty());
  EXPECT_THAT(problem(with(&User::name, "alice")),
              ElementsAre("user add: user.alice.name: \"alice\" is taken already, at rest.toml:5: names must differ"));
  EXPECT_THAT(problem(with(&User::email, "a@example.com")),
              ElementsAre("user add: user.carol.email: \"a@example.com\" is taken already, at rest.toml:5: e-mail "
                          "addresses must differ"));
  for (const char* extension : {"101", "201"}) {
    EXPECT_THAT(problem(with(&User::extension, extension)),
                ElementsAre(HasSubstr(std::string("extension: \"") + extension + "\" is taken already, at rest.toml")));
  }
  EXPECT_THAT(problem(with(&User::extension, "911")),
              ElementsAre("user add: extension: \"911\" is an emergency number: choose another"));
  EXPECT_THAT(problem(with(&User::extension, "desk")),
              ElementsAre(HasSubstr("\"desk\" is no extension: 1 to 10 of 0-9 * #")));
  EXPECT_THAT(problem(with(&User::name, "c d")), ElementsAre(HasSubstr("\"c d\" is no name")));
  EXPECT_THAT(problem(with(&User::numbers, Numbers{"+14255550101"})),
              ElementsAre("user add: user.carol.numbers: \"+14255550101\" is taken already, at rest.toml:9: numbers of "
                          "users must differ"));
  EXPECT_THAT(problem(with(&User::numbers, Numbers{"+14255550109"})),
              ElementsAre(HasSubstr("is taken already, at the state: numbers of users must differ")));
  // Of one file: the second of two has the line.
  User first = carol, second = carol;
  first.numbers = second.numbers = {"+14255550102"};
  second.name = "dave";
  first.origin = {"users.csv", 2};
  second.origin = {"users.csv", 3};
  EXPECT_THAT(problem({first, second}),
              ElementsAre("users.csv:3: user.dave.numbers: \"+14255550102\" is taken already, at users.csv:2: numbers of "
                          "users must differ"));
}

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
      {"", "", "\"udp:edge:0\"", "edge.network: there is no network \"egde\", did you mean edge?", "egde"},
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
       "targets: \"[2001:db8::1]:5060\" and network \"private\" (127.0.0.8) are of two IP versions"},
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
    if (*c.trunk)
      folder.write("trunks.d/acme.toml", std::string("name = \"acme\"\n") + c.trunk);
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

TEST(ConfigLoad, relative_paths_start_at_the_folder) {
  ConfigFolder folder;
  folder.write("gateway.toml", std::string(kQuiet) +
                                   "[state]\ndir = \"state\"\n[cdr]\nfile = \"state/cdr.jsonl\"\n");
  const Loaded loaded = load(folder.path());
  EXPECT_EQ(loaded.config->state_dir, folder.file("state"));
  EXPECT_EQ(loaded.config->cdr_file, folder.file("state/cdr.jsonl"));
  EXPECT_EQ(store_path(*loaded.config), folder.file("state/gateway.db"));
}

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
  folder.write("gateway.toml", std::string(kQuiet) + kAlice + one + two);
  const Loaded before = load(folder.path());
  folder.write("gateway.toml", std::string(kQuiet) + kAlice + two + one);
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
