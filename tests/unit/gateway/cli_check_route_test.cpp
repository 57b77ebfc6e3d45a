#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "gateway/cli/check.h"
#include "gateway/cli/route.h"
#include "tests/unit/gateway/config_folder.h"

namespace gw::cli {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

class CheckAndRoute : public testing::Test {
 protected:
  CheckAndRoute() {
    folder_.write("gateway.toml",
                  "[sip]\nlisten = [\"udp:127.0.0.1:5060\"]\n[edge]\nlisten = "
                  "\"127.0.0.1:8443\"\n[numbers]\nemergency = []\n"
                  "[[phone]]\nusername = \"101\"\npassword = \"x\"\nextension = \"101\"\ncaller_id "
                  "= \"+14255550100\"\n"
                  "[[user]]\nname = \"dave\"\n[[trunk]]\nname = \"acme\"\ntargets = "
                  "[\"a.example\"]\n[trunk.number]\nstrip = \"+\"\n"
                  "[[route]]\nname = \"day\"\nfrom = [\"phones\", \"users\"]\nto = \"+1*\"\nhours "
                  "= \"Mon-Fri 08:00-18:00 UTC\"\n"
                  "targets = [\"trunk:acme\", \"phone:101|user:dave\"]\n");
    common_.path = folder_.path();
  }

  struct Ran {
    int exit;
    std::string out, err;
    json parsed() const { return json::parse(out); }
  };
  template <class F>
  Ran run(F command) {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int exit = command();
    return {exit, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
  }
  Ran run_route(RouteQuery query) {
    return run([&] { return route(common_, query); });
  }
  Ran run_check() {
    return run([&] { return check(common_); });
  }

  test::ConfigFolder folder_;
  Common common_;
};

constexpr const char* kFriday = "2026-11-20T09:00:00Z";
constexpr const char* kSaturday = "2026-11-21T09:00:00Z";

TEST_F(CheckAndRoute, a_good_configuration_exits_0) {
  const Ran ran = run_check();
  EXPECT_EQ(ran.exit, 0);
  EXPECT_EQ(ran.out, "ok: 1 phones, 1 users, 1 trunks, 1 routes\n");
  common_.json = true;
  EXPECT_EQ(run_check().parsed(), json({{"ok", true}, {"problems", json::array()}}));
}

TEST_F(CheckAndRoute, problems_are_lines_and_exit_1) {
  folder_.write("trunks.d/acme.toml",
                "name = \"two\"\ntargets = [\"b.example\"]\ncodecs = [\"G729\"]\n");
  const Ran ran = run_check();
  EXPECT_EQ(ran.exit, 1);
  EXPECT_EQ(ran.out,
            "trunks.d/acme.toml:3: codecs: \"G729\" is not one of PCMU, PCMA, G722, opus\n");
  common_.json = true;
  const Ran as_json = run_check();
  EXPECT_EQ(as_json.exit, 1);
  EXPECT_EQ(as_json.parsed(), json({{"ok", false},
                                    {"problems",
                                     {{{"file", "trunks.d/acme.toml"},
                                       {"line", 3},
                                       {"key", "codecs"},
                                       {"text", "\"G729\" is not one of PCMU, PCMA, G722, opus"},
                                       {"warning", false}}}}}));
}

TEST_F(CheckAndRoute, warnings_alone_exit_0) {
  common_.overrides = {"sip.listen=[\"udp:192.0.2.1:5060\"]"};
  const Ran ran = run_check();
  EXPECT_EQ(ran.exit, 0);
  EXPECT_THAT(
      ran.out,
      HasSubstr(
          "phone.101.password: stands in the open: write \"file:...\" or \"env:...\" (warning)\n"));
}

TEST_F(CheckAndRoute, an_accepted_call_is_explained) {
  const Ran ran = run_route({"phone:101", "206-555-0123", kFriday});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_THAT(ran.out, HasSubstr("phone:101 dials 206-555-0123, read as +12065550123\n"));
  EXPECT_THAT(ran.out, HasSubstr("  route \"day\": matches\n"));
  EXPECT_THAT(ran.out, HasSubstr("  1. trunk:acme\n  2. phone:101|user:dave\n"));
  EXPECT_THAT(ran.out, HasSubstr("  trunk:acme is dialled 12065550123\n"));
  EXPECT_THAT(ran.out, HasSubstr("caller id: +14255550100\n"));
}

TEST_F(CheckAndRoute, json_has_the_documented_keys) {
  common_.json = true;
  const json yes = run_route({"phone:101", "+12065550123", kFriday}).parsed();
  EXPECT_EQ(yes["decision"], "accepted");
  EXPECT_EQ(yes["route"], "day");
  EXPECT_EQ(yes["targets"], json({"trunk:acme", "phone:101|user:dave"}));
  EXPECT_EQ(yes["caller_id"], "+14255550100");
  EXPECT_TRUE(yes["cause"].is_null());
  EXPECT_EQ(yes["tried"].size(), 3u);
  const Ran refused = run_route({"phone:101", "+12065550123", kSaturday});
  EXPECT_EQ(refused.exit, 3);
  const json no = refused.parsed();
  EXPECT_EQ(no["decision"], "refused");
  EXPECT_TRUE(no["route"].is_null());
  EXPECT_EQ(no["targets"], json::array());
  EXPECT_EQ(no["cause"]["sip"], 404);
  EXPECT_EQ(no["cause"]["name"], "not_found");
}

TEST_F(CheckAndRoute, a_refused_call_exits_3_and_says_why) {
  const Ran closed = run_route({"phone:101", "+12065550123", kSaturday});
  EXPECT_EQ(closed.exit, 3);
  EXPECT_THAT(closed.out, HasSubstr("closed now, open Mon-Fri 08:00-18:00 UTC"));
  EXPECT_THAT(closed.out, HasSubstr("refused: 404 not_found"));
  const Ran nameless = run_route({"user:dave", "+12065550123", kFriday});
  EXPECT_EQ(nameless.exit, 3);
  EXPECT_THAT(nameless.out, HasSubstr("refused: 403 caller_id_not_allowed"));
}

TEST_F(CheckAndRoute, a_trunks_caller_id_passes) {
  folder_.write(
      "in.toml",
      "[[route]]\nname = \"in\"\nfrom = [\"trunks\"]\nto = \"*\"\ntargets = [\"phone:101\"]\n");
  common_.json = true;
  EXPECT_EQ(run_route({"trunk:acme", "+14255550100", ""}).parsed()["caller_id"], "pass");
}

TEST_F(CheckAndRoute, times_may_have_an_offset) {
  EXPECT_EQ(run_route({"phone:101", "+12065550123", "2026-11-21T01:00:00+09:00"}).exit,
            0);  // Friday 16:00 UTC.
  EXPECT_EQ(run_route({"phone:101", "+12065550123", "2026-11-20T17:59:59.5Z"}).exit, 0);
}

TEST_F(CheckAndRoute, a_question_that_makes_no_sense_exits_2) {
  for (const RouteQuery& query : {RouteQuery{"101", "1", ""}, RouteQuery{"phone:999", "1", ""},
                                  RouteQuery{"phone:101", "1", "noon"}}) {
    EXPECT_EQ(run_route(query).exit, 2) << query.from << " " << query.at;
  }
  folder_.write("bad.toml", "[calls]\nx = 1\n");
  EXPECT_EQ(run_route({"phone:101", "1", ""}).exit, 1);
}

}  // namespace
}  // namespace gw::cli
