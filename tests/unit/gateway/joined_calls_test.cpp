// Calls that become one, and what everybody is shown of everybody.
#include "gateway/call/roster.h"
#include "tests/unit/gateway/call_fixture.h"

namespace gw {
namespace {

using namespace test;

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
      all.push_back(other.name.raw_id + (other.held ? " holds" : "") +
                    (other.muted ? " muted" : "") + (other.speaks ? " speaks" : ""));
    }
    return all;
  }
  using Names = std::vector<std::string>;

  // A party is named by the call that it came with.
  Roster roster_{[](const Call& call, const Leg& leg) {
    return PartyName{leg.party().name + "@" + call.id().value, ""};
  }};
};

TEST_F(RosterTest, each_of_two_is_shown_the_other) {
  EXPECT_EQ(names(*caller_), Names{"alice@c1"});
  EXPECT_EQ(names(*alice_), Names{"101@c1"});
}

TEST_F(RosterTest,
       each_party_of_a_conference_is_shown_the_others_under_the_names_of_their_own_calls) {
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
  EXPECT_EQ(names(*carol_), (Names{"101@c1", "alice@c1 speaks", "102@c2"}))
      << "nobody is told of itself";
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
