// A configuration as it is read: every table, every problem at once.
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

TEST(ConfigLoad, sources_are_allowed_and_denied_by_range) {
  ConfigFolder folder;
  folder.write("gateway.toml", kQuiet);
  folder.write(
      "rest.toml",
      "[limits]\nallow = [\"198.51.100.0/24\", \"2001:db8::/32\"]\ndeny = [\"198.51.100.66\"]\n");
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
      std::string(kAliceTable) +
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

TEST(AddedUsers, are_refused_for_what_the_files_would_be_refused_for_in_the_same_words) {
  ConfigFolder folder;
  folder.write("gateway.toml",
               "[sip]\nlisten = [\"udp:127.0.0.1:5060\"]\n[numbers]\nemergency = []\n");
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
              ElementsAre("user add: user.alice.name: \"alice\" is taken already, at rest.toml:5: "
                          "names must differ"));
  EXPECT_THAT(
      problem(with(&User::email, "a@example.com")),
      ElementsAre(
          "user add: user.carol.email: \"a@example.com\" is taken already, at rest.toml:5: e-mail "
          "addresses must differ"));
  for (const char* extension : {"101", "201"}) {
    EXPECT_THAT(problem(with(&User::extension, extension)),
                ElementsAre(HasSubstr(std::string("extension: \"") + extension +
                                      "\" is taken already, at rest.toml")));
  }
  EXPECT_THAT(problem(with(&User::extension, "911")),
              ElementsAre("user add: extension: \"911\" is an emergency number: choose another"));
  EXPECT_THAT(problem(with(&User::extension, "desk")),
              ElementsAre(HasSubstr("\"desk\" is no extension: 1 to 10 of 0-9 * #")));
  EXPECT_THAT(problem(with(&User::name, "c d")), ElementsAre(HasSubstr("\"c d\" is no name")));
  EXPECT_THAT(problem(with(&User::numbers, Numbers{"+14255550101"})),
              ElementsAre("user add: user.carol.numbers: \"+14255550101\" is taken already, at "
                          "rest.toml:9: numbers of "
                          "users must differ"));
  EXPECT_THAT(
      problem(with(&User::numbers, Numbers{"+14255550109"})),
      ElementsAre(HasSubstr("is taken already, at the state: numbers of users must differ")));
  // Of one file: the second of two has the line.
  User first = carol, second = carol;
  first.numbers = second.numbers = {"+14255550102"};
  second.name = "dave";
  first.origin = {"users.csv", 2};
  second.origin = {"users.csv", 3};
  EXPECT_THAT(problem({first, second}),
              ElementsAre("users.csv:3: user.dave.numbers: \"+14255550102\" is taken already, at "
                          "users.csv:2: numbers of "
                          "users must differ"));
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

}  // namespace
}  // namespace gw::config
