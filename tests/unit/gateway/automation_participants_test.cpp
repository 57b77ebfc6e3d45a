#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/gateway/automation_host_fixture.h"

namespace gw {
namespace {

TEST_F(AutomationHostTest, participants_are_added_muted_held_and_removed) {
  alice_calls();
  const std::string connection = answer();
  told_.clear();
  ca::AddParticipant add;
  add.who = kBob;
  add.tag.context = "add";
  const auto added = ask(add, connection);
  ASSERT_TRUE(added);
  EXPECT_FALSE(std::get<ca::Invitation>(*added).id.empty());
  accepts();
  EXPECT_THAT(types(), ElementsAre("AddParticipantSucceeded", "ParticipantsUpdated"));
  EXPECT_EQ(told_[0].context, "add");
  EXPECT_THAT(participants(connection), ElementsAre(kAlice, kBob));
  EXPECT_EQ(code(ask(add, connection)), "400 BadRequest") << "it is there already";

  EXPECT_TRUE(ask(ca::MuteParticipant{kBob, {}}, connection));
  EXPECT_TRUE(ask(ca::Hold{kAlice, {}, {}}, connection));
  const auto bob = std::get<ca::Participant>(*ask(ca::GetParticipant{kBob}, connection));
  EXPECT_EQ(bob, (ca::Participant{kBob, true, false}));
  const auto alice = std::get<ca::Participant>(*ask(ca::GetParticipant{kAlice}, connection));
  EXPECT_TRUE(alice.on_hold);
  EXPECT_EQ(media_.disconnected.size(), 1u);
  EXPECT_TRUE(ask(ca::Unhold{kAlice, {}}, connection));
  EXPECT_EQ(code(ask(ca::MuteParticipant{kEcho, {}}, connection)), "404 8523");

  told_.clear();
  EXPECT_TRUE(ask(ca::RemoveParticipant{kBob, {"rm", ""}}, connection));
  EXPECT_THAT(types(), ElementsAre("RemoveParticipantSucceeded", "ParticipantsUpdated"));
  EXPECT_THAT(participants(connection), ElementsAre(kAlice));
}

TEST_F(AutomationHostTest, a_participant_who_does_not_come_is_told_and_the_call_goes_on) {
  alice_calls();
  const std::string connection = answer();
  told_.clear();
  ca::AddParticipant add;
  add.who = kBob;
  ask(add, connection);
  rejects();
  ASSERT_THAT(types(), ElementsAre("AddParticipantFailed"));
  EXPECT_EQ(told_[0].result->code, 486u);
  EXPECT_THAT(participants(connection), ElementsAre(kAlice));
}

TEST_F(AutomationHostTest, an_invitation_can_be_cancelled_while_it_rings) {
  alice_calls();
  const std::string connection = answer();
  told_.clear();
  ca::AddParticipant add;
  add.who = kBob;
  const auto added = ask(add, connection);
  const std::string id = std::get<ca::Invitation>(*added).id;
  EXPECT_TRUE(ask(ca::CancelAddParticipant{id, {}}, connection));
  EXPECT_TRUE(ask(ca::CancelAddParticipant{id, {}}, connection));
  EXPECT_THAT(types(), ElementsAre("CancelAddParticipantSucceeded", "CancelAddParticipantFailed"));
  ASSERT_FALSE(edge_.ended.empty());
  EXPECT_EQ(edge_.ended.back().call_id, edge_.rung.back().call_id);
}

TEST_F(AutomationHostTest, a_transfer_connects_the_two_and_lets_the_app_go) {
  alice_calls();
  const std::string connection = answer();
  told_.clear();
  ca::Transfer transfer;
  transfer.target = kBob;
  transfer.tag.context = "xfer";
  EXPECT_TRUE(ask(transfer, connection));
  EXPECT_EQ(edge_.rung.back().from.raw_id, kAlice) << "bob sees whom he will talk with";
  EXPECT_EQ(std::get<ca::CallProperties>(*ask(ca::GetCall{}, connection)).state,
            ca::ConnectionState::Transferring);
  EXPECT_TRUE(std::ranges::any_of(media_.ringback, [](const auto& port) { return port.second; }));
  accepts();
  EXPECT_THAT(types(), ElementsAre("CallTransferAccepted", "CallDisconnected"));
  EXPECT_EQ(told_[0].context, "xfer");
  EXPECT_EQ(told_[0].more["transferTarget"]["rawId"], kBob);
  EXPECT_EQ(control_->registry().live(), 1u);
  EXPECT_EQ(host_->connections(), 0u);
}

TEST_F(AutomationHostTest, a_transfer_that_fails_leaves_the_call_with_the_app) {
  alice_calls();
  const std::string connection = answer();
  told_.clear();
  ca::Transfer transfer;
  transfer.target = kBob;
  ask(transfer, connection);
  rejects();
  EXPECT_THAT(types(), ElementsAre("CallTransferFailed"));
  EXPECT_THAT(participants(connection), ElementsAre(kAlice));
}

TEST_F(AutomationHostTest, who_hangs_up_while_being_transferred_takes_the_target_along) {
  alice_calls();
  const std::string connection = answer();
  told_.clear();
  ca::Transfer transfer;
  transfer.target = kBob;
  ask(transfer, connection);
  const std::string ringing = edge_.rung.back().call_id;
  hangs_up("alice-1");
  EXPECT_EQ(types().back(), "CallDisconnected");
  EXPECT_TRUE(
      std::ranges::any_of(edge_.ended, [&](const auto& e) { return e.call_id == ringing; }));
  EXPECT_EQ(control_->registry().live(), 0u);
}

}  // namespace
}  // namespace gw
