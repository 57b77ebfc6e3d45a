#include "gateway/call/edge_leg.h"

#include <gtest/gtest.h>

#include "tests/unit/gateway/kept_usage.h"
#include "tests/unit/support/fake_edge.h"
#include "tests/unit/support/fake_media_engine.h"
#include "tests/unit/support/leg_witness.h"

namespace gw {
namespace {

namespace edge = acs::edge;
using policy::Cause;
using policy::PartyKind;

constexpr char kCallId[] = "5f1f7c1e-0000-4000-8000-000000000001";

class EdgeLegTest : public testing::Test {
 protected:
  EdgeLeg& called_user(std::vector<edge::DeviceId> devices) {
    edge_.present = std::move(devices);
    leg_ = std::make_unique<EdgeLeg>(services_, call_, Log{},
                                     policy::Party{PartyKind::User, "alice"}, user(), media());
    return *leg_;
  }
  EdgeLeg& calling_user(std::string offer = "offer") {
    edge::Invited invited;
    invited.request = {"tab1", 1};
    invited.call_id = kCallId;
    invited.offer = std::move(offer);
    leg_ = std::make_unique<EdgeLeg>(
        services_, call_, Log{}, policy::Party{PartyKind::User, "alice"}, user(), media(), invited);
    return *leg_;
  }
  static EdgeLeg::User user() {
    EdgeLeg::User user;
    user.identity = "8:acs:r_alice";
    user.call_id = kCallId;
    user.remote = {"4:101", "Reception"};
    return user;
  }
  static EdgeLeg::Media media() { return {SessionId{1}, {{media::Codec::Opus}}}; }
  static edge::Accepted accept(const char* device, uint32_t id, std::string offer = "offer") {
    return {{device, id}, kCallId, false, std::move(offer), 1};
  }

  Metrics metrics_;
  SystemClock clock_;
  SystemRandom random_;
  sip::SofiaLoop loop_{metrics_};
  sip::Registrar registrar_{clock_, metrics_, {}};
  test::FakeMediaEngine media_;
  test::FakeEdge edge_;
  test::KeptUsage usage_;
  Services services_{loop_, media_, nullptr, &edge_, registrar_, clock_, random_, metrics_, usage_};
  test::LegWitness call_;
  std::unique_ptr<EdgeLeg> leg_;
};

TEST_F(EdgeLegTest, a_user_without_a_device_cannot_be_called) {
  const auto started = called_user({}).start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::Unavailable);
}

TEST_F(EdgeLegTest, the_first_device_to_accept_wins_and_the_others_hear_10003) {
  EdgeLeg& leg = called_user({"tab1", "tab2"});
  ASSERT_TRUE(leg.start());
  leg.on_event(accept("tab2", 7));
  EXPECT_EQ(edge_.code(7), 0u);
  EXPECT_EQ(edge_.settled, "tab2");
  EXPECT_EQ(edge_.losers_hear.status.code, 487u);
  EXPECT_EQ(edge_.losers_hear.status.sub_code, 10003u);
  EXPECT_EQ(call_.last(), "answered");
}

TEST_F(EdgeLegTest, an_accept_that_comes_second_is_refused) {
  EdgeLeg& leg = called_user({"tab1", "tab2"});
  ASSERT_TRUE(leg.start());
  leg.on_event(accept("tab1", 7));
  leg.on_event(accept("tab2", 8));
  EXPECT_EQ(edge_.code(8), 400u);
  EXPECT_EQ(edge_.answers[8].front().status.sub_code, 41006u);
}

TEST_F(EdgeLegTest, each_ringing_device_warms_up_its_own_media_and_the_losers_port_is_closed) {
  EdgeLeg& leg = called_user({"tab1", "tab2"});
  ASSERT_TRUE(leg.start());
  leg.on_event(edge::Offered{{"tab1", 3}, kCallId, 1, "offer"});
  leg.on_event(edge::Offered{{"tab2", 4}, kCallId, 1, "offer"});
  ASSERT_EQ(leg.ports().size(), 2u);
  EXPECT_TRUE(edge_.answers[3].front().sdp);
  const PortId loser = leg.ports().front();
  leg.on_event(accept("tab2", 5, ""));
  EXPECT_EQ(media_.removed, std::vector<PortId>{loser});
  EXPECT_EQ(leg.ports().size(), 1u);
}

TEST_F(EdgeLegTest, an_accept_needs_an_offer_sooner_or_with_it) {
  EdgeLeg& leg = called_user({"tab1"});
  ASSERT_TRUE(leg.start());
  leg.on_event(accept("tab1", 5, ""));
  EXPECT_EQ(edge_.code(5), 400u);
  leg.on_event(accept("tab1", 6));
  EXPECT_EQ(call_.last(), "answered");
}

TEST_F(EdgeLegTest, only_when_every_device_declined_is_the_call_declined) {
  EdgeLeg& leg = called_user({"tab1", "tab2"});
  ASSERT_TRUE(leg.start());
  leg.on_event(edge::Rejected{{"tab1", 1}, kCallId, false});
  EXPECT_TRUE(call_.told.empty());
  leg.on_event(edge::Rejected{{"tab2", 2}, kCallId, false});
  EXPECT_EQ(call_.last(), "ended declined");
}

TEST_F(EdgeLegTest, the_last_device_that_goes_away_while_ringing_ends_it) {
  EdgeLeg& leg = called_user({"tab1"});
  ASSERT_TRUE(leg.start());
  leg.on_event(edge::DeviceGone{"tab1", "8:acs:r_alice", {kCallId}, {}});
  EXPECT_EQ(call_.last(), "ended not_registered");
}

// The calling user's browser offers three codecs and was answered with the one that the callee was
// taken to speak.
class EdgeLegThatFollows : public EdgeLegTest {
 protected:
  EdgeLeg& calling(bool follows) {
    using enum media::Codec;
    media_.remote_offer.codecs = {Opus, G722, Pcmu};
    edge::Invited invited;
    invited.request = {"tab1", 1};
    invited.call_id = kCallId;
    invited.offer = "offer";
    invited.generation = 3;
    EdgeLeg::Media media{SessionId{1}, {{G722, Opus, Pcmu, Pcma}}, G722, follows};
    leg_ =
        std::make_unique<EdgeLeg>(services_, call_, Log{}, policy::Party{PartyKind::User, "alice"},
                                  user(), std::move(media), invited);
    EXPECT_TRUE(leg_->prepare());
    media_.agreed = media::Negotiated{};
    media_.agreed->codec = G722;
    return *leg_;
  }
};

TEST_F(EdgeLegThatFollows,
       asks_for_an_offer_when_the_callee_speaks_another_codec_that_the_browser_can_speak) {
  EdgeLeg& leg = calling(true);
  ASSERT_TRUE(leg.answer({media::Codec::Pcmu}));
  EXPECT_EQ(edge_.offers_asked, 1);
  EXPECT_EQ(edge_.generation_asked, 4u);
  leg.on_event(edge::Offered{{"tab1", 5}, kCallId, 4, "offer"});
  EXPECT_EQ(media_.answered_first,
            (std::vector<std::vector<media::Codec>>{{}, {media::Codec::Pcmu}}));
  EXPECT_EQ(media_.other_legs[leg.port()], media::Codec::Pcmu);
}

TEST_F(EdgeLegThatFollows, lets_be_what_fits_what_the_browser_cannot_and_what_a_route_has_fixed) {
  ASSERT_TRUE(calling(true).answer({media::Codec::G722}));
  ASSERT_TRUE(calling(true).answer({media::Codec::Pcma}));
  ASSERT_TRUE(calling(true).answer({}));
  ASSERT_TRUE(calling(false).answer({media::Codec::Pcmu}));
  EXPECT_EQ(edge_.offers_asked, 0);
}

TEST_F(EdgeLegTest, a_users_own_hold_outweighs_the_other_sides) {
  EdgeLeg& leg = calling_user();
  ASSERT_TRUE(leg.prepare());
  ASSERT_TRUE(leg.answer({}));
  leg.set_remote_hold(true);
  EXPECT_EQ(edge_.states.back(), edge::CallState::RemoteHold);
  leg.on_event(edge::HoldAsked{{"tab1", 2}, kCallId, true});
  EXPECT_EQ(edge_.states.back(), edge::CallState::LocalHold);
  EXPECT_TRUE(media_.held[leg.port()]);
  EXPECT_EQ(call_.last(), "hold");
  leg.on_event(edge::HoldAsked{{"tab1", 3}, kCallId, false});
  EXPECT_EQ(edge_.states.back(), edge::CallState::RemoteHold);
  leg.set_remote_hold(false);
  EXPECT_EQ(edge_.states.back(), edge::CallState::Connected);
}

TEST_F(EdgeLegTest, only_the_device_that_has_the_call_commands_it) {
  EdgeLeg& leg = calling_user();
  ASSERT_TRUE(leg.prepare());
  ASSERT_TRUE(leg.answer({}));
  leg.on_event(edge::HoldAsked{{"stranger", 9}, kCallId, true});
  leg.on_event(edge::MuteAsked{{"stranger", 10}, kCallId, true});
  leg.on_event(edge::DigitsAsked{{"stranger", 11}, kCallId, "1", {}, {}});
  leg.on_event(edge::HungUp{{"stranger", 12}, kCallId, true});
  EXPECT_EQ(edge_.code(9), 500u);
  EXPECT_EQ(edge_.code(10), 500u);
  EXPECT_EQ(edge_.code(11), 400u);
  EXPECT_TRUE(call_.told.empty());
}

TEST_F(EdgeLegTest, hanging_up_tells_the_user_0_0_and_the_call_that_it_ended) {
  EdgeLeg& leg = calling_user();
  ASSERT_TRUE(leg.prepare());
  ASSERT_TRUE(leg.answer({}));
  leg.on_event(edge::HungUp{{"tab1", 2}, kCallId, false});
  ASSERT_EQ(edge_.ended.size(), 1u);
  EXPECT_EQ(edge_.ended.front().reason.status.code, 0u);
  EXPECT_EQ(edge_.ended.front().reason.status.sub_code, 0u);
  EXPECT_EQ(call_.last(), "ended normal_clearing");
}

TEST_F(EdgeLegTest, a_phone_that_hangs_up_is_560000_for_the_user_who_called_it) {
  EdgeLeg& leg = calling_user();
  ASSERT_TRUE(leg.prepare());
  ASSERT_TRUE(leg.answer({}));
  leg.set_far_side(policy::Far::Phone, policy::FarDirection::WeCalledIt);
  leg.end({Cause::NormalClearing}, true);
  EXPECT_EQ(edge_.ended.front().reason.status.sub_code, 560000u);
}

TEST_F(EdgeLegTest, a_muted_start_is_enforced_at_the_gateway) {
  edge::Accepted muted = accept("tab1", 5);
  muted.start_muted = true;
  EdgeLeg& leg = called_user({"tab1"});
  ASSERT_TRUE(leg.start());
  leg.on_event(muted);
  EXPECT_TRUE(media_.muted[leg.port()]);
}

TEST_F(EdgeLegTest, a_user_who_invites_without_an_offer_is_asked_for_one) {
  EdgeLeg& leg = calling_user("");
  ASSERT_TRUE(leg.prepare());
  EXPECT_EQ(edge_.code(1), 0u);
  EXPECT_EQ(edge_.offers_asked, 1);
  leg.on_event(edge::Offered{{"tab1", 2}, kCallId, 1, "offer"});
  EXPECT_TRUE(edge_.answers[2].front().sdp);
}

TEST_F(EdgeLegTest,
       the_end_of_the_resume_window_is_signalling_lost_and_of_the_token_token_expired) {
  EdgeLeg& leg = calling_user();
  ASSERT_TRUE(leg.prepare());
  edge::EndReason expired;
  expired.status = {495, 4507, "", edge::Category::UnexpectedClientError};
  leg.on_event(edge::DeviceGone{"tab1", "8:acs:r_alice", {kCallId}, expired});
  EXPECT_EQ(call_.last(), "ended token_expired");
}

TEST_F(EdgeLegTest, a_user_asks_for_a_transfer_and_is_told_each_step) {
  EdgeLeg& leg = called_user({"tab1"});
  ASSERT_TRUE(leg.start());
  leg.on_event(accept("tab1", 1));
  edge::TransferAsked asked;
  asked.request = {"tab1", 2};
  asked.call_id = kCallId;
  asked.target = {"4:102", ""};
  leg.on_event(asked);
  EXPECT_EQ(edge_.code(2), 0u);
  EXPECT_EQ(call_.last(), "transfer to 102");
  leg.on_transfer(TransferStep::Ringing, {});
  EXPECT_EQ(edge_.transfers.back().state, edge::TransferUpdate::State::Transferring);
  leg.on_transfer(TransferStep::Failed, {Cause::Busy, 486, 0, ""});
  EXPECT_EQ(edge_.transfers.back().state, edge::TransferUpdate::State::Failed);
  EXPECT_EQ(edge_.transfers.back().error.code, 486u);
  leg.on_transfer(TransferStep::Done, {Cause::Transferred});
  EXPECT_EQ(edge_.transfers.back().state, edge::TransferUpdate::State::Transferred);
  leg.end({Cause::Transferred}, true);
  EXPECT_EQ(edge_.ended.back().reason.status.code, 0u);
  EXPECT_EQ(edge_.ended.back().reason.status.sub_code, 7015u);
}

TEST_F(EdgeLegTest, a_transfer_into_another_call_of_the_user_names_that_call) {
  EdgeLeg& leg = called_user({"tab1"});
  ASSERT_TRUE(leg.start());
  leg.on_event(accept("tab1", 1));
  edge::TransferAsked asked;
  asked.request = {"tab1", 2};
  asked.call_id = kCallId;
  asked.target_call_id = "other";
  leg.on_event(asked);
  EXPECT_EQ(call_.wanted.number, "");
  EXPECT_EQ(call_.wanted.user_call, "other");
  EXPECT_FALSE(leg.is_meant_by(call_.wanted));
  call_.wanted.user_call = kCallId;
  EXPECT_TRUE(leg.is_meant_by(call_.wanted));
}

TEST_F(EdgeLegTest, before_the_answer_or_from_another_device_no_transfer_is_to_be_had) {
  EdgeLeg& leg = called_user({"tab1", "tab2"});
  ASSERT_TRUE(leg.start());
  edge::TransferAsked asked;
  asked.request = {"tab1", 1};
  asked.target = {"4:102", ""};
  leg.on_event(asked);
  EXPECT_EQ(edge_.code(1), 400u);
  leg.on_event(accept("tab1", 2));
  asked.request = {"tab2", 3};
  leg.on_event(asked);
  EXPECT_EQ(edge_.code(3), 400u);
}

TEST_F(EdgeLegTest,
       a_conference_is_shown_with_everybody_in_it_and_the_other_of_two_stays_who_it_was) {
  EdgeLeg& leg = called_user({"tab1"});
  ASSERT_TRUE(leg.start());
  leg.on_event(accept("tab1", 1));
  leg.connected();
  const OtherParty reception{7, {"4:101", "Reception"}}, carol{8, {"8:acs:carol", "Carol"}},
      carrier{9, {"4:+14255550123", ""}};
  leg.show_others({reception});
  const auto of_two = edge_.roster;
  ASSERT_EQ(of_two.size(), 1u);

  leg.show_others({reception, carol, carrier});
  ASSERT_EQ(edge_.roster.size(), 3u);
  EXPECT_TRUE(edge_.roster.contains(of_two.begin()->first)) << "it was there before";
  OtherParty speaker = carol;
  speaker.speaks = true;
  leg.show_others({reception, speaker, carrier});
  const auto speaking =
      std::ranges::count_if(edge_.roster, [](const auto& entry) { return entry.second.speaking; });
  EXPECT_EQ(speaking, 1);

  // Who is left is the other of two: its state is the call's again.
  leg.show_others({carol});
  ASSERT_EQ(edge_.roster.size(), 1u);
  EXPECT_EQ(edge_.roster.begin()->second.identity.raw_id, "8:acs:carol");
  leg.set_remote_hold(true);
  ASSERT_EQ(edge_.roster.size(), 1u);
  EXPECT_EQ(edge_.roster.begin()->second.identity.raw_id, "8:acs:carol");
  EXPECT_EQ(edge_.roster.begin()->second.state, edge::ParticipantState::Hold);
}

}  // namespace
}  // namespace gw
