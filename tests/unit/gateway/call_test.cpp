#include "gateway/call/call.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/unit/support/fake_leg.h"
#include "tests/unit/support/fake_media_engine.h"
#include "tests/unit/support/manual_clock.h"

namespace gw {
namespace {

using policy::Cause;
using policy::Party;
using policy::PartyKind;
using test::FakeLeg;

const Party kCaller{PartyKind::Phone, "101"};
const Party kAlice{PartyKind::User, "alice"};
const Party kBob{PartyKind::Phone, "102"};
const Party kTrunk{PartyKind::Trunk, "acme"};

// A call between fakes: the test is the owner, and plays every party.
class CallTest : public testing::Test, public CallOwner {
 protected:
  CallTest() {
    config::Config config;
    config.calls.ring_timeout = 20ms;
    config.calls.max_duration = Duration{};
    config.trunks.push_back({.name = "acme", .targets = {"127.0.0.1:5070"}});
    config_ = std::make_shared<const config::Config>(std::move(config));
  }

  Call& begin(std::vector<policy::Rank> ranks) {
    policy::Decision decision;
    decision.accepted = true;
    decision.ranks = std::move(ranks);
    call_ = std::make_unique<Call>(services_, *this, config_, CallId{"c1"},
                                   policy::Routed{{kCaller, "201", "", "", "", "", {}, false, {}, 70}, std::move(decision)}, Log{});
    auto caller = std::make_unique<FakeLeg>(kCaller, PortId{100}, *call_);
    caller_ = caller.get();
    call_->begin(std::move(caller));
    return *call_;
  }

  tl::expected<std::vector<std::unique_ptr<Leg>>, policy::HangupCause> legs_for(Call& call, const policy::Routed&,
                                                                                const Party& party) override {
    if (absent_ == party) return tl::unexpected(policy::HangupCause{Cause::NotRegistered, 0, 0, "absent"});
    std::vector<std::unique_ptr<Leg>> legs;
    auto leg = std::make_unique<FakeLeg>(party, PortId{200 + legs_.size()}, call);
    leg->ready = !slow_media_;
    legs_[party.name] = leg.get();
    legs.push_back(std::move(leg));
    return legs;
  }
  void on_port_opened(Call&, PortId port) override { open_.push_back(port); }
  void on_call_finished(Call& call) override {
    ++finished_;
    recorded_parties_ = call.parties().size();
    loop_.stop();
  }

  // Runs the loop until the call has finished.
  void run_to_the_end() { loop_.run(); }
  void close_all_ports() {
    for (const PortId port : open_) call_->on_media(media::PortClosed{port, {}});
  }

  Metrics metrics_;
  SystemClock clock_;
  SystemRandom random_;
  sip::SofiaLoop loop_{metrics_};
  sip::Registrar registrar_{clock_, metrics_, {}};
  test::FakeMediaEngine media_;
  Services services_{loop_, media_, nullptr, nullptr, registrar_, clock_, random_, metrics_};
  config::Snapshot config_;
  std::optional<Party> absent_;
  bool slow_media_ = false;
  std::map<std::string, FakeLeg*> legs_;
  std::vector<PortId> open_;
  int finished_ = 0;
  size_t recorded_parties_ = 0;
  uint64_t next_port_ = 200;
  std::unique_ptr<Call> call_;
  FakeLeg* caller_ = nullptr;
};

TEST_F(CallTest, ringing_then_answer_connects_both_sides) {
  Call& call = begin({{{kAlice}}});
  legs_["alice"]->rings();
  EXPECT_TRUE(caller_->was_told("ring"));
  legs_["alice"]->answers();
  EXPECT_EQ(call.state(), CallState::Talking);
  EXPECT_TRUE(caller_->was_told("answer"));
  EXPECT_TRUE(legs_["alice"]->was_told("connected"));
  ASSERT_FALSE(media_.wires.empty());
  EXPECT_EQ(media_.wires.back(), (std::pair{PortId{100}, PortId{200}}));
}

TEST_F(CallTest, the_caller_hears_200_only_when_the_users_media_is_up) {
  slow_media_ = true;
  Call& call = begin({{{kAlice}}});
  legs_["alice"]->answers();
  EXPECT_EQ(call.state(), CallState::Answering);
  EXPECT_FALSE(caller_->was_told("answer"));
  legs_["alice"]->media_comes_up();
  EXPECT_EQ(call.state(), CallState::Talking);
  EXPECT_TRUE(caller_->was_told("answer"));
}

TEST_F(CallTest, of_those_that_ring_together_the_first_wins_and_the_others_hear_why) {
  begin({{{kAlice, kBob}}});
  legs_["102"]->answers();
  EXPECT_TRUE(legs_["alice"]->was_told("end answered_elsewhere"));
  EXPECT_FALSE(legs_["102"]->ended);
  EXPECT_EQ(call_->callee(), legs_["102"]);
}

TEST_F(CallTest, a_second_answer_after_the_first_changes_nothing) {
  begin({{{kAlice, kBob}}});
  legs_["102"]->answers();
  legs_["alice"]->answers();
  EXPECT_EQ(call_->callee(), legs_["102"]);
}

TEST_F(CallTest, a_busy_target_lets_the_next_rank_ring) {
  begin({{{kAlice}}, {{kBob}}});
  legs_["alice"]->ends(Cause::Busy, 486);
  ASSERT_TRUE(legs_.contains("102"));
  EXPECT_TRUE(legs_["102"]->was_told("start"));
  EXPECT_FALSE(caller_->ended);
}

TEST_F(CallTest, an_absent_target_lets_the_next_rank_ring) {
  absent_ = kAlice;
  begin({{{kAlice}}, {{kBob}}});
  EXPECT_TRUE(legs_["102"]->was_told("start"));
}

TEST_F(CallTest, a_decline_ends_the_search_for_everybody) {
  begin({{{kAlice, kBob}}, {{kTrunk}}});
  legs_["102"]->ends(Cause::Declined, 603);
  EXPECT_FALSE(legs_.contains("acme"));
  EXPECT_TRUE(legs_["alice"]->ended);
  EXPECT_TRUE(caller_->was_told("end declined"));
}

TEST_F(CallTest, a_trunk_is_left_only_on_the_statuses_that_retry_on_names) {
  begin({{{kTrunk}}, {{kBob}}});
  legs_["acme"]->ends(Cause::NotFound, 404);
  EXPECT_FALSE(legs_.contains("102"));
  EXPECT_TRUE(caller_->was_told("end not_found"));
}

TEST_F(CallTest, a_trunk_that_says_503_is_left_for_the_next) {
  begin({{{kTrunk}}, {{kBob}}});
  legs_["acme"]->ends(Cause::Unavailable, 503);
  EXPECT_TRUE(legs_.contains("102"));
}

TEST_F(CallTest, the_caller_hears_the_failure_that_says_most) {
  absent_ = kBob;
  begin({{{kAlice}}, {{kBob}}});
  legs_["alice"]->ends(Cause::Busy, 486);
  EXPECT_TRUE(caller_->was_told("end busy"));
}

TEST_F(CallTest, a_caller_who_hangs_up_while_it_rings_cancels_every_target) {
  begin({{{kAlice, kBob}}});
  caller_->ends(Cause::CancelledByCaller);
  EXPECT_TRUE(legs_["alice"]->was_told("end cancelled"));
  EXPECT_TRUE(legs_["102"]->was_told("end cancelled"));
  EXPECT_EQ(call_->ended_by(), EndedBy::Caller);
}

TEST_F(CallTest, nobody_answers_in_time) {
  begin({{{kAlice}}});
  loop_.after(200ms, [this] { close_all_ports(); });
  run_to_the_end();
  EXPECT_TRUE(legs_["alice"]->was_told("end no_answer"));
  EXPECT_TRUE(caller_->was_told("end no_answer"));
}

TEST_F(CallTest, end_acts_once_and_the_call_finishes_when_its_ports_are_closed) {
  Call& call = begin({{{kAlice}}});
  legs_["alice"]->answers();
  call.end({Cause::NormalClearing}, EndedBy::Caller);
  call.end({Cause::Failed}, EndedBy::Gateway);
  EXPECT_EQ(call.cause().cause, Cause::NormalClearing);
  EXPECT_EQ(media_.closed_sessions.size(), 1u);
  EXPECT_EQ(finished_, 0);
  close_all_ports();
  run_to_the_end();
  EXPECT_EQ(finished_, 1);
}

TEST_F(CallTest, hold_and_resume_reach_the_other_party) {
  begin({{{kAlice}}});
  legs_["alice"]->answers();
  legs_["alice"]->holds(true);
  EXPECT_EQ(caller_->told.back(), "held");
  legs_["alice"]->holds(false);
  EXPECT_EQ(caller_->told.back(), "resumed");
}

TEST_F(CallTest, digits_go_to_the_other_partys_port) {
  begin({{{kAlice}}});
  legs_["alice"]->answers();
  legs_["alice"]->dials("12#");
  EXPECT_EQ(media_.digits_sent[PortId{100}], "12#");
  EXPECT_EQ(media_.digits_sent.count(PortId{200}), 0u);
}

TEST_F(CallTest, early_media_of_a_single_target_is_passed_to_the_caller) {
  begin({{{kTrunk}}});
  legs_["acme"]->sends_early_media();
  EXPECT_TRUE(caller_->was_told("early_media"));
  EXPECT_FALSE(media_.wires.empty());
}

TEST_F(CallTest, early_media_of_one_of_several_is_only_ringing) {
  begin({{{kTrunk, kBob}}});
  legs_["acme"]->sends_early_media();
  EXPECT_TRUE(caller_->was_told("ring"));
  EXPECT_FALSE(caller_->was_told("early_media"));
}

// A second call of the same kind, between others, and both talking.
class JoinedCallsTest : public CallTest {
 protected:
  void SetUp() override {
    begin({{{kAlice}}});
    legs_["alice"]->answers();
    policy::Decision decision;
    decision.accepted = true;
    decision.ranks = {{{kBob}}};
    const Party carol{PartyKind::Phone, "103"};
    other_ = std::make_unique<Call>(services_, *this, config_, CallId{"c2"},
                                    policy::Routed{{carol, "102", "", "", "", "", {}, false, {}, 70}, std::move(decision)}, Log{});
    auto caller = std::make_unique<FakeLeg>(carol, PortId{300}, *other_);
    carol_ = caller.get();
    other_->begin(std::move(caller));
    legs_["102"]->answers();
    bob_ = legs_["102"];
    alice_ = legs_["alice"];
  }
  void join() { call_->take_in(*other_); }

  std::unique_ptr<Call> other_;
  FakeLeg* carol_ = nullptr;
  FakeLeg* bob_ = nullptr;
  FakeLeg* alice_ = nullptr;
};

TEST_F(JoinedCallsTest, the_parties_of_both_talk_in_one_call_and_the_other_is_over) {
  join();
  EXPECT_EQ(media_.merged, (std::vector{std::pair{call_->session(), other_->session()}}));
  EXPECT_EQ(call_->talking().size(), 4u);
  EXPECT_EQ(other_->state(), CallState::Ended);
  EXPECT_EQ(other_->joined_to(), call_->id());
  EXPECT_EQ(finished_, 1);
  EXPECT_FALSE(bob_->ended);
  EXPECT_FALSE(carol_->ended);
  EXPECT_TRUE(media_.closed_sessions.empty());
  other_.reset();
  EXPECT_TRUE(media_.closed_sessions.empty()) << "its session is the other call's";
}

TEST_F(JoinedCallsTest, who_hangs_up_leaves_only_itself_until_one_is_left) {
  join();
  caller_->ends(Cause::NormalClearing);
  carol_->ends(Cause::NormalClearing);
  EXPECT_EQ(call_->state(), CallState::Talking);
  EXPECT_EQ(call_->talking(), (std::vector<Leg*>{alice_, bob_}));
  EXPECT_EQ(media_.removed, (std::vector{PortId{100}, PortId{300}}));
  EXPECT_EQ(media_.wires.back(), (std::pair{alice_->port(), bob_->port()}));
  bob_->ends(Cause::NormalClearing);
  EXPECT_EQ(call_->state(), CallState::Ended);
  EXPECT_TRUE(alice_->ended);
}

TEST_F(JoinedCallsTest, every_party_is_in_the_record_also_who_left) {
  join();
  EXPECT_EQ(recorded_parties_, 2u) << "the other call's record is its own";
  caller_->ends(Cause::NormalClearing);
  call_->end({Cause::NormalClearing}, EndedBy::Operator);
  close_all_ports();
  run_to_the_end();
  EXPECT_EQ(recorded_parties_, 4u);
}

TEST_F(JoinedCallsTest, who_holds_is_out_of_the_conference_and_nobody_else_is_held) {
  join();
  alice_->holds(true);
  EXPECT_EQ(media_.disconnected, std::vector{alice_->port()});
  for (FakeLeg* leg : {caller_, bob_, carol_}) EXPECT_FALSE(leg->was_told("held"));
  media_.joined.clear();
  alice_->holds(false);
  EXPECT_NE(std::ranges::find(media_.joined, alice_->port()), media_.joined.end());
}

TEST_F(JoinedCallsTest, a_party_that_was_held_by_one_is_freed_by_the_conference) {
  alice_->holds(true);
  ASSERT_EQ(caller_->told.back(), "held");
  join();
  EXPECT_TRUE(caller_->was_told("resumed"));
}

TEST_F(JoinedCallsTest, of_two_that_remain_one_that_holds_holds_the_other) {
  join();
  alice_->holds(true);
  caller_->ends(Cause::NormalClearing);
  carol_->ends(Cause::NormalClearing);
  EXPECT_EQ(bob_->told.back(), "held");
}

TEST_F(JoinedCallsTest, digits_of_one_go_to_all_others) {
  join();
  alice_->dials("5");
  for (FakeLeg* leg : {caller_, bob_, carol_}) EXPECT_EQ(media_.digits_sent[leg->port()], "5");
  EXPECT_EQ(media_.digits_sent.count(alice_->port()), 0u);
}

TEST_F(JoinedCallsTest, the_end_of_the_call_ends_every_party_and_waits_for_every_port) {
  join();
  call_->end({Cause::NormalClearing}, EndedBy::Operator);
  for (FakeLeg* leg : {caller_, alice_, bob_, carol_}) EXPECT_TRUE(leg->ended);
  EXPECT_EQ(finished_, 1);
  close_all_ports();
  run_to_the_end();
  EXPECT_EQ(finished_, 2);
}

TEST_F(JoinedCallsTest, a_port_that_comes_late_joins_the_conference) {
  join();
  media_.joined.clear();
  media_.wires.clear();
  alice_->media_comes_up();
  EXPECT_TRUE(media_.wires.empty()) << "two alone would be wired";
  EXPECT_EQ(media_.joined.size(), 4u);
}

}  // namespace
}  // namespace gw
