#include "gateway/policy/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/pattern.h"
#include "gateway/config/values.h"
#include "gateway/policy/caller_id_policy.h"

namespace gw::policy {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kOther =
    "8:acs:11111111-2222-3333-4444-555555555555_66666666-7777-8888-9999-000000000000";
constexpr const char* kAlice =
    "8:acs:11111111-2222-3333-4444-555555555555_aaaaaaaa-7777-8888-9999-000000000000";

config::Route route(std::string name, std::vector<std::string> from, std::string to,
                    std::vector<std::string> targets) {
  config::Route r;
  r.name = std::move(name);
  r.from = std::move(from);
  r.to = std::move(to);
  if (config::is_pattern(r.to)) r.pattern = *config::compile_pattern(r.to);
  r.targets = std::move(targets);
  return r;
}

// A small house: two phones, two users, two trunks.
config::Config house() {
  config::Config c;
  for (const char* name : {"101", "102"}) {
    config::Phone phone;
    phone.username = phone.extension = name;
    c.phones.push_back(phone);
  }
  c.phones[0].caller_id = "+14255550100";
  c.phones[0].display_name = "Reception";
  c.phones[1].extension = "";
  config::User alice;
  alice.name = "alice";
  alice.display_name = "Alice A.";
  alice.id = kAlice;
  alice.extension = "201";
  alice.alternate_caller_ids = {"+14255550100"};
  config::User carol;
  carol.name = "carol";
  carol.numbers = {"+14255550102"};
  carol.alternate_caller_ids = {"+14255550103"};
  config::User dave;
  dave.name = "dave";
  c.users = {alice, carol, dave};
  for (const char* name : {"acme", "backup"}) {
    config::Trunk trunk;
    trunk.name = name;
    c.trunks.push_back(trunk);
  }
  c.numbers.owned = {"+14255550100", "+14255550101"};
  c.dial_policy.international = true;
  return c;
}

Dialled call(const char* from, std::string number) {
  Dialled dialled;
  dialled.from = *parse_party(from);
  dialled.number = std::move(number);
  if (dialled.from.kind == PartyKind::Trunk) dialled.from_number = "+12065550123";
  return dialled;
}

std::string targets(const Decision& decision) {
  std::string out;
  for (const Rank& rank : decision.ranks) {
    if (!out.empty()) out += ", ";
    for (size_t i = 0; i < rank.parties.size(); ++i)
      out += (i > 0 ? "|" : "") + to_string(rank.parties[i]);
  }
  return out;
}

// 2026-11-21 is a Saturday; noon UTC.
WallTime at(int day, int hour, int minute = 0) {
  return WallTime(std::chrono::seconds(1'795'219'200) + std::chrono::hours(24 * (day - 21) + hour) +
                  std::chrono::minutes(minute));
}

TEST(Apps, dial_users_extensions_and_the_routes_that_are_theirs_and_no_emergency) {
  config::Config c = house();
  c.numbers.emergency = {"911"};
  c.apps.emplace_back().name = "ivr";
  c.routes = {route("for phones", {"phones"}, "+1206*", {"trunk:backup"}),
              route("for apps", {"apps"}, "+1206*", {"trunk:acme"}),
              route("emergency", {"phones", "users"}, "911", {"trunk:acme"})};
  EXPECT_EQ(targets(decide(c, call("app:rest", kAlice), at(21, 12))), "user:alice");
  EXPECT_EQ(targets(decide(c, call("app:rest", "101"), at(21, 12))), "phone:101");
  EXPECT_EQ(targets(decide(c, call("app:ivr", "+12065550100"), at(21, 12))), "trunk:acme");
  EXPECT_FALSE(decide(c, call("app:ivr", "911"), at(21, 12)).accepted);
}

TEST(Apps, present_what_the_gateway_owns_or_who_called_them) {
  config::Config c = house();
  c.routes = {route("out", {"apps"}, "+*", {"trunk:acme"})};
  Dialled own = call("app:rest", "+12065550100");
  own.caller_id = "+14255550101";
  EXPECT_EQ(decide(c, own, at(21, 12)).caller.number, "+14255550101");
  own.caller_id = "+14255550102";
  EXPECT_EQ(decide(c, own, at(21, 12)).cause.cause, Cause::CallerIdNotAllowed);
  Dialled passed_on = call("app:ivr", "+12065550100");
  passed_on.from_number = "+12065550123";
  EXPECT_EQ(decide(c, passed_on, at(21, 12)).caller.number, "+12065550123");
  EXPECT_TRUE(decide(c, call("app:rest", "+12065550100"), at(21, 12)).caller.anonymous);
}

TEST(Apps, calls_are_given_to_an_app_that_exists) {
  config::Config c = house();
  c.apps.emplace_back().name = "ivr";
  c.routes = {route("ivr", {"trunks"}, "+14255550100", {"app:ivr", "phone:101"}),
              route("gone", {"trunks"}, "+14255550101", {"app:gone"})};
  EXPECT_EQ(targets(decide(c, call("trunk:acme", "+14255550100"), at(21, 12))),
            "app:ivr, phone:101");
  EXPECT_FALSE(decide(c, call("trunk:acme", "+14255550101"), at(21, 12)).accepted);
}

TEST(Normalise, reads_numbers_as_the_country_dials_them) {
  const struct {
    const char *text, *country, *e164;
  } cases[] = {
      {"+14255550100", "US", "+14255550100"},
      {"4255550100", "US", "+14255550100"},
      {"14255550100", "US", "+14255550100"},
      {"(425) 555-0100", "US", "+14255550100"},
      {"011442079460000", "US", "+442079460000"},
      {"02079460000", "GB", "+442079460000"},
      {"0049301234567", "DE", "+49301234567"},
      {"+15005550006", "US", "+15005550006"},  // Possible, not valid.
      {"5550123", "US", ""},                   // Local only.
      {"101", "US", ""},
      {"911", "US", ""},
      {"+1425", "US", ""},
      {"+1425555010012345", "US", ""},
      {"+99912345678", "US", ""},
      {"1800FLOWERS", "US", ""},
      {"alice", "US", ""},
      {"", "US", ""},
  };
  for (const auto& c : cases)
    EXPECT_EQ(normalise(c.text, c.country).value_or(""), c.e164) << c.text;
}

TEST(Router, dial_plan) {
  config::Config c = house();
  c.routes = {route("in", {"trunk:acme"}, "+14255550100", {"phone:101|user:alice", "phone:102"}),
              route("seattle", {"phones", "users"}, "+1206*", {"trunk:acme", "trunk:backup"}),
              route("desk", {"trunks"}, "/^\\+1425556(\\d{3})0$/", {"phone:$1"}),
              route("only alice", {"user:alice"}, "+44*", {"trunk:backup"}),
              route("national", {"phones"}, "4085550100", {"trunk:acme"}),
              route("short", {"phones"}, "55*", {"trunk:acme"}),
              route("nowhere", {"phones"}, "+33*", {"phone:gone"})};
  const struct {
    const char *from, *number, *route, *targets, *normalised;
    Cause cause;
  } cases[] = {
      {"phone:101", "201", "extension", "user:alice", "201", Cause::NormalClearing},
      {"user:alice", "101", "extension", "phone:101", "101", Cause::NormalClearing},
      {"user:alice", "4:101", "extension", "phone:101", "101", Cause::NormalClearing},
      {"phone:101", "102", "", "", "102", Cause::NotFound},   // Its extension is empty.
      {"trunk:acme", "101", "", "", "101", Cause::NotFound},  // Trunks have routes only.
      {"trunk:acme", "+14255550100", "in", "phone:101|user:alice, phone:102", "+14255550100",
       Cause::NormalClearing},
      {"trunk:acme", "4255550100", "in", "phone:101|user:alice, phone:102", "+14255550100",
       Cause::NormalClearing},
      {"trunk:backup", "+14255550100", "", "", "+14255550100", Cause::NotFound},
      {"trunk:backup", "+14255561010", "desk", "phone:101", "+14255561010", Cause::NormalClearing},
      {"trunk:backup", "+14255567770", "desk", "", "+14255567770", Cause::NotFound},
      {"phone:101", "+12065550123", "seattle", "trunk:acme, trunk:backup", "+12065550123",
       Cause::NormalClearing},
      {"phone:101", "4:+12065550123", "seattle", "trunk:acme, trunk:backup", "+12065550123",
       Cause::NormalClearing},
      {"phone:101", "206-555-0123", "seattle", "trunk:acme, trunk:backup", "+12065550123",
       Cause::NormalClearing},
      {"user:alice", "+442079460000", "only alice", "trunk:backup", "+442079460000",
       Cause::NormalClearing},
      {"phone:101", "+442079460000", "", "", "+442079460000", Cause::NotFound},
      {"phone:101", "+14085550100", "national", "trunk:acme", "+14085550100",
       Cause::NormalClearing},
      {"phone:101", "5550", "short", "trunk:acme", "5550", Cause::NormalClearing},
      {"phone:101", "+33123456789", "nowhere", "", "+33123456789", Cause::NotFound},
      {"phone:101", "+1206", "", "", "+1206",
       Cause::BadNumber},  // Not even a prefix route takes it.
      {"phone:101", "", "", "", "", Cause::BadNumber},
      {"phone:101", "8:echo123", "", "", "8:echo123",
       Cause::NotFound},  // Identities are the apps'.
      {"user:alice", "8:echo123", "", "", "8:echo123", Cause::NotFound},
      {"user:alice", "8:acs:rubbish", "", "", "8:acs:rubbish", Cause::NotFound},
      {"user:carol", kAlice, "user", "user:alice", kAlice, Cause::NormalClearing},
      {"user:alice", kOther, "user",
       "user:8:acs:11111111-2222-3333-4444-555555555555_66666666-7777-8888-9999-000000000000",
       kOther, Cause::NormalClearing},
  };
  for (const auto& t : cases) {
    SCOPED_TRACE(std::string(t.from) + " dials " + t.number);
    const Decision d = decide(c, call(t.from, t.number), at(21, 12));
    EXPECT_EQ(d.accepted, t.cause == Cause::NormalClearing) << d.cause.detail;
    EXPECT_EQ(d.route, t.route);
    EXPECT_EQ(targets(d), t.targets);
    EXPECT_EQ(d.normalised, t.normalised);
    if (d.accepted) continue;
    EXPECT_EQ(d.cause.cause, t.cause);
  }
  const Decision longest = decide(c, call("phone:101", std::string(65, '1')), at(21, 12));
  EXPECT_EQ(longest.cause.cause, Cause::BadNumber);
  EXPECT_EQ(decide(c, call("user:alice", "8:" + std::string(200, 'a')), at(21, 12)).cause.cause,
            Cause::BadNumber);
}

TEST(Router, says_which_rules_it_tried_and_why) {
  config::Config c = house();
  c.routes = {route("in", {"trunks"}, "*", {"phone:101"}),
              route("uk", {"phones"}, "+44*", {"trunk:acme"}),
              route("night", {"phones"}, "+1*", {"trunk:backup"}),
              route("out", {"phones"}, "+1*", {"trunk:acme"}),
              route("after", {"phones"}, "*", {"trunk:acme"})};
  c.routes[2].hours = *config::parse_hours("Mon-Fri 00:00-24:00 UTC");
  const Decision d = decide(c, call("phone:101", "+12065550123"), at(21, 12), Explain::Yes);
  EXPECT_THAT(
      d.tried,
      ElementsAre("extension: +12065550123 is none", "route \"in\": from phone:101 is not trunks",
                  "route \"uk\": to +12065550123 does not match +44*",
                  "route \"night\": closed now, open Mon-Fri 00:00-24:00 UTC",
                  "route \"out\": matches", "dial policy: +12065550123 may be called"));
  EXPECT_EQ(targets(d), "trunk:acme");
  EXPECT_EQ(targets(decide(c, call("phone:101", "+12065550123"), at(23, 12))), "trunk:backup");
}

TEST(Router, an_emergency_number_comes_before_everything_and_tries_every_trunk) {
  config::Config c = house();
  // The loader refuses this; the router must not fall for it either.
  c.phones[1].extension = "911";
  c.routes = {route("toll", {"trunks"}, "911", {"phone:102"}),
              route("help", {"phones", "users"}, "911", {"trunk:backup"})};
  c.routes[1].hours = *config::parse_hours("Mon 08:00-09:00 UTC");
  for (const char* from : {"phone:101", "user:alice", "user:carol", "user:dave", "phone:102"}) {
    const Decision d = decide(c, call(from, "911"), at(21, 12));
    EXPECT_TRUE(d.accepted) << from;
    EXPECT_TRUE(d.emergency);
    EXPECT_EQ(targets(d), "trunk:backup, trunk:acme");
    EXPECT_EQ(d.number_out, "911");
    EXPECT_FALSE(d.caller.number.empty()) << from;
    EXPECT_FALSE(d.caller.anonymous);
  }
  const Decision inbound = decide(c, call("trunk:acme", "911"), at(21, 12));
  EXPECT_FALSE(inbound.emergency);
  EXPECT_EQ(targets(inbound), "phone:102");
}

TEST(Router, an_emergency_call_does_not_follow_the_routes_of_carriers) {
  config::Config c = house();
  c.routes = {route("in", {"trunks"}, "*", {"phone:102"})};
  EXPECT_EQ(targets(decide(c, call("phone:101", "911"), at(21, 12))), "trunk:acme, trunk:backup");
}

TEST(Router, a_refusal_does_not_tell_the_log_whole_numbers) {
  config::Config c = house();
  c.routes = {route("out", {"users"}, "+1206*", {"trunk:acme"})};
  Dialled dialled = call("user:alice", "+12065550123");
  dialled.caller_id = "+19995550000";
  EXPECT_EQ(decide(c, dialled, at(21, 12)).cause.detail.find("9995550000"), std::string::npos);
  EXPECT_EQ(
      decide(c, call("phone:101", "+12065550123"), at(21, 12)).cause.detail.find("2065550123"),
      std::string::npos);
}

TEST(Router, an_emergency_caller_may_not_be_stopped_by_a_caller_id) {
  config::Config c = house();
  Dialled dialled = call("user:alice", "112");
  dialled.caller_id = "+19995550000";
  const Decision d = decide(c, dialled, at(21, 12));
  ASSERT_TRUE(d.accepted);
  EXPECT_EQ(d.caller.number, "+14255550100");
}

TEST(Router, an_emergency_number_that_is_switched_off_is_a_number_like_others) {
  config::Config c = house();
  c.numbers.emergency.clear();
  EXPECT_EQ(decide(c, call("phone:101", "911"), at(21, 12)).cause.cause, Cause::NotFound);
}

// As with a subscription of Event Grid.
config::Config with_subscriber(std::vector<std::string> calls_to) {
  config::Config c = house();
  config::App& app = c.apps.emplace_back();
  app.name = "bot";
  app.calls_to = std::move(calls_to);
  c.routes = {route("in", {"trunks"}, "+14255550101", {"phone:101", "phone:102"}),
              route("to the bot", {"phones"}, "+14255550199", {"app:bot"})};
  return c;
}

TEST(Router, an_app_rings_beside_those_whose_calls_it_subscribed_to) {
  const config::Config c = with_subscriber({"8:acs:*", "+142555501*"});
  EXPECT_EQ(targets(decide(c, call("user:carol", kAlice), {})), "user:alice|app:bot");
  EXPECT_EQ(targets(decide(c, call("phone:101", "201"), {})), "user:alice|app:bot")
      << "an extension of a user is an identity too";
  EXPECT_EQ(decide(c, call("phone:101", "201"), {}).called, kAlice);
  EXPECT_EQ(targets(decide(c, call("user:alice", kOther), {})),
            std::string("user:") + kOther + "|app:bot");
  EXPECT_EQ(targets(decide(c, call("trunk:acme", "+14255550101"), {})),
            "phone:101|app:bot, phone:102");
  EXPECT_EQ(decide(c, call("trunk:acme", "+14255550101"), {}).called, "4:+14255550101");
}

TEST(Router, an_app_hears_of_no_call_that_it_did_not_subscribe_to_and_of_none_twice) {
  const config::Config c = with_subscriber({kAlice, "+14255550199"});
  EXPECT_EQ(targets(decide(c, call("user:alice", kOther), {})), std::string("user:") + kOther);
  EXPECT_EQ(targets(decide(c, call("phone:102", "101"), {})), "phone:101");
  EXPECT_EQ(targets(decide(c, call("phone:102", "+14255550199"), {})), "app:bot")
      << "its route gives it the call already";
  EXPECT_EQ(targets(decide(c, call("app:bot", kAlice), {})), "user:alice")
      << "what it passes on does not come back to it";
  EXPECT_EQ(targets(decide(c, call("app:rest", kAlice), {})), "user:alice|app:bot");
}

TEST(Router, an_emergency_call_is_for_nobody_else) {
  const config::Config c = with_subscriber({"*"});
  EXPECT_EQ(targets(decide(c, call("phone:101", "911"), {})), "trunk:acme, trunk:backup");
}

TEST(Router, a_phones_identity_in_the_cloud_is_the_phone) {
  config::Config c = house();
  c.phones[1].identity = kOther;
  const Decision decision = decide(c, call("user:alice", kOther), at(20, 12));
  ASSERT_TRUE(decision.accepted);
  EXPECT_EQ(targets(decision), "phone:102");
  EXPECT_FALSE(decide(c, call("trunk:acme", kOther), at(20, 12)).accepted);
}

TEST(Router, an_emergency_call_does_not_leave_by_the_cloud) {
  config::Config c = house();
  c.trunks[0].cloud = true;
  EXPECT_EQ(targets(decide(c, call("phone:101", "911"), at(20, 12))), "trunk:backup");
}

TEST(Router, a_user_without_any_trunk_hears_so) {
  config::Config c = house();
  c.trunks.clear();
  EXPECT_EQ(decide(c, call("user:alice", "+12065550123"), at(21, 12)).cause.cause, Cause::NoTrunk);
  EXPECT_EQ(decide(c, call("phone:101", "+12065550123"), at(21, 12)).cause.cause, Cause::NotFound);
}

TEST(Router, route_settings_reach_the_decision) {
  config::Config c = house();
  c.routes = {route("out", {"phones"}, "*", {"trunk:acme"})};
  c.routes[0].media = config::RouteMedia::G711;
  c.routes[0].ringback = true;
  const Decision d = decide(c, call("phone:101", "2065550123"), at(21, 12));
  EXPECT_EQ(d.media, config::RouteMedia::G711);
  EXPECT_TRUE(d.ringback);
  EXPECT_EQ(d.number_out, "+12065550123");
}

TEST(Router, users_speak_what_the_route_says_and_else_what_the_gateway_says) {
  config::Config c = house();
  c.media.user_codec = config::RouteMedia::Opus;
  c.routes = {route("out", {"phones"}, "*", {"trunk:acme"}),
              route("in", {"trunks"}, "*", {"user:alice"})};
  c.routes[1].media = config::RouteMedia::Auto;
  EXPECT_EQ(decide(c, call("phone:101", "201"), at(21, 12)).media, config::RouteMedia::Opus);
  EXPECT_EQ(decide(c, call("phone:101", "2065550123"), at(21, 12)).media, config::RouteMedia::Opus);
  EXPECT_EQ(decide(c, call("trunk:acme", "+14255550100"), at(21, 12)).media,
            config::RouteMedia::Auto);
}

TEST(Router, trunk_numbers_follow_the_trunks_rules) {
  config::Trunk trunk;
  EXPECT_EQ(number_for_trunk(trunk, "+14255550100"), "+14255550100");
  trunk.number = {"+", ""};
  EXPECT_EQ(number_for_trunk(trunk, "+14255550100"), "14255550100");
  trunk.number = {"+1", "00"};
  EXPECT_EQ(number_for_trunk(trunk, "+14255550100"), "004255550100");
  EXPECT_EQ(number_for_trunk(trunk, "911"), "00911");
}

TEST(CallerId, what_each_side_sees) {
  config::Config c = house();
  c.phones[1].extension = "102";
  c.routes = {route("in", {"trunks"}, "+14255550100", {"phone:101"}),
              route("in user", {"trunks"}, "*", {"user:alice"}),
              route("out", {"phones", "users"}, "+1206*", {"trunk:acme"}),
              route("fixed", {"phones", "users"}, "+1408*", {"trunk:acme"}),
              route("owned", {"phones", "users"}, "+1503*", {"trunk:acme"}),
              route("user by number", {"phones"}, "+1425*", {"user:alice"})};
  c.routes[3].caller_id = "+18005550199";
  c.routes[4].caller_id = "owned";
  const std::string alice = std::string("user:") + kAlice;
  const std::string other = std::string("user:") + kOther;
  const struct {
    const char *from, *number, *asked, *seen, *name;  // seen "" = refused 403/510403.
  } cases[] = {
      {"phone:101", "201", "", "+14255550100",
       "Reception"},                                 // A user sees the number with the name.
      {"phone:102", "201", "", "102", ""},           // Without a number, the extension.
      {"phone:101", "102", "", "101", "Reception"},  // A phone sees the extension.
      {"user:alice", "101", "", "201", "Alice A."},
      {"user:alice", "101", "+14255550100", "+14255550100", "Alice A."},
      {"user:carol", "101", "", "+14255550102", "carol"},  // No extension: the first number.
      {"user:dave", "101", "", "dave", "dave"},
      {"phone:101", "+12065550123", "", "+14255550100", "Reception"},
      {"phone:102", "+12065550123", "", "+14255550100",
       ""},  // Goes out under the house's first number.
      {"user:alice", "+12065550123", "", "+14255550100", "Alice A."},  // The only one.
      {"user:alice", "+12065550123", "+14255550100", "+14255550100", "Alice A."},
      {"user:alice", "+12065550123", "(425) 555-0100", "+14255550100", "Alice A."},
      {"user:alice", "+12065550123", "+14255550101", "", ""},  // Owned, but not hers.
      {"user:alice", "101", "+14255550101", "", ""},
      {"user:carol", "+12065550123", "+14255550103", "+14255550103", "carol"},
      {"user:carol", "+12065550123", "", "", ""},                 // Two to choose from, none asked.
      {"user:dave", "+12065550123", "", "", ""},                  // None at all.
      {"user:dave", "+14085550123", "", "+18005550199", "dave"},  // The route says which.
      {"user:dave", "+14085550123", "+14255550100", "",
       ""},  // Asking for another's stays forbidden.
      {"user:dave", "+15035550123", "", "+14255550100", "dave"},
      {"user:carol", "+15035550123", "+14255550103", "+14255550100",
       "carol"},  // Hers, but not owned.
      {"phone:101", "+14085550123", "", "+18005550199", "Reception"},
      {alice.c_str(), "+12065550123", "", "+14255550100", "Alice A."},  // By identity.
      {other.c_str(), "+12065550123", "+14255550101", "+14255550101",
       ""},  // From an app's back end: what is owned.
      {other.c_str(), "+12065550123", "+19995550000", "", ""},
      {other.c_str(), "+12065550123", "", "", ""},
      {"user:alice", kOther, "+19995550000", "+14255550100",
       "Alice A."},  // Identities need no number.
      {"trunk:acme", "+14255550100", "", "+12065550123", ""},
  };
  for (const auto& t : cases) {
    SCOPED_TRACE(std::string(t.from) + " dials " + t.number + " as " + t.asked);
    Dialled dialled = call(t.from, t.number);
    dialled.caller_id = t.asked;
    const Decision d = decide(c, dialled, at(21, 12));
    const bool refused = std::string_view(t.seen).empty();
    ASSERT_EQ(d.accepted, !refused) << d.cause.detail;
    if (refused) {
      EXPECT_EQ(d.cause.cause, Cause::CallerIdNotAllowed);
      continue;
    }
    EXPECT_EQ(d.caller.number, t.seen);
    EXPECT_EQ(d.caller.display_name, t.name);
    EXPECT_FALSE(d.caller.anonymous);
  }
}

TEST(CallerId, a_hidden_caller_stays_hidden) {
  config::Config c = house();
  c.routes = {route("in", {"trunks"}, "*", {"user:alice|phone:101"}),
              route("over", {"trunks"}, "*", {"trunk:backup"})};
  for (const char* number : {"", "anonymous", "restricted"}) {
    Dialled dialled = call("trunk:acme", "+14255550100");
    dialled.from_number = number;
    dialled.from_display = "Secret";
    const Decision d = decide(c, dialled, at(21, 12));
    ASSERT_TRUE(d.accepted);
    EXPECT_TRUE(d.caller.anonymous && d.caller_to_phones.anonymous);
    EXPECT_EQ(d.caller.number, "");
    EXPECT_EQ(d.caller.display_name, "");
  }
}

TEST(CallerId, a_trunks_national_number_becomes_e164_and_others_pass) {
  config::Config c = house();
  c.routes = {route("in", {"trunks"}, "*", {"user:alice"})};
  Dialled dialled = call("trunk:acme", "+14255550100");
  dialled.from_number = "2065550123";
  EXPECT_EQ(decide(c, dialled, at(21, 12)).caller.number, "+12065550123");
  dialled.from_number = "4711";
  EXPECT_EQ(decide(c, dialled, at(21, 12)).caller.number, "4711");
}

TEST(CallerId, phones_and_users_that_ring_together_each_see_their_view) {
  config::Config c = house();
  c.routes = {route("both", {"phones"}, "7", {"user:alice|phone:102"})};
  const Decision d = decide(c, call("phone:101", "7"), at(21, 12));
  EXPECT_EQ(d.caller.number, "+14255550100");
  EXPECT_EQ(d.caller_to_phones.number, "101");
}

TEST(Hours, open_and_closed) {
  const struct {
    const char* hours;
    WallTime now;
    bool open;
  } cases[] = {
      {"Mon-Fri 08:00-18:00 UTC", at(20, 8), true},  // A Friday.
      {"Mon-Fri 08:00-18:00 UTC", at(20, 7, 59), false},
      {"Mon-Fri 08:00-18:00 UTC", at(20, 17, 59), true},
      {"Mon-Fri 08:00-18:00 UTC", at(20, 18), false},
      {"Mon-Fri 08:00-18:00 UTC", at(21, 12), false},                      // Saturday.
      {"Mon-Fri 08:00-18:00 America/Los_Angeles", at(20, 15, 59), false},  // 07:59 PST.
      {"Mon-Fri 08:00-18:00 America/Los_Angeles", at(20, 16), true},
      {"Mon-Fri 08:00-18:00 America/Los_Angeles", at(21, 1), true},         // Friday 17:00 there.
      {"Mon-Fri 08:00-18:00 America/Los_Angeles", at(21 - 120, 15), true},  // July: 08:00 PDT.
      {"Fri 22:00-06:00 UTC", at(20, 23), true},
      {"Fri 22:00-06:00 UTC", at(21, 5), true},  // Saturday morning belongs to Friday night.
      {"Fri 22:00-06:00 UTC", at(20, 5), false},
      {"Sat,Sun UTC", at(21, 0), true},
      {"Sat-Mon UTC", at(23, 23, 59), true},
      {"Sat-Mon UTC", at(24, 0), false},
      {"00:00-24:00 UTC", at(21, 23, 59), true},
  };
  for (const auto& c : cases) {
    const auto hours = config::parse_hours(c.hours);
    ASSERT_TRUE(hours) << c.hours;
    EXPECT_EQ(open_at(*hours, c.now), c.open) << c.hours << " at " << iso8601(c.now);
  }
  EXPECT_TRUE(open_at({}, at(21, 3)));
  for (const char* wrong : {"", "UTC", "Mon-Fri 8-18", "Mon-Fri 18:00-25:00", "Mon 08:00-08:00",
                            "Mun 08:00-09:00", "08:00-09:00 10:00-11:00"}) {
    EXPECT_FALSE(config::parse_hours(wrong)) << wrong;
  }
}

TEST(Values, small_languages) {
  using namespace config;
  EXPECT_EQ(parse_duration("500ms"), Duration(500ms));
  EXPECT_EQ(parse_duration("4h"), Duration(4h));
  EXPECT_EQ(parse_duration("2d"), Duration(48h));
  for (const char* wrong :
       {"", "s", "5", "-5s", "5 s", "5w", "1e3s", "99999999999s", "999999999d"}) {
    EXPECT_FALSE(parse_duration(wrong)) << wrong;
  }
  EXPECT_EQ(parse_listen("tls:[::1]:5061", {})->address.to_string(), "[::1]:5061");
  EXPECT_EQ(parse_listen("udp:10.0.0.1", {})->address.port(), 5060);
  EXPECT_EQ(parse_listen("tls:10.0.0.1", {})->address.port(), 5061);
  for (const char* wrong : {"", "udp", "sctp:1.2.3.4:5", "udp:host:5060", "udp:1.2.3.4:99999"})
    EXPECT_FALSE(parse_listen(wrong, {})) << wrong;
  EXPECT_EQ(parse_target("sip:sip.acme.example:5061;transport=tls")->transport,
            sip::Transport::Tls);
  EXPECT_EQ(parse_target("SIP:sip.acme.example;transport=TLS")->transport, sip::Transport::Tls);
  EXPECT_EQ(parse_target("sips:sip.acme.example;transport=tcp")->transport, sip::Transport::Tls);
  EXPECT_FALSE(parse_target("sips:sip.acme.example;transport=udp"));
  EXPECT_EQ(parse_target("sipx.example:5070")->host, "sipx.example");
  EXPECT_EQ(parse_target("sipx:5070")->host, "sipx");
  EXPECT_EQ(parse_target("127.0.0.1:5070")->port, 5070);
  EXPECT_EQ(parse_target("[2001:db8::1]:5070")->host, "2001:db8::1");
  EXPECT_EQ(parse_target("sipgate.de")->host, "sipgate.de");
  for (const char* wrong :
       {"", "sip:", "a b", "host:0", "host:x", "host;transport=ws", "1.2.3.4.5", "-a.example"})
    EXPECT_FALSE(parse_target(wrong)) << wrong;
  EXPECT_EQ(parse_dscp("EF"), 46);
  EXPECT_EQ(parse_dscp("af41"), 34);
  EXPECT_EQ(parse_dscp("CS3"), 24);
  EXPECT_FALSE(parse_dscp("AF44"));
  EXPECT_FALSE(parse_dscp("64"));
}

}  // namespace
}  // namespace gw::policy
