// One call: who rings, who answers, who is sent on, who hears what.
#include "tests/unit/gateway/call_fixture.h"

namespace gw {
namespace {

using namespace test;

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

TEST_F(CallTest, a_phone_that_forwards_always_does_not_ring_and_the_caller_hears_181) {
  bob_forwards({.always = "103"});
  begin({{{kBob}}});
  EXPECT_FALSE(legs_.contains("102"));
  ASSERT_TRUE(legs_.contains("103"));
  EXPECT_TRUE(caller_->was_told("delay 181"));
  ASSERT_EQ(call_->forwards().size(), 1u);
  EXPECT_EQ(call_->forwards()[0].by, kBob);
  legs_["103"]->answers();
  EXPECT_EQ(call_->state(), CallState::Talking);
}

TEST_F(CallTest, a_busy_phone_forwards_before_the_next_rank_has_its_turn) {
  bob_forwards({.busy = "103"});
  begin({{{kBob}}, {{kAlice}}});
  EXPECT_FALSE(caller_->was_told("delay 181"));
  legs_["102"]->ends(Cause::Busy, 486);
  EXPECT_TRUE(caller_->was_told("delay 181"));
  ASSERT_TRUE(legs_.contains("103"));
  EXPECT_FALSE(legs_.contains("alice"));
  legs_["103"]->ends(Cause::NoAnswer, 480);
  EXPECT_TRUE(legs_.contains("alice"));
  legs_["alice"]->ends(Cause::NoAnswer, 480);
  EXPECT_TRUE(caller_->was_told("end no_answer")) << "busy is not what became of the call";
}

TEST_F(CallTest, of_several_devices_one_that_is_busy_forwards_nothing_while_others_ring) {
  bob_forwards({.busy = "103"});
  begin({{{kBob, kAlice}}});
  legs_["102"]->ends(Cause::Busy, 486);
  legs_["alice"]->ends(Cause::Busy, 486);
  EXPECT_FALSE(legs_.contains("103")) << "in a group nobody sends the call on";
  EXPECT_TRUE(caller_->was_told("end busy"));
}

TEST_F(CallTest, a_phone_that_does_not_answer_forwards_after_its_own_time) {
  bob_forwards({.no_answer = "103", .no_answer_after = 20ms});
  config::Config slow = *config_;
  slow.calls.ring_timeout = 10s;
  config_ = std::make_shared<const config::Config>(std::move(slow));
  begin({{{kBob}}});
  loop_.after(300ms, [this] { loop_.stop(); });
  loop_.run();
  EXPECT_TRUE(legs_["102"]->was_told("end no_answer"));
  ASSERT_TRUE(legs_.contains("103"));
  EXPECT_FALSE(caller_->ended);
}

TEST_F(CallTest, a_phone_without_a_device_forwards_as_if_it_did_not_answer) {
  bob_forwards({.no_answer = "103"});
  absent_ = kBob;
  begin({{{kBob}}});
  EXPECT_TRUE(legs_.contains("103"));
}

TEST_F(CallTest, a_decline_is_forwarded_nowhere) {
  bob_forwards({.busy = "103", .no_answer = "103"});
  begin({{{kBob}}});
  legs_["102"]->ends(Cause::Declined, 603);
  EXPECT_FALSE(legs_.contains("103"));
  EXPECT_TRUE(caller_->was_told("end declined"));
}

TEST_F(CallTest, forwarding_in_a_circle_ends_with_482) {
  bob_forwards({.always = "103"});
  config::Config config = *config_;
  config.phones[1].forwarding.always = "102";
  config_ = std::make_shared<const config::Config>(std::move(config));
  begin({{{kBob}}});
  EXPECT_TRUE(caller_->ended);
  EXPECT_EQ(policy::sip_status(call_->cause()), 482);
  EXPECT_EQ(call_->forwards().size(), 2u);
}

TEST_F(CallTest, who_is_invited_forwards_too) {
  bob_forwards({.always = "103"});
  begin({{{kAlice}}});
  legs_["alice"]->answers();
  call_->invite(to(kBob), Duration{});
  settle();
  EXPECT_FALSE(legs_.contains("102"));
  ASSERT_TRUE(legs_.contains("103"));
  EXPECT_TRUE(call_->involves({PartyKind::Phone, "103"})) << "it rings";
  legs_["103"]->answers();
  EXPECT_EQ(call_->talking().size(), 3u);
}

TEST_F(CallTest, a_route_says_how_long_each_of_its_targets_rings) {
  config::Config slow = *config_;
  slow.calls.ring_timeout = 10s;
  config_ = std::make_shared<const config::Config>(std::move(slow));
  ring_timeout_ = 20ms;
  begin({{{kAlice}}, {{kBob}}});
  loop_.after(300ms, [this] { loop_.stop(); });
  loop_.run();
  EXPECT_TRUE(legs_["alice"]->was_told("end no_answer"));
  EXPECT_TRUE(legs_["102"]->was_told("end no_answer"));
  EXPECT_TRUE(caller_->was_told("end no_answer"));
}

TEST_F(CallTest, that_a_network_sends_it_on_or_queues_it_is_passed_on_of_one_that_rings_alone) {
  begin({{{kTrunk}}});
  legs_["acme"]->is_delayed(182);
  EXPECT_TRUE(caller_->was_told("delay 182"));
  EXPECT_FALSE(caller_->was_told("ring"));
}

TEST_F(CallTest, of_several_that_ring_nobody_queues_the_caller) {
  begin({{{kAlice, kTrunk}}});
  legs_["acme"]->is_delayed(182);
  EXPECT_FALSE(caller_->was_told("delay 182"));
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

class HoldMusicTest : public CallTest {
 protected:
  using Wire = std::pair<PortId, PortId>;
  HoldMusicTest() { services_.hold_music = std::make_shared<media::Clip>(); }
  // The music's port, when `held` is wired with it and with nobody else.
  PortId music_to(PortId held) const {
    if (media_.clips.empty() || media_.wires.back() != Wire(media_.clips.back().port, held))
      return {};
    return media_.clips.back().port;
  }
};

TEST_F(HoldMusicTest, who_is_held_hears_it_alone_until_the_resume) {
  begin({{{kAlice}}});
  legs_["alice"]->answers();
  legs_["alice"]->holds(true);
  const PortId music = music_to(PortId{100});
  ASSERT_TRUE(music);
  EXPECT_TRUE(media_.clips.back().loop);
  EXPECT_EQ(media_.clips.back().clip, services_.hold_music);
  legs_["alice"]->holds(false);
  EXPECT_EQ(media_.wires.back(), Wire(PortId{100}, PortId{200}));
  EXPECT_EQ(media_.removed, std::vector<PortId>{music});
}

TEST_F(HoldMusicTest, there_is_none_when_both_hold_and_again_when_one_resumes) {
  begin({{{kAlice}}});
  legs_["alice"]->answers();
  legs_["alice"]->holds(true);
  caller_->holds(true);
  EXPECT_EQ(media_.wires.back(), Wire(PortId{100}, PortId{200}));
  EXPECT_EQ(media_.removed.size(), 1u);
  legs_["alice"]->holds(false);
  EXPECT_TRUE(music_to(PortId{200})) << "the caller still holds";
}

TEST_F(HoldMusicTest, a_call_that_begins_on_hold_begins_with_it) {
  begin({{{kAlice}}});
  caller_->held = true;
  legs_["alice"]->answers();
  EXPECT_TRUE(music_to(PortId{200}));
}

TEST_F(HoldMusicTest, there_is_none_for_who_wants_none_nor_beside_who_brings_its_own) {
  begin({{{kTrunk}}});
  legs_["acme"]->answers();
  caller_->wants_music = false;
  legs_["acme"]->holds(true);
  EXPECT_TRUE(media_.clips.empty());
  legs_["acme"]->holds(false);
  caller_->wants_music = true;
  legs_["acme"]->brings_music = true;
  legs_["acme"]->holds(true);
  EXPECT_TRUE(media_.clips.empty());
}

TEST_F(HoldMusicTest, silence_stays_silence) {
  services_.hold_music = nullptr;
  begin({{{kAlice}}});
  legs_["alice"]->answers();
  legs_["alice"]->holds(true);
  EXPECT_TRUE(media_.clips.empty());
  EXPECT_EQ(media_.wires.back(), Wire(PortId{100}, PortId{200}));
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

}  // namespace
}  // namespace gw
