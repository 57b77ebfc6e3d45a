#include "gateway/call/outside_calls.h"

#include <gtest/gtest.h>

#include "tests/unit/gateway/kept_usage.h"
#include "tests/unit/support/fake_leg.h"
#include "tests/unit/support/fake_media_engine.h"
#include "tests/unit/support/manual_clock.h"

namespace gw {
namespace {

using policy::Cause;
using policy::Party;
using policy::PartyKind;
using test::FakeLeg;

const Party kPhone{PartyKind::Phone, "101"};
const Party kTrunk{PartyKind::Trunk, "acme"};
constexpr const char* kNumber = "+12065550123";

// Calls of phone 101 to the trunk, both of whose policies a test sets.
class OutsideCallsTest : public testing::Test, public CallOwner {
 protected:
  config::DialPolicy& phone_policy() {
    if (!config_.phones.empty()) return *config_.phones[0].dial_policy;
    config::Phone phone;
    phone.username = "101";
    phone.dial_policy.emplace();
    config_.phones.push_back(phone);
    return *config_.phones[0].dial_policy;
  }
  config::DialPolicy& trunk_policy() {
    config_.trunks = {config::Trunk{.name = "acme"}};
    return config_.trunks[0].dial_policy.emplace();
  }

  // A call that rings at the trunk.
  Call& dial(const char* number = kNumber) {
    policy::Routed routed;
    routed.dialled.from = kPhone;
    routed.dialled.number = number_ = number;
    routed.decision.accepted = true;
    routed.decision.normalised = number;
    routed.decision.ranks = {{{kTrunk}}};
    auto snapshot = std::make_shared<const config::Config>(config_);
    calls_.push_back(std::make_unique<Call>(services_, *this, snapshot,
                                            CallId{std::to_string(calls_.size())},
                                            std::move(routed), Log{}));
    Call& call = *calls_.back();
    call.begin(std::make_unique<FakeLeg>(kPhone, PortId{100}, call));
    return call;
  }
  FakeLeg& trunk_of(Call& call) { return static_cast<FakeLeg&>(*call.targets().back()); }

  tl::expected<std::vector<std::unique_ptr<Leg>>, policy::HangupCause> legs_for(
      Call& call, const policy::Routed& routed, const Party& party) override {
    if (const auto no = outside_.refusal(call, routed.dialled.from, party, number_))
      return tl::unexpected(*no);
    std::vector<std::unique_ptr<Leg>> legs;
    legs.push_back(std::make_unique<FakeLeg>(party, PortId{200}, call));
    outside_.add(call, routed.dialled.from, party, number_, *legs.front());
    return legs;
  }
  void on_port_opened(Call&, PortId) override {}
  void on_transfer_wanted(Call&, Leg&, const TransferRequest&) override {}
  PartyName name_of(const Call&, const Leg& leg) const override { return {leg.party().name, ""}; }
  void on_call_finished(Call&) override {}

  void hang_up(Call& call) {
    call.end({Cause::NormalClearing}, EndedBy::Caller);
    outside_.on_finished(call, nullptr);
  }

  Metrics metrics_;
  test::ManualClock clock_;
  SystemRandom random_;
  sip::SofiaLoop loop_{metrics_};
  sip::Registrar registrar_{clock_, metrics_, {}};
  test::FakeMediaEngine media_;
  test::KeptUsage usage_;
  Services services_{loop_,  media_,  nullptr,  nullptr, registrar_,
                     clock_, random_, metrics_, usage_};
  config::Config config_;
  std::string number_;
  OutsideCalls outside_{clock_, metrics_, usage_};
  std::vector<std::unique_ptr<Call>> calls_;
};

TEST_F(OutsideCallsTest, a_phone_has_so_many_calls_outside_at_once) {
  phone_policy().max_calls = 1;
  Call& first = dial();
  EXPECT_NE(first.state(), CallState::Ended);
  Call& second = dial();
  EXPECT_EQ(second.cause().cause, Cause::UsageLimit);
  EXPECT_EQ(policy::sip_status(second.cause()), 403);
  hang_up(first);
  EXPECT_NE(dial().state(), CallState::Ended);
}

TEST_F(OutsideCallsTest, a_trunks_limit_is_503_so_that_another_trunk_is_tried) {
  phone_policy();
  trunk_policy().max_calls = 1;
  dial();
  Call& second = dial();
  EXPECT_EQ(second.cause().cause, Cause::Exhausted);
  EXPECT_EQ(policy::sip_status(second.cause()), 503);
}

TEST_F(OutsideCallsTest, a_call_ends_when_its_partys_minutes_are_used_up) {
  phone_policy().minutes_per_day = 2;
  Call& first = dial();
  clock_.advance(1h);
  trunk_of(first).answers();
  EXPECT_TRUE(outside_.out_of_minutes().empty()) << "ringing costs nothing";
  clock_.advance(119s);
  EXPECT_TRUE(outside_.out_of_minutes().empty());
  clock_.advance(1s);
  EXPECT_EQ(outside_.out_of_minutes(), std::vector<CallId>{first.id()});
  hang_up(first);
  EXPECT_TRUE(outside_.out_of_minutes().empty());
  EXPECT_EQ(dial().cause().cause, Cause::UsageLimit);
}

TEST_F(OutsideCallsTest, minutes_of_calls_at_the_same_time_add_up) {
  phone_policy().minutes_per_day = 2;
  Call& first = dial();
  Call& second = dial();
  trunk_of(first).answers();
  trunk_of(second).answers();
  clock_.advance(59s);
  EXPECT_TRUE(outside_.out_of_minutes().empty());
  clock_.advance(1s);
  EXPECT_EQ(outside_.out_of_minutes().size(), 2u);
}

TEST_F(OutsideCallsTest, a_call_that_nobody_answered_used_nothing) {
  phone_policy().minutes_per_day = 1;
  Call& first = dial();
  clock_.advance(10min);
  hang_up(first);
  EXPECT_NE(dial().state(), CallState::Ended);
}

TEST_F(OutsideCallsTest, without_limits_nothing_is_kept) {
  phone_policy();
  Call& first = dial();
  trunk_of(first).answers();
  clock_.advance(100h);
  EXPECT_TRUE(outside_.out_of_minutes().empty());
  EXPECT_NE(dial().state(), CallState::Ended);
}

}  // namespace
}  // namespace gw
