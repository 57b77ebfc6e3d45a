// One problem each: how it is told, with its place and what would be right.
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

}  // namespace
}  // namespace gw::config
