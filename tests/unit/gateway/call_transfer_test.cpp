// Transfers (RFC 5589).
#include "tests/unit/gateway/call_fixture.h"

namespace gw {
namespace {

using namespace test;

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
    static_cast<LegObserver&>(*call_).on_transfer_wanted(*caller_,
                                                         {"102", "", {}, std::nullopt, ""});
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
  EXPECT_EQ(call_->talking(), (std::vector<Leg*>{caller_, alice_}))
      << "nobody is lost while it rings";
  target.answers();
  EXPECT_EQ(call_->talking(), (std::vector<Leg*>{alice_, &target}));
  EXPECT_EQ(media_.wires.back(), (std::pair{alice_->port(), target.port()}));
  EXPECT_TRUE(media_.joined.empty()) << "never three at once";
  EXPECT_EQ(caller_->told.back(), "end transferred");
  EXPECT_EQ(caller_->told[caller_->told.size() - 2], "transfer done")
      << "told before it is hung up";
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

}  // namespace
}  // namespace gw
