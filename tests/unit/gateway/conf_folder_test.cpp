#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>

#include "gateway/config/config_load.h"
#include "gateway/policy/router.h"
#include "tests/unit/gateway/config_folder.h"

// The configurations that we ship, as they stand in the tree.
namespace gw::config {
namespace {

namespace fs = std::filesystem;
using test::lines_of;

fs::path conf() {
  return GW_CONF;
}

std::string text_of(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A file with every commented "# key = value" and "# [table]" taken at its word.
std::string uncommented(const std::string& text) {
  return std::regex_replace(text, std::regex("(^|\n)# (\\[|[a-z0-9_]+ = )"), "$1$2");
}

policy::Decision decide(const Config& config, const char* from, const char* number) {
  policy::Dialled dialled;
  dialled.from = *policy::parse_party(from);
  dialled.number = number;
  return policy::decide(config, dialled, WallTime{});
}

TEST(ConfFolder, passes_check) {
  EXPECT_THAT(lines_of(load(conf().string())), testing::IsEmpty());
}

TEST(ConfFolder, shows_every_key_of_the_gateway_at_its_default) {
  test::ConfigFolder empty, shown;
  empty.write("gateway.toml", "[numbers]\n");
  std::string text = uncommented(text_of(conf() / "gateway.toml"));
  text = std::regex_replace(text, std::regex("\nemergency = \\[\\]\n"), "\n");
  shown.write("gateway.toml", text);
  const Loaded defaults = load(empty.path());
  const Loaded loaded = load(shown.path());
  for (const auto& [key, setting] : defaults.config->settings) {
    SCOPED_TRACE(key);
    const auto found = loaded.config->settings.find(key);
    ASSERT_NE(found, loaded.config->settings.end());
    std::string want = setting.value, have = found->second.value;
    EXPECT_EQ(have, want);
    // The line is the key's own, not the table's or none.
    const std::string name = key.substr(key.rfind('.') + 1);
    std::istringstream lines(text);
    std::string line;
    for (int i = 0; i < found->second.origin.line; ++i) std::getline(lines, line);
    EXPECT_TRUE(line.starts_with(name + " = ")) << "no line shows it: " << line;
  }
}

TEST(ConfFolder, shows_every_key_of_phones_users_trunks_routes_and_networks) {
  test::ConfigFolder shown;
  for (const char* file : {"gateway.toml", "phones.toml", "users.toml", "routes.toml", "apps.toml",
                           "trunks.d/acme.toml"}) {
    std::string text = uncommented(text_of(conf() / file));
    text = std::regex_replace(text, std::regex("\nemergency = \\[\\]\n"), "\n");
    shown.write(file, text);
  }
  const Loaded loaded = load(shown.path());
  for (const std::string& key : loaded.keys) {
    const std::string table = key.substr(0, key.rfind('.'));
    if (table == key) continue;
    bool written = false;
    for (const auto& [path, setting] : loaded.config->settings) {
      const bool same_key = path.ends_with("." + key.substr(key.rfind('.') + 1)) &&
                            path.starts_with(key.substr(0, key.find('.')));
      if (!same_key || setting.origin.file.empty()) continue;
      std::istringstream lines(text_of(shown.file(setting.origin.file)));
      std::string line;
      for (int i = 0; i < setting.origin.line; ++i) std::getline(lines, line);
      written = written || line.starts_with(key.substr(key.rfind('.') + 1) + " = ");
    }
    const bool is_table = key == "media.opus" || key == "sip.tls" || key == "edge.turn" ||
                          key == "trunk.caller_id" || key == "trunk.number" || key == "trunk.tls" ||
                          key.ends_with(".dial_policy");
    EXPECT_TRUE(written || is_table) << key << " stands nowhere in conf/";
  }
  for (const char* key : {"phone.password", "user.email", "trunk.retry_on", "trunk.number.strip",
                          "route.hours", "network.bind"}) {
    EXPECT_TRUE(loaded.keys.contains(key)) << key;
  }
}

TEST(DemoFolder, is_what_the_demo_promises) {
  const Loaded loaded = load((conf() / "demo").string());
  ASSERT_THAT(lines_of(loaded), testing::IsEmpty());
  const Config& config = *loaded.config;
  EXPECT_EQ(config.sip.domain, "127.0.0.1");
  EXPECT_EQ(config.media.engine.address.host(), "127.0.0.1");
  EXPECT_EQ(config.phone("101")->password.reveal(), "demo-101");
  EXPECT_EQ(config.phone("102")->digest, std::vector{sip::DigestAlgorithm::Md5});
  EXPECT_TRUE(config.phone("101")->digest.empty());
  EXPECT_TRUE(config.user("echo")->echo);
  EXPECT_EQ(config.trunk("carrier")->options_interval, 0s);
  EXPECT_FALSE(config.trunk("carrier")->registers);
  EXPECT_TRUE(config.trunk_of(*SocketAddress::parse("127.0.0.1:5070")));
  EXPECT_FALSE(config.trunk_of(*SocketAddress::parse("127.0.0.1:5071")));
  EXPECT_TRUE(config.edge.demo_tokens);
  EXPECT_EQ(config.edge.local_http->to_string(), "127.0.0.1:8080");
  EXPECT_EQ(config.state_dir, (conf() / "demo/state").string());
  EXPECT_EQ(config.numbers.owned, (std::vector<std::string>{"+14255550100", "+14255550101"}));
}

TEST(DemoFolder, routes_as_promised) {
  const Loaded loaded = load((conf() / "demo").string());
  const struct {
    const char *from, *to, *target, *caller_id;
  } cases[] = {
      {"phone:101", "9196", "user:echo", "+14255550100"},
      {"phone:101", "201", "user:alice", "+14255550100"},
      {"phone:101", "102", "phone:102", "101"},
      {"user:alice", "101", "phone:101", "201"},
      {"user:alice", "8:echo123", "user:echo", "+14255550100"},
      {"user:alice", "+12065550123", "trunk:carrier", "+14255550100"},
      {"user:bob", "(206) 555-0123", "trunk:carrier", "+14255550101"},
      {"phone:102", "12065550123", "trunk:carrier", "+14255550101"},
      {"phone:101", "911", "trunk:carrier", "+14255550100"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(std::string(c.from) + " dials " + c.to);
    const policy::Decision decision = decide(*loaded.config, c.from, c.to);
    ASSERT_TRUE(decision.accepted) << decision.cause.detail;
    EXPECT_EQ(policy::to_string(decision.ranks.at(0).parties.at(0)), c.target);
    EXPECT_EQ(decision.caller.number, c.caller_id);
  }
  EXPECT_EQ(policy::to_string(
                decide(*loaded.config, "trunk:carrier", "+14255550101").ranks.at(0).parties.at(0)),
            "user:bob");
  EXPECT_EQ(decide(*loaded.config, "trunk:carrier", "+14255550199").cause.cause,
            policy::Cause::NotFound);
  EXPECT_EQ(decide(*loaded.config, "trunk:carrier", "101").cause.cause, policy::Cause::NotFound);
}

}  // namespace
}  // namespace gw::config
