#include "gateway/policy/trunk_identity.h"

#include <gtest/gtest.h>

namespace gw::policy {
namespace {

class TrunkIdentity : public testing::Test {
 protected:
  TrunkIdentity() {
    config.sip.domain = "pbx.example.com";
    config.numbers.owned = {"+14255550100"};
    config::Phone phone;
    phone.username = "101";
    phone.caller_id = "+14255550100";
    phone.display_name = "Réception";
    config.phones.push_back(phone);
    trunk.name = "acme";
    trunk.targets = {"127.0.0.1:5070"};
    config.trunks.push_back(trunk);
    config::Route out;
    out.name = "out";
    out.from = {"phones", "trunks", "users"};
    out.to = "+*";
    out.targets = {"trunk:acme"};
    config.routes.push_back(out);
  }
  sip::OutgoingInvite said(Dialled dialled) {
    Decision decision = decide(config, dialled, {});
    EXPECT_TRUE(decision.accepted) << decision.cause.detail;
    sip::OutgoingInvite invite;
    say_who_calls(config, trunk, {std::move(dialled), std::move(decision)}, invite);
    return invite;
  }
  static Dialled from_phone(std::string number) {
    Dialled dialled;
    dialled.from = {PartyKind::Phone, "101"};
    dialled.number = std::move(number);
    return dialled;
  }
  static Dialled from_trunk(std::string number) {
    Dialled dialled;
    dialled.from = {PartyKind::Trunk, "other"};
    dialled.from_number = "+12065550123";
    dialled.from_display = "Anna";
    dialled.number = std::move(number);
    return dialled;
  }
  // No header of the INVITE may hold any of these.
  static void expect_nothing_of(const sip::OutgoingInvite& invite,
                                std::initializer_list<const char*> secrets) {
    const auto check = [&](const std::optional<sip::NameAddr>& address) {
      if (!address) return;
      for (const char* secret : secrets) {
        EXPECT_EQ((address->display + "|" + address->user + "|" + address->host).find(secret),
                  std::string::npos)
            << secret;
      }
    };
    check(invite.from);
    check(invite.p_asserted_identity);
    check(invite.p_preferred_identity);
    check(invite.remote_party);
  }

  config::Config config;
  config::Trunk trunk;
};

TEST_F(TrunkIdentity, a_generic_trunk_gets_the_number_in_from_and_in_pai_and_nowhere_else) {
  const auto invite = said(from_phone("+12065550199"));
  EXPECT_EQ(invite.from.user, "+14255550100");
  EXPECT_EQ(invite.from.display, "Réception");
  EXPECT_EQ(invite.from.host, "pbx.example.com");
  ASSERT_TRUE(invite.p_asserted_identity);
  EXPECT_EQ(invite.p_asserted_identity->user, "+14255550100");
  EXPECT_FALSE(invite.p_preferred_identity);
  EXPECT_FALSE(invite.remote_party);
  EXPECT_FALSE(invite.privacy_id);
  EXPECT_TRUE(invite.own_host.empty());
}

TEST_F(TrunkIdentity, the_table_says_which_headers_there_are) {
  trunk.caller_id = {.from = false,
                     .p_asserted_identity = false,
                     .p_preferred_identity = true,
                     .remote_party_id = true,
                     .display_name = false};
  trunk.username = "account";
  const auto invite = said(from_phone("+12065550199"));
  EXPECT_EQ(invite.from.user, "account");
  EXPECT_FALSE(invite.p_asserted_identity);
  EXPECT_EQ(invite.p_preferred_identity->user, "+14255550100");
  EXPECT_EQ(invite.remote_party->user, "+14255550100");
  EXPECT_EQ(invite.remote_party->display, "");
}

TEST_F(TrunkIdentity, of_an_anonymous_caller_nothing_stands_in_any_header) {
  trunk.caller_id = {.p_preferred_identity = true,
                     .remote_party_id = true,
                     .diversion = true,
                     .history_info = true};
  for (Dialled dialled : {from_phone("+12065550199"), from_trunk("+12065550199")}) {
    dialled.wants_privacy = true;
    const auto invite = said(dialled);
    EXPECT_EQ(invite.from.user, "anonymous");
    EXPECT_EQ(invite.from.host, "anonymous.invalid");
    EXPECT_TRUE(invite.privacy_id);
    EXPECT_FALSE(invite.p_asserted_identity);
    EXPECT_FALSE(invite.p_preferred_identity);
    EXPECT_EQ(invite.remote_party->user, "anonymous");
    expect_nothing_of(invite, {"4255550100", "2065550123", "Anna", "ception", "pbx.example.com"});
  }
}

TEST_F(TrunkIdentity,
       a_trusted_trunk_is_told_an_anonymous_callers_number_with_privacy_and_without_the_name) {
  trunk.caller_id.trusted = true;
  Dialled dialled = from_phone("+12065550199");
  dialled.wants_privacy = true;
  const auto invite = said(dialled);
  EXPECT_EQ(invite.from.user, "anonymous");
  ASSERT_TRUE(invite.p_asserted_identity);
  EXPECT_EQ(invite.p_asserted_identity->user, "+14255550100");
  EXPECT_EQ(invite.p_asserted_identity->display, "");
  EXPECT_TRUE(invite.privacy_id);
}

TEST_F(TrunkIdentity, a_call_that_came_from_a_trunk_names_who_sent_it_on_the_last_one_first) {
  trunk.caller_id.diversion = true;
  config.routes.front().targets = {"trunk:acme"};
  Dialled dialled = from_trunk("+14255550100");
  dialled.diverted = {{"+14255550188", "carrier.example", "no-answer", false}};
  const auto invite = said(dialled);
  ASSERT_EQ(invite.diverted.size(), 2U);
  EXPECT_EQ(invite.diverted[0].user, "+14255550100");
  EXPECT_EQ(invite.diverted[0].host, "pbx.example.com");
  EXPECT_EQ(invite.diverted[1].user, "+14255550188");
  EXPECT_TRUE(invite.say_diversion);
  EXPECT_FALSE(invite.say_history);
  trunk.caller_id.diversion = false;
  EXPECT_TRUE(said(dialled).diverted.empty());
}

TEST_F(TrunkIdentity, a_trunk_with_a_name_for_us_is_told_it_in_from_and_contact) {
  trunk.fqdn = "sbc1.contoso.test";
  const auto invite = said(from_phone("+12065550199"));
  EXPECT_EQ(invite.from.host, "sbc1.contoso.test");
  EXPECT_EQ(invite.own_host, "sbc1.contoso.test");
}

TEST_F(TrunkIdentity, an_emergency_call_is_never_anonymous_and_can_be_called_back) {
  config.numbers.emergency = {"911"};
  config.emergency.callback = "+14255550111";
  config.emergency.location = "https://lis.example/hq";
  config.phones.front().caller_id.clear();
  Dialled dialled = from_phone("911");
  dialled.wants_privacy = true;
  Decision decision = decide(config, dialled, {});
  EXPECT_TRUE(decision.emergency);
  EXPECT_FALSE(decision.caller.anonymous);
  EXPECT_EQ(decision.caller.number, "+14255550111");
  sip::OutgoingInvite invite;
  say_where(config, dialled.from, invite);
  ASSERT_EQ(invite.extra_headers.size(), 2U);
  EXPECT_EQ(invite.extra_headers[0].second, "<https://lis.example/hq>");
  config.phones.front().location = "https://lis.example/room7";
  sip::OutgoingInvite better;
  say_where(config, dialled.from, better);
  EXPECT_EQ(better.extra_headers[0].second, "<https://lis.example/room7>");
}

TEST_F(TrunkIdentity, what_a_trunk_says_is_believed_as_far_as_it_is_trusted) {
  sip::Invite invite;
  invite.from = {"Front", "+12065550101", "carrier", 0, false};
  invite.remote_party = sip::NameAddr{"Rp", "+12065550102", "carrier", 0, false};
  invite.diverted = {{"+14255550188", "carrier", "unconditional", false}};
  Dialled by_rpid;
  read_who_calls(trunk, invite, by_rpid);
  EXPECT_EQ(by_rpid.from_number, "+12065550102");
  invite.p_asserted_identity = sip::NameAddr{"Pai", "+12065550103", "carrier", 0, false};
  Dialled by_pai;
  read_who_calls(trunk, invite, by_pai);
  EXPECT_EQ(by_pai.from_number, "+12065550103");
  EXPECT_EQ(by_pai.from_display, "Pai");
  EXPECT_EQ(by_pai.diverted.size(), 1U);
  trunk.caller_id.incoming_trusted = false;
  Dialled by_from;
  read_who_calls(trunk, invite, by_from);
  EXPECT_EQ(by_from.from_number, "+12065550101");
  EXPECT_TRUE(by_from.diverted.empty());
}

TEST_F(TrunkIdentity,
       a_private_caller_with_an_asserted_number_stays_anonymous_to_those_who_answer) {
  sip::Invite invite;
  invite.from = {"Anonymous", "anonymous", "anonymous.invalid", 0, false};
  invite.p_asserted_identity = sip::NameAddr{"Anna", "+12065550103", "carrier", 0, false};
  invite.private_caller = true;
  Dialled dialled = from_trunk("+14255550100");
  read_who_calls(trunk, invite, dialled);
  EXPECT_TRUE(dialled.wants_privacy);
  config.routes.front().targets = {"phone:101"};
  const Decision decision = decide(config, dialled, {});
  EXPECT_TRUE(decision.caller_to_phones.anonymous);
}

TEST_F(TrunkIdentity,
       of_microsofts_proxy_privacy_id_hides_what_it_asserts_and_not_what_from_presents) {
  trunk.profile = config::TrunkProfile::DirectRouting;
  sip::Invite invite;
  invite.from = {"Contoso", "+4722550100", "sip.pstnhub.test", 0, false};
  invite.p_asserted_identity = sip::NameAddr{"Anna", "+4722550199", "sip.pstnhub.test", 0, false};
  invite.private_caller = true;
  Dialled presented;
  read_who_calls(trunk, invite, presented);
  EXPECT_FALSE(presented.wants_privacy);
  EXPECT_EQ(presented.from_number, "+4722550100");
  EXPECT_EQ(presented.from_display, "Contoso");
  invite.from = {"Anonymous", "anonymous", "anonymous.invalid", 0, false};
  Dialled unknown;
  read_who_calls(trunk, invite, unknown);
  EXPECT_TRUE(unknown.wants_privacy);
  EXPECT_TRUE(unknown.from_number.empty());
}

}  // namespace
}  // namespace gw::policy
