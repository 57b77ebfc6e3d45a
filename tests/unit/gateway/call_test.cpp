#include "gateway/call/call.h"
#include "gateway/call/roster.h"

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

  // Phone 102 sends its calls on.
  void bob_forwards(config::Forwarding forwarding, std::vector<std::string> others = {"103"}) {
    config::Config config = *config_;
    config::Phone bob;
    bob.username = bob.extension = "102";
    bob.forwarding = std::move(forwarding);
    config.phones = {bob};
    for (const std::string& name : others) {
      config::Phone other;
      other.username = other.extension = name;
      config.phones.push_back(other);
    }
    config_ = std::make_shared<const config::Config>(std::move(config));
  }

  Call& begin(std::vector<policy::Rank> ranks) {
    policy::Decision decision;
    decision.ring_timeout = ring_timeout_;
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
  void on_transfer_wanted(Call& call, Leg& leg, const TransferRequest& request) override {
    call.transfer(leg, to(Party{PartyKind::Phone, request.number}));
  }
  PartyName name_of(const Call&, const Leg& leg) const override { return {leg.party().name, ""}; }
  void on_call_finished(Call& call) override {
    ++finished_;
    recorded_parties_ = call.parties().size();
    loop_.stop();
  }

  static policy::Routed to(const Party& party) {
    policy::Decision decision;
    decision.accepted = true;
    decision.normalised = party.name;
    decision.ranks = {{{party}}};
    return {{kCaller, party.name, "", "", "", "", {}, false, {}, 70}, std::move(decision)};
  }
  // Turns the loop a few times: what was posted happens.
  void settle() {
    loop_.after(5ms, [this] { loop_.stop(); });
    loop_.run();
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
  Duration ring_timeout_{};
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
    if (media_.clips.empty() || media_.wires.back() != Wire(media_.clips.back().port, held)) return {};
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

// --- What parties are shown of each other

class RosterTest : public JoinedCallsTest {
 protected:
  void SetUp() override {
    JoinedCallsTest::SetUp();
    for (Call* call : {call_.get(), other_.get()}) {
      call->watch(roster_);
      roster_.on_answered(*call);
    }
  }
  static std::vector<std::string> names(const FakeLeg& leg) {
    std::vector<std::string> all;
    for (const OtherParty& other : leg.others) {
      all.push_back(other.name.raw_id + (other.held ? " holds" : "") + (other.muted ? " muted" : "") + (other.speaks ? " speaks" : ""));
    }
    return all;
  }
  using Names = std::vector<std::string>;

  // A party is named by the call that it came with.
  Roster roster_{[](const Call& call, const Leg& leg) { return PartyName{leg.party().name + "@" + call.id().value, ""}; }};
};

TEST_F(RosterTest, each_of_two_is_shown_the_other) {
  EXPECT_EQ(names(*caller_), Names{"alice@c1"});
  EXPECT_EQ(names(*alice_), Names{"101@c1"});
}

TEST_F(RosterTest, each_party_of_a_conference_is_shown_the_others_under_the_names_of_their_own_calls) {
  const uint64_t alice = caller_->others.front().key;
  join();
  EXPECT_EQ(names(*caller_), (Names{"alice@c1", "103@c2", "102@c2"}));
  EXPECT_EQ(names(*carol_), (Names{"101@c1", "alice@c1", "102@c2"}));
  EXPECT_EQ(caller_->others.front().key, alice) << "who was there is who was there";
  carol_->ends(Cause::NormalClearing);
  EXPECT_EQ(names(*caller_), (Names{"alice@c1", "102@c2"}));
}

TEST_F(RosterTest, who_speaks_holds_or_is_muted_is_marked) {
  join();
  call_->on_media(media::SpeakingChanged{carol_->port(), true});
  call_->on_media(media::SpeakingChanged{alice_->port(), true});
  EXPECT_EQ(names(*caller_), (Names{"alice@c1 speaks", "103@c2 speaks", "102@c2"}));
  EXPECT_EQ(names(*carol_), (Names{"101@c1", "alice@c1 speaks", "102@c2"})) << "nobody is told of itself";
  call_->on_media(media::SpeakingChanged{alice_->port(), false});
  EXPECT_EQ(names(*caller_), (Names{"alice@c1", "103@c2 speaks", "102@c2"}));
  alice_->holds(true);
  EXPECT_EQ(names(*caller_), (Names{"alice@c1 holds", "103@c2 speaks", "102@c2"}));
  call_->mute(*carol_);
  EXPECT_EQ(names(*caller_), (Names{"alice@c1 holds", "103@c2 muted", "102@c2"}));
  alice_->holds(false);
  carol_->ends(Cause::NormalClearing);
  alice_->ends(Cause::NormalClearing);
  EXPECT_EQ(names(*caller_), Names{"102@c2"});
}

// --- Transfers (RFC 5589)

class TransferTest : public CallTest {
 protected:
  explicit TransferTest(Duration ring_timeout = 1h) {
    config::Config config = *config_;
    config.calls.ring_timeout = ring_timeout;
    config_ = std::make_shared<const config::Config>(std::move(config));
  }
  void SetUp() override {
    begin({{{kAlice}}});
    alice_ = talk("alice");
  }
  FakeLeg* talk(const std::string& name) {
    legs_[name]->answers();
    return legs_[name];
  }
  // The caller gives its place to phone 102, which rings.
  FakeLeg& transferred() {
    static_cast<LegObserver&>(*call_).on_transfer_wanted(*caller_, {"102", "", {}, std::nullopt, ""});
    settle();
    return *legs_["102"];
  }

  FakeLeg* alice_ = nullptr;
};

TEST_F(TransferTest, the_target_takes_the_place_of_who_asked_and_each_step_is_told) {
  FakeLeg& target = transferred();
  EXPECT_TRUE(caller_->was_told("transfer trying"));
  target.rings();
  EXPECT_TRUE(caller_->was_told("transfer ringing"));
  EXPECT_EQ(call_->talking(), (std::vector<Leg*>{caller_, alice_})) << "nobody is lost while it rings";
  target.answers();
  EXPECT_EQ(call_->talking(), (std::vector<Leg*>{alice_, &target}));
  EXPECT_EQ(media_.wires.back(), (std::pair{alice_->port(), target.port()}));
  EXPECT_TRUE(media_.joined.empty()) << "never three at once";
  EXPECT_EQ(caller_->told.back(), "end transferred");
  EXPECT_EQ(caller_->told[caller_->told.size() - 2], "transfer done") << "told before it is hung up";
  EXPECT_TRUE(alice_->was_told("meets 102"));
  EXPECT_EQ(call_->state(), CallState::Talking);
}

TEST_F(TransferTest, who_hangs_up_before_the_answer_does_not_take_the_other_along) {
  FakeLeg& target = transferred();
  caller_->ends(Cause::NormalClearing);
  EXPECT_EQ(call_->state(), CallState::Talking);
  EXPECT_FALSE(alice_->ended);
  EXPECT_TRUE(media_.ringback[alice_->port()]) << "who waits alone hears it ring";
  target.answers();
  EXPECT_FALSE(media_.ringback[alice_->port()]);
  EXPECT_EQ(call_->talking(), (std::vector<Leg*>{alice_, &target}));
  EXPECT_EQ(caller_->told.back(), "transfer done") << "and who left still hears of it";
}

TEST_F(TransferTest, a_target_that_refuses_leaves_the_two_as_they_were) {
  transferred().ends(Cause::Busy, 486);
  EXPECT_EQ(caller_->told.back(), "transfer failed busy");
  EXPECT_EQ(call_->talking(), (std::vector<Leg*>{caller_, alice_}));
  EXPECT_FALSE(caller_->ended);
}

TEST_F(TransferTest, who_waits_alone_for_a_target_that_refuses_is_hung_up) {
  FakeLeg& target = transferred();
  caller_->ends(Cause::NormalClearing);
  target.ends(Cause::Busy, 486);
  EXPECT_EQ(call_->state(), CallState::Ended);
  EXPECT_TRUE(alice_->ended);
}

class ImpatientTransferTest : public TransferTest {
 protected:
  ImpatientTransferTest() : TransferTest(20ms) {}
};

TEST_F(ImpatientTransferTest, a_target_that_nobody_answers_is_a_failure_in_the_ring_timeout) {
  transferred();
  loop_.after(60ms, [this] { loop_.stop(); });
  loop_.run();
  EXPECT_EQ(caller_->told.back(), "transfer failed no_answer");
}

TEST_F(TransferTest, when_who_was_to_be_transferred_hangs_up_the_target_stops_ringing) {
  FakeLeg& target = transferred();
  alice_->ends(Cause::NormalClearing);
  EXPECT_TRUE(target.ended);
  EXPECT_TRUE(caller_->was_told("transfer failed cancelled"));
  EXPECT_EQ(call_->state(), CallState::Ended);
}

TEST_F(TransferTest, a_hold_of_who_asked_ends_with_its_part) {
  caller_->holds(true);
  ASSERT_EQ(alice_->told.back(), "held");
  transferred().answers();
  EXPECT_TRUE(alice_->was_told("resumed"));
}

TEST_F(TransferTest, one_at_a_time) {
  transferred();
  static_cast<LegObserver&>(*call_).on_transfer_wanted(*alice_, {"103", "", {}, std::nullopt, ""});
  EXPECT_EQ(alice_->told.back(), "transfer failed forbidden");
}

TEST_F(JoinedCallsTest, attended_those_who_stay_talk_and_the_one_between_is_hung_up_in_both) {
  call_->take_over(*caller_, *other_, *carol_);
  EXPECT_EQ(call_->talking(), (std::vector<Leg*>{alice_, bob_}));
  EXPECT_EQ(media_.merged, (std::vector{std::pair{call_->session(), other_->session()}}));
  EXPECT_EQ(media_.wires.back(), (std::pair{alice_->port(), bob_->port()}));
  EXPECT_TRUE(media_.joined.empty()) << "never a conference";
  EXPECT_EQ(caller_->told.back(), "end transferred");
  EXPECT_TRUE(caller_->was_told("transfer done"));
  EXPECT_EQ(carol_->told.back(), "end transferred");
  EXPECT_TRUE(alice_->was_told("meets 102"));
  EXPECT_TRUE(bob_->was_told("meets alice"));
  EXPECT_EQ(other_->state(), CallState::Ended);
  EXPECT_EQ(call_->state(), CallState::Talking);
  bob_->ends(Cause::NormalClearing);
  EXPECT_EQ(call_->state(), CallState::Ended);
  EXPECT_TRUE(alice_->ended);
}

}  // namespace
}  // namespace gw
