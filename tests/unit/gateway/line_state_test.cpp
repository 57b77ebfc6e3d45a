#include "gateway/call/line_state.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/unit/gateway/kept_usage.h"
#include "tests/unit/support/fake_leg.h"
#include "tests/unit/support/fake_media_engine.h"
#include "tests/unit/support/fixed_random.h"

namespace gw {
namespace {

using policy::Cause;
using policy::Party;
using policy::PartyKind;
using test::FakeLeg;
using State = sip::LineDialog::State;

const Party kCaller{PartyKind::Phone, "101"};
const Party kAlice{PartyKind::User, "alice"};
const Party kBob{PartyKind::Phone, "102"};
const Party kTrunk{PartyKind::Trunk, "acme"};

// A call between fakes, and what phones would be told of it.
class LineStates : public testing::Test, public CallOwner {
 protected:
  Call& begin(std::vector<policy::Rank> ranks, bool anonymous = false) {
    policy::Decision decision;
    decision.accepted = true;
    decision.normalised = "201";
    decision.caller_to_phones = {"101", "Front desk", anonymous};
    decision.ranks = std::move(ranks);
    const std::string id = "c" + std::to_string(calls_.size() + 1);
    Call& call = *calls_.emplace_back(std::make_unique<Call>(
        services_, *this, config_, CallId{id},
        policy::Routed{{kCaller, "201", "", "", "", "", {}, false, {}, 70}, std::move(decision)},
        Log{}));
    call.watch(lines_);
    auto caller = std::make_unique<FakeLeg>(kCaller, next_port(), call);
    caller_ = caller.get();
    call.begin(std::move(caller));
    return call;
  }
  PortId next_port() { return PortId{++ports_}; }

  tl::expected<std::vector<std::unique_ptr<Leg>>, policy::HangupCause> legs_for(
      Call& call, const policy::Routed&, const Party& party) override {
    std::vector<std::unique_ptr<Leg>> legs;
    auto leg = std::make_unique<FakeLeg>(party, next_port(), call);
    legs_[party.name] = leg.get();
    legs.push_back(std::move(leg));
    return legs;
  }
  void on_port_opened(Call&, PortId) override {}
  void on_transfer_wanted(Call& call, Leg& leg, const TransferRequest& request) override {
    policy::Decision decision;
    decision.accepted = true;
    decision.ranks = {{{{PartyKind::Phone, request.number}}}};
    call.transfer(leg, {{kCaller, request.number, "", "", "", "", {}, false, {}, 70}, decision});
  }
  PartyName name_of(const Call&, const Leg& leg) const override { return {leg.party().name, ""}; }
  void on_call_finished(Call&) override {}
  void settle() {
    loop_.after(5ms, [this] { loop_.stop(); });
    loop_.run();
  }

  static LineState::Shown shown(const policy::Presentation& caller) {
    if (caller.anonymous) return {"anonymous", "anonymous.invalid", "Anonymous"};
    return {caller.number, "pbx.test", caller.display_name};
  }
  sip::LineDialog only(const std::string& key) {
    const auto dialogs = lines_.dialogs(key);
    EXPECT_EQ(dialogs.size(), 1u) << key;
    return dialogs.empty() ? sip::LineDialog{} : dialogs.front();
  }
  bool told(const std::string& key) { return std::erase(told_, key) > 0; }

  Metrics metrics_;
  SystemClock clock_;
  test::FixedRandom random_;
  sip::SofiaLoop loop_{metrics_};
  sip::Registrar registrar_{clock_, metrics_, {}};
  test::FakeMediaEngine media_;
  test::KeptUsage usage_;
  Services services_{loop_,  media_,  nullptr,  nullptr, registrar_,
                     clock_, random_, metrics_, usage_};
  config::Snapshot config_ = std::make_shared<const config::Config>();
  std::vector<std::string> told_;
  LineState lines_{random_,
                   {[](const Call& call, const Leg& leg, const policy::Routed*) {
                      if (&leg == call.caller()) return shown(call.decision().caller_to_phones);
                      return LineState::Shown{leg.party().name, "pbx.test", ""};
                    },
                    [](const policy::Presentation& caller) { return shown(caller); },
                    [this](const std::string& key) { told_.push_back(key); }}};
  std::vector<std::unique_ptr<Call>> calls_;
  std::map<std::string, FakeLeg*> legs_;
  FakeLeg* caller_ = nullptr;
  uint64_t ports_ = 0;
};

TEST_F(LineStates, a_call_is_seen_from_both_ends_from_the_first_ring_to_the_last_bye) {
  Call& call = begin({{{kAlice}}});
  EXPECT_EQ(only("user:alice").state, State::Trying);
  EXPECT_EQ(only("phone:101").state, State::Proceeding);
  EXPECT_TRUE(told("user:alice"));
  EXPECT_TRUE(told("phone:101"));
  legs_["alice"]->rings();
  EXPECT_EQ(only("user:alice").state, State::Early);
  EXPECT_FALSE(only("user:alice").initiator);
  EXPECT_EQ(only("user:alice").remote_user, "101");
  EXPECT_EQ(only("user:alice").remote_display, "Front desk");
  EXPECT_EQ(only("phone:101").state, State::Early);
  EXPECT_TRUE(only("phone:101").initiator);
  EXPECT_EQ(only("phone:101").remote_user, "alice");
  const std::string id = only("user:alice").call_id;
  legs_["alice"]->answers();
  EXPECT_EQ(only("user:alice").state, State::Confirmed);
  EXPECT_EQ(only("user:alice").call_id, id) << "it is the same dialog";
  EXPECT_EQ(only("phone:101").state, State::Confirmed);
  told_.clear();
  call.end({Cause::NormalClearing}, EndedBy::Caller);
  EXPECT_TRUE(lines_.dialogs("user:alice").empty());
  EXPECT_TRUE(lines_.dialogs("phone:101").empty());
  EXPECT_TRUE(told("user:alice"));
  EXPECT_TRUE(told("phone:101"));
}

TEST_F(LineStates, who_is_not_told_to_the_called_is_not_told_to_who_watches_it) {
  begin({{{kAlice}}}, true);
  legs_["alice"]->rings();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(only("user:alice").remote_user, "anonymous");
    EXPECT_EQ(only("user:alice").remote_host, "anonymous.invalid");
    EXPECT_EQ(only("user:alice").remote_display, "Anonymous");
    legs_["alice"]->answers();
  }
}

TEST_F(LineStates, of_those_that_ring_together_the_losers_are_free_when_one_answers) {
  begin({{{kAlice, kBob}}});
  legs_["alice"]->rings();
  EXPECT_EQ(only("phone:102").state, State::Trying);
  legs_["102"]->rings();
  EXPECT_EQ(only("phone:102").state, State::Early);
  legs_["102"]->answers();
  EXPECT_TRUE(lines_.dialogs("user:alice").empty());
  EXPECT_EQ(only("phone:102").state, State::Confirmed);
}

TEST_F(LineStates, one_that_is_busy_is_free_again_while_others_ring_on) {
  begin({{{kAlice, kBob}}});
  told_.clear();
  legs_["102"]->ends(Cause::Busy, 486);
  EXPECT_TRUE(lines_.dialogs("phone:102").empty());
  EXPECT_TRUE(told("phone:102"));
}

TEST_F(LineStates, trunks_are_nobodys_line) {
  begin({{{kTrunk}}});
  legs_["acme"]->rings();
  EXPECT_TRUE(lines_.dialogs("trunk:acme").empty());
  EXPECT_TRUE(lines_.dialogs("").empty());
}

TEST_F(LineStates, a_transfer_moves_the_line_and_the_dialog_of_who_stays_goes_on) {
  Call& call = begin({{{kAlice}}});
  legs_["alice"]->answers();
  const std::string stays = only("user:alice").call_id;
  on_transfer_wanted(
      call, *caller_,
      {.number = "102", .caller_id = {}, .headers = {}, .dialog = {}, .user_call = {}});
  settle();
  legs_["102"]->rings();
  EXPECT_EQ(only("phone:102").state, State::Early);
  EXPECT_EQ(only("phone:101").state, State::Confirmed);
  legs_["102"]->answers();
  EXPECT_EQ(only("phone:102").state, State::Confirmed);
  EXPECT_EQ(only("phone:102").remote_user, "alice");
  EXPECT_EQ(only("user:alice").remote_user, "102");
  EXPECT_EQ(only("user:alice").call_id, stays);
  EXPECT_TRUE(lines_.dialogs("phone:101").empty());
}

TEST_F(LineStates, a_call_that_is_joined_to_another_keeps_its_dialogs_and_its_secrets) {
  Call& first = begin({{{kAlice}}});
  legs_["alice"]->answers();
  Call& second = begin({{{kBob}}}, true);
  legs_["102"]->answers();
  const std::string id = only("phone:102").call_id;
  first.take_in(second);
  EXPECT_EQ(only("phone:102").call_id, id);
  EXPECT_EQ(only("phone:102").remote_user, "") << "a conference is with nobody alone";
  EXPECT_EQ(lines_.dialogs("phone:101").size(), 2u);
  EXPECT_EQ(lines_.find(id, only("phone:102").local_tag, only("phone:102").remote_tag).call,
            &first);
  // The two phones of the second call remain, of whom one wanted not to be seen.
  first.drop(*legs_["alice"], {Cause::NormalClearing});
  first.drop(*first.caller(), {Cause::NormalClearing});
  EXPECT_EQ(only("phone:102").remote_user, "anonymous");
}

TEST_F(LineStates, replaces_finds_a_dialog_by_its_words_in_either_order_of_tags_and_by_no_others) {
  Call& call = begin({{{kAlice}}});
  const sip::LineDialog dialog = only("user:alice");
  EXPECT_EQ(lines_.find(dialog.call_id, dialog.local_tag, dialog.remote_tag).leg, legs_["alice"]);
  EXPECT_EQ(lines_.find(dialog.call_id, dialog.remote_tag, dialog.local_tag).leg, legs_["alice"]);
  EXPECT_FALSE(lines_.find(dialog.call_id, dialog.local_tag, dialog.local_tag).leg);
  EXPECT_FALSE(lines_.find(dialog.call_id, "", "").leg);
  EXPECT_FALSE(lines_.find("c1", dialog.local_tag, dialog.remote_tag).leg);
  call.end({Cause::NormalClearing}, EndedBy::Caller);
  const auto late = lines_.find(dialog.call_id, dialog.local_tag, dialog.remote_tag);
  EXPECT_FALSE(late.leg);
  EXPECT_TRUE(late.over);
}

TEST_F(LineStates, a_call_that_rings_is_picked_up_by_another_phone) {
  Call& call = begin({{{kAlice}}});
  legs_["alice"]->rings();
  auto picker = std::make_unique<FakeLeg>(kBob, next_port(), call);
  FakeLeg* bob = picker.get();
  std::unique_ptr<Leg> by = std::move(picker);
  ASSERT_TRUE(call.pick_up(*legs_["alice"], by));
  EXPECT_TRUE(bob->was_told("answer"));
  EXPECT_TRUE(legs_["alice"]->was_told("end answered_elsewhere"));
  EXPECT_TRUE(caller_->was_told("answer"));
  EXPECT_EQ(call.state(), CallState::Talking);
  EXPECT_EQ(call.callee(), bob);
  EXPECT_EQ(only("phone:102").state, State::Confirmed);
  EXPECT_TRUE(lines_.dialogs("user:alice").empty());
  EXPECT_EQ(media_.wires.back(), (std::pair{caller_->port(), bob->port()}));
}

TEST_F(LineStates, what_rings_no_more_is_not_picked_up_and_the_leg_stays_the_callers) {
  Call& call = begin({{{kAlice}}});
  legs_["alice"]->answers();
  std::unique_ptr<Leg> by = std::make_unique<FakeLeg>(kBob, next_port(), call);
  const auto taken = call.pick_up(*legs_["alice"], by);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().sip_status, 603);
  EXPECT_TRUE(by);
  EXPECT_EQ(call.callee(), legs_["alice"]);
}

TEST_F(LineStates, a_conversation_goes_on_at_another_phone) {
  Call& call = begin({{{kAlice}}});
  legs_["alice"]->answers();
  auto picker = std::make_unique<FakeLeg>(kBob, next_port(), call);
  FakeLeg* bob = picker.get();
  std::unique_ptr<Leg> by = std::move(picker);
  ASSERT_TRUE(call.replace(*caller_, by));
  EXPECT_TRUE(bob->was_told("answer"));
  EXPECT_TRUE(caller_->was_told("end transferred"));
  EXPECT_TRUE(legs_["alice"]->was_told("meets 102"));
  EXPECT_EQ(media_.wires.back(), (std::pair{bob->port(), legs_["alice"]->port()}));
  EXPECT_TRUE(lines_.dialogs("phone:101").empty());
  EXPECT_EQ(only("phone:102").remote_user, "alice");
  legs_["alice"]->ends(Cause::NormalClearing);
  EXPECT_EQ(call.state(), CallState::Ended);
  EXPECT_TRUE(bob->ended);
}

}  // namespace
}  // namespace gw
