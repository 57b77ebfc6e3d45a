#include "gateway/policy/forwarding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/call/hunt.h"
#include "gateway/policy/trunk_identity.h"

namespace gw::policy {
namespace {

const Party kPhone{PartyKind::Phone, "101"};
const Party kOther{PartyKind::Phone, "102"};
const Party kAlice{PartyKind::User, "alice"};

class ForwardingTest : public testing::Test {
 protected:
  ForwardingTest() {
    config::Phone phone, other;
    phone.username = phone.extension = "101";
    phone.display_name = "Reception";
    phone.caller_id = "+14255550100";
    other.username = other.extension = "102";
    config_.phones = {phone, other};
    config::User alice;
    alice.name = "alice";
    alice.extension = "201";
    alice.numbers = {"+14255550102", "+14255550103"};
    config::User bob;
    bob.name = "bob";
    config_.users = {alice, bob};
    config_.trunks = {config::Trunk{.name = "acme"}};
    config_.sip.domain = "pbx.example.com";
    config_.numbers.owned = {"+14255550100"};
    config::Route out;
    out.name = "out";
    out.from = {"phones", "users"};
    out.to = "+*";
    out.targets = {"trunk:acme"};
    out.ring_timeout = 40s;
    config_.routes = {out};
    way_.dialled.from = {PartyKind::Trunk, "acme"};
    way_.dialled.from_number = "+12065550177";
    way_.dialled.from_display = "Anna";
    way_.dialled.number = "+14255550100";
    way_.decision.accepted = true;
    way_.decision.normalised = "+14255550100";
    way_.decision.ring_timeout = 15s;
    way_.decision.ranks = {{{kPhone}}};
  }
  config::Forwarding& of_phone() { return config_.phones[0].forwarding; }
  std::optional<Routed> forward(ForwardReason reason, const Party& by = kPhone) {
    return forwarded(config_, way_, by, reason, WallTime{});
  }

  config::Config config_;
  Routed way_;
};

TEST_F(ForwardingTest, each_reason_has_a_target_of_its_own_or_none) {
  of_phone().busy = "102";
  EXPECT_FALSE(forward(ForwardReason::Always));
  EXPECT_FALSE(forward(ForwardReason::NoAnswer));
  ASSERT_TRUE(forward(ForwardReason::Busy));
  EXPECT_EQ(forward(ForwardReason::Busy)->decision.ranks.front().parties.front(), kOther);
  EXPECT_FALSE(forward(ForwardReason::Busy, kOther));
}

TEST_F(ForwardingTest, what_counts_as_busy_and_as_no_answer) {
  EXPECT_EQ(reason_of({Cause::Busy}), ForwardReason::Busy);
  for (const Cause cause :
       {Cause::NoAnswer, Cause::NotRegistered, Cause::Timeout, Cause::Unavailable}) {
    EXPECT_EQ(reason_of({cause}), ForwardReason::NoAnswer);
  }
  for (const Cause cause : {Cause::Declined, Cause::NotAcceptable, Cause::NotFound}) {
    EXPECT_FALSE(reason_of({cause}));
  }
}

TEST_F(ForwardingTest, a_trunk_is_told_of_the_forwarding_phone_and_why) {
  of_phone().no_answer = "2065550123";
  config_.trunks[0].caller_id.diversion = true;
  config_.trunks[0].fqdn = "sbc.example.com";
  const auto routed = forward(ForwardReason::NoAnswer);
  ASSERT_TRUE(routed && routed->decision.accepted) << routed->decision.cause.detail;
  EXPECT_EQ(routed->dialled.from, kPhone);
  EXPECT_EQ(routed->decision.normalised, "+12065550123");
  EXPECT_EQ(routed->decision.caller.number, "+14255550100");
  EXPECT_EQ(routed->decision.ring_timeout, 40s);
  EXPECT_EQ(routed->dialled.max_forwards, 69u);
  sip::OutgoingInvite invite;
  say_who_calls(config_, config_.trunks[0], *routed, invite);
  ASSERT_EQ(invite.diverted.size(), 1u);
  EXPECT_EQ(invite.diverted[0].user, "+14255550100");
  EXPECT_EQ(invite.diverted[0].host, "sbc.example.com");
  EXPECT_EQ(invite.diverted[0].reason, "no-answer");
}

TEST_F(ForwardingTest, who_sent_it_on_before_is_told_behind) {
  of_phone().always = "+12065550123";
  way_.dialled.diverted = {{"+14255550188", "far.test", "user-busy", false}};
  const auto routed = forward(ForwardReason::Always);
  ASSERT_EQ(routed->dialled.diverted.size(), 2u);
  EXPECT_EQ(routed->dialled.diverted[0].reason, "unconditional");
  EXPECT_EQ(routed->dialled.diverted[1].user, "+14255550188");
}

TEST_F(ForwardingTest, a_party_of_the_house_sees_who_called_in_the_first_place) {
  of_phone().always = "201";
  const auto routed = forward(ForwardReason::Always);
  EXPECT_EQ(routed->decision.ranks.front().parties.front(), kAlice);
  EXPECT_EQ(routed->decision.caller.number, "+12065550177");
  EXPECT_EQ(routed->decision.caller.display_name, "Anna");
  EXPECT_EQ(routed->dialled.from.kind, PartyKind::Trunk);
  EXPECT_TRUE(routed->dialled.forwarded);
  EXPECT_EQ(routed->decision.ring_timeout, 15s);
}

TEST_F(ForwardingTest, a_party_may_be_named_with_and_without_an_extension) {
  of_phone().always = "user:bob";
  EXPECT_EQ(forward(ForwardReason::Always)->decision.ranks.front().parties.front(),
            (Party{PartyKind::User, "bob"}));
  of_phone().always = "user:alice";
  EXPECT_EQ(forward(ForwardReason::Always)->decision.route, "extension");
}

TEST_F(ForwardingTest, what_the_phone_may_not_call_its_calls_may_not_go_to) {
  of_phone().always = "+442071838750";
  auto routed = forward(ForwardReason::Always);
  EXPECT_FALSE(routed->decision.accepted);
  EXPECT_EQ(routed->decision.cause.cause, Cause::DialPolicy);
  of_phone().always = "911";
  routed = forward(ForwardReason::Always);
  EXPECT_FALSE(routed->decision.accepted);
  EXPECT_EQ(routed->decision.cause.cause, Cause::Forbidden);
}

TEST_F(ForwardingTest, a_users_calls_go_on_under_the_first_of_its_numbers) {
  config_.users[0].forwarding.busy = "+12065550123";
  const auto routed = forward(ForwardReason::Busy, kAlice);
  ASSERT_TRUE(routed->decision.accepted) << routed->decision.cause.detail;
  EXPECT_EQ(routed->decision.caller.number, "+14255550102");
  EXPECT_EQ(routed->dialled.diverted[0].user, "+14255550102");
}

Routed ranks(std::vector<Rank> all) {
  Routed routed;
  routed.decision.accepted = true;
  routed.decision.ranks = std::move(all);
  return routed;
}

TEST(Hunt, what_is_forwarded_comes_before_the_next_rank) {
  Hunt hunt(ranks({{{kPhone}}, {{kAlice}}}));
  EXPECT_EQ(hunt.alone(), nullptr);
  ASSERT_TRUE(hunt.next());
  EXPECT_EQ(*hunt.alone(), kPhone);
  hunt.forward({kPhone, ForwardReason::Busy, "102"}, ranks({{{kOther}}}));
  ASSERT_TRUE(hunt.next());
  EXPECT_EQ(*hunt.alone(), kOther);
  ASSERT_TRUE(hunt.next());
  EXPECT_EQ(*hunt.alone(), kAlice);
  EXPECT_FALSE(hunt.next());
}

TEST(Hunt, of_a_group_nobody_is_alone_apps_that_hear_of_a_call_aside) {
  const Party app{PartyKind::App, "ivr"};
  Hunt hunt(ranks({{{kPhone, kOther}}, {{kPhone, app}}}));
  hunt.next();
  EXPECT_EQ(hunt.alone(), nullptr);
  hunt.next();
  EXPECT_EQ(*hunt.alone(), kPhone);
}

TEST(Hunt, remembers_how_the_one_that_rang_alone_failed_until_the_next_rank) {
  Hunt hunt(ranks({{{kPhone}}, {{kOther}}}));
  hunt.next();
  hunt.note_failure(kOther, {Cause::Busy});
  EXPECT_FALSE(hunt.failure());
  hunt.note_failure(kPhone, {Cause::Busy});
  EXPECT_EQ(hunt.failure()->cause, Cause::Busy);
  hunt.next();
  EXPECT_FALSE(hunt.failure());
}

TEST(Hunt, nobody_forwards_a_call_twice_and_no_call_goes_on_for_ever) {
  Hunt hunt(ranks({{{kPhone}}}));
  hunt.next();
  EXPECT_TRUE(hunt.may_forward(kPhone));
  hunt.forward({kPhone, ForwardReason::Always, "102"}, ranks({{{kOther}}}));
  EXPECT_FALSE(hunt.may_forward(kPhone));
  for (const char* name : {"1", "2", "3", "4"}) {
    const Party party{PartyKind::Phone, name};
    EXPECT_TRUE(hunt.may_forward(party));
    hunt.forward({party, ForwardReason::Always, "102"}, ranks({{{kOther}}}));
  }
  EXPECT_FALSE(hunt.may_forward(kOther));
  Routed far = ranks({{{kPhone}}});
  far.dialled.diverted.resize(5);
  EXPECT_FALSE(Hunt(far).may_forward(kPhone));
}

}  // namespace
}  // namespace gw::policy
