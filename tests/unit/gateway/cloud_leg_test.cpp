#include "gateway/call/cloud_leg.h"

#include <gtest/gtest.h>

#include "tests/unit/gateway/kept_usage.h"
#include "tests/unit/support/fake_cloud.h"
#include "tests/unit/support/fake_media_engine.h"
#include "tests/unit/support/leg_witness.h"

namespace gw {
namespace {

using acs::cloud::CallEvent;
using policy::Cause;
using policy::PartyKind;
using Kind = CallEvent::Kind;

class CloudLegTest : public testing::Test {
 protected:
  CloudLegTest() { services_.cloud = &cloud_; }

  CloudLeg& calling(std::string target = "8:acs:r_alice", std::string number = "") {
    CloudLeg::Outgoing outgoing{std::move(target), "8:acs:r_101", "Reception", std::move(number)};
    leg_ =
        std::make_unique<CloudLeg>(services_, call_, Log{}, policy::Party{PartyKind::User, "alice"},
                                   std::move(outgoing), SessionId{1});
    return *leg_;
  }
  CloudLeg& called() {
    acs::cloud::IncomingCall incoming;
    incoming.from = "8:acs:r_alice";
    incoming.to = "8:acs:r_101";
    incoming.context = "ctx";
    leg_ =
        std::make_unique<CloudLeg>(services_, call_, Log{}, policy::Party{PartyKind::User, "alice"},
                                   std::move(incoming), SessionId{1});
    return *leg_;
  }
  CloudLeg& talking() {
    CloudLeg& leg = calling();
    EXPECT_TRUE(leg.start());
    cloud_.answer_id("c1");
    cloud_.event(Kind::CallConnected);
    cloud_.audio->on_audio(true);
    call_.told.clear();
    return leg;
  }

  void transfer(CloudLeg& leg, Duration wait = CloudLeg::kTransferWait) {
    leg.transfer(
        "8:acs:r_bob", "",
        [this](const Result<void>& outcome) {
          outcomes_.push_back(outcome ? "taken" : outcome.error().detail);
        },
        wait);
  }

  std::vector<std::string> outcomes_;  // Of transfers.
  Metrics metrics_;
  SystemClock clock_;
  SystemRandom random_;
  sip::SofiaLoop loop_{metrics_};
  sip::Registrar registrar_{clock_, metrics_, {}};
  test::FakeMediaEngine media_;
  test::FakeCloud cloud_{media_};
  test::KeptUsage usage_;
  Services services_{loop_,  media_,  nullptr,  nullptr, registrar_,
                     clock_, random_, metrics_, usage_};
  test::LegWitness call_;
  std::unique_ptr<CloudLeg> leg_;
};

TEST_F(CloudLegTest, asks_for_the_call_with_the_phones_identity_and_our_addresses) {
  ASSERT_TRUE(calling().start());
  ASSERT_EQ(cloud_.last_operation(), "create_call");
  const auto body = cloud_.last_body();
  EXPECT_EQ(body["targets"][0]["rawId"], "8:acs:r_alice");
  EXPECT_EQ(body["source"]["id"], "8:acs:r_101");
  EXPECT_EQ(body["sourceDisplayName"], "Reception");
  EXPECT_EQ(body["callbackUri"], "https://gw.test/acs/callbacks/token1");
  EXPECT_EQ(body["mediaStreamingOptions"]["transportUrl"], "wss://gw.test/acs/media/token1");
  EXPECT_FALSE(body.contains("sourceCallerIdNumber"));
}

TEST_F(CloudLegTest, rings_when_it_was_taken_and_is_answered_when_connected) {
  ASSERT_TRUE(calling().start());
  cloud_.answer_id("c1");
  cloud_.event(Kind::CallConnected);
  cloud_.audio->on_audio(true);
  EXPECT_EQ(call_.told, (std::vector<std::string>{"ringing", "answered", "media ready"}));
  EXPECT_TRUE(leg_->media_ready());
}

TEST_F(CloudLegTest, what_the_network_said_is_what_the_caller_hears) {
  const std::pair<acs::cloud::ResultInformation, const char*> table[] = {
      {{487, 10004, "", 0, 0}, "ended no_answer"},
      {{487, 10024, "", 0, 0}, "ended declined"},
      {{486, 560486, "", 486, 17}, "ended busy"},
      {{200, 7000, "", 486, 17}, "ended busy"},
      {{480, 10037, "", 0, 0}, "ended not_registered"},
      {{404, 511404, "", 404, 1}, "ended not_found"},
      {{603, 0, "", 0, 0}, "ended declined"},
      {{403, 510403, "", 0, 0}, "ended caller_id_not_allowed"},
      {{500, 0, "", 0, 0}, "ended unavailable"},
  };
  for (const auto& [result, told] : table) {
    call_.told.clear();
    ASSERT_TRUE(calling().start());
    cloud_.answer_id("c1");
    cloud_.event(Kind::CreateCallFailed, result);
    EXPECT_EQ(call_.last(), told);
  }
}

TEST_F(CloudLegTest, a_request_that_acs_refuses_ends_the_leg_with_its_reason) {
  ASSERT_TRUE(calling("4:+14255550199", "+14255550100").start());
  cloud_.refuse(403);
  EXPECT_EQ(call_.last(), "ended caller_id_not_allowed");
  ASSERT_TRUE(calling().start());
  cloud_.refuse(0, ErrorCode::Timeout);
  EXPECT_EQ(call_.last(), "ended timeout");
  ASSERT_TRUE(calling().start());
  cloud_.refuse(401, ErrorCode::Unauthorized);
  EXPECT_EQ(call_.last(), "ended unavailable");
}

TEST_F(CloudLegTest, a_cancelled_call_is_ended_at_the_service_when_it_has_a_name) {
  CloudLeg& leg = calling();
  ASSERT_TRUE(leg.start());
  leg.end({Cause::CancelledByCaller}, true);
  EXPECT_EQ(cloud_.last_operation(), "create_call");
  cloud_.answer_id("c1");
  EXPECT_EQ(cloud_.last_operation(), "terminate_call");
  EXPECT_TRUE(call_.told.empty());
}

TEST_F(CloudLegTest, the_connection_outlives_its_leg) {
  ASSERT_TRUE(calling().start());
  leg_->end({Cause::CancelledByCaller}, true);
  leg_.reset();
  EXPECT_EQ(cloud_.released, (std::vector<std::string>{"token1"}));
  cloud_.answer_id("c1");
  EXPECT_EQ(cloud_.last_operation(), "terminate_call");
}

TEST_F(CloudLegTest, a_hang_up_there_ends_the_call_and_one_here_is_told_once) {
  talking();
  cloud_.event(Kind::CallDisconnected, {200, 7000, "", 0, 0});
  EXPECT_EQ(call_.last(), "ended normal_clearing");
  leg_->end({Cause::NormalClearing}, false);
  EXPECT_NE(cloud_.last_operation(), "terminate_call");
  talking();
  leg_->end({Cause::NormalClearing}, true);
  leg_->end({Cause::NormalClearing}, true);
  EXPECT_EQ(cloud_.waiting(), 1u);
  EXPECT_EQ(cloud_.last_operation(), "terminate_call");
}

TEST_F(CloudLegTest, the_phone_is_asked_first_and_the_service_answered_on_its_200) {
  CloudLeg& leg = called();
  ASSERT_TRUE(leg.prepare());
  EXPECT_TRUE(cloud_.sent.empty());
  ASSERT_TRUE(leg.answer({}));
  ASSERT_EQ(cloud_.last_operation(), "answer_call");
  const auto body = cloud_.last_body();
  EXPECT_EQ(body["incomingCallContext"], "ctx");
  EXPECT_EQ(body["callbackUri"], "https://gw.test/acs/callbacks/token1");
  EXPECT_LE(cloud_.useful.back(), 28s);  // Later nobody would be there.
  cloud_.answer_id("c1");
  cloud_.event(Kind::CallConnected);
  cloud_.audio->on_audio(true);
  EXPECT_EQ(call_.told, (std::vector<std::string>{"media ready"}));
}

TEST_F(CloudLegTest, a_phone_that_does_not_take_the_call_is_told_as_what_it_is) {
  const std::pair<Cause, const char*> table[] = {{Cause::Busy, "busy"},
                                                 {Cause::Forbidden, "forbidden"},
                                                 {Cause::Declined, "none"},
                                                 {Cause::NotRegistered, "none"}};
  for (const auto& [cause, word] : table) {
    CloudLeg& leg = called();
    ASSERT_TRUE(leg.prepare());
    leg.end({cause}, true);
    ASSERT_EQ(cloud_.last_operation(), "reject_call");
    EXPECT_EQ(cloud_.last_body()["callRejectReason"], word);
  }
  const size_t before = cloud_.sent.size();
  ASSERT_TRUE(called().prepare());
  leg_->end({Cause::NoAnswer}, true);
  EXPECT_EQ(cloud_.sent.size(), before);  // It rings out.
}

TEST_F(CloudLegTest, an_answer_that_came_too_late_ends_the_phones_call) {
  CloudLeg& leg = called();
  ASSERT_TRUE(leg.prepare());
  ASSERT_TRUE(leg.answer({}));
  cloud_.refuse(404, ErrorCode::NotFound);
  EXPECT_EQ(call_.last(), "ended cancelled");
}

TEST_F(CloudLegTest, keys_go_to_the_other_party_in_order_one_request_at_a_time) {
  CloudLeg& leg = talking();
  for (const char key : {'1', '2', '#'}) leg.on_media(media::DigitToSend{leg.port(), key, 100ms});
  EXPECT_EQ(cloud_.last_operation(), "send_dtmf");
  EXPECT_EQ(cloud_.last_body()["tones"], nlohmann::json({"one"}));
  EXPECT_EQ(cloud_.last_body()["targetParticipant"]["rawId"], "8:acs:r_alice");
  EXPECT_EQ(cloud_.waiting(), 1u);
  cloud_.answer(202);
  EXPECT_EQ(cloud_.last_body()["tones"], nlohmann::json({"two", "pound"}));
}

TEST_F(CloudLegTest, a_transfer_that_acs_takes_ends_our_part) {
  CloudLeg& leg = talking();
  transfer(leg);
  EXPECT_EQ(cloud_.last_operation(), "transfer_call");
  EXPECT_EQ(cloud_.last_body()["targetParticipant"]["rawId"], "8:acs:r_bob");
  cloud_.answer(202);
  EXPECT_TRUE(call_.told.empty());
  EXPECT_TRUE(outcomes_.empty());
  cloud_.event(Kind::CallTransferAccepted);
  EXPECT_EQ(call_.last(), "ended normal_clearing");
  EXPECT_EQ(outcomes_, std::vector<std::string>{"taken"});
}

TEST_F(CloudLegTest,
       a_transfer_that_acs_refuses_or_fails_is_told_to_who_asked_and_the_call_goes_on) {
  CloudLeg& leg = talking();
  transfer(leg);
  transfer(leg);
  EXPECT_EQ(outcomes_, std::vector<std::string>{"another transfer of this call is under way"});
  cloud_.refuse(403);
  ASSERT_EQ(outcomes_.size(), 2u);
  EXPECT_EQ(outcomes_[1], "ACS did not transfer the call: 403 refused");
  transfer(leg);
  cloud_.answer(202);
  EXPECT_EQ(outcomes_.size(), 2u);
  cloud_.event(Kind::CallTransferFailed, {487, 10004, "nobody answered", 0, 0});
  ASSERT_EQ(outcomes_.size(), 3u);
  EXPECT_EQ(outcomes_[2], "ACS did not transfer the call: 487/10004 nobody answered");
  EXPECT_TRUE(call_.told.empty());
  transfer(leg);
  leg.end({Cause::NormalClearing}, true);
  EXPECT_EQ(outcomes_.back(), "the call ended first");
  EXPECT_EQ(outcomes_.size(), 4u);
}

TEST_F(CloudLegTest, a_transfer_of_which_nothing_is_heard_is_under_way) {
  CloudLeg& leg = talking();
  transfer(leg, 10ms);
  loop_.after(40ms, [this] { loop_.stop(); });
  loop_.run();
  EXPECT_EQ(outcomes_, std::vector<std::string>{"taken"});
  cloud_.event(Kind::CallTransferFailed, {487, 10004, "", 0, 0});
  EXPECT_EQ(outcomes_.size(), 1u) << "once";
  EXPECT_TRUE(call_.told.empty());
}

TEST_F(CloudLegTest, a_connection_that_acs_keeps_after_a_transfer_is_ended_when_it_is_forgotten) {
  CloudLeg& leg = talking();
  transfer(leg);
  cloud_.answer(202);
  cloud_.event(Kind::CallTransferAccepted);
  leg_.reset();
  EXPECT_EQ(cloud_.last_operation(), "transfer_call") << "ACS does it by itself";
  cloud_.last->release();
  EXPECT_EQ(cloud_.last_operation(), "terminate_call");
  cloud_.answer();
  talking();
  cloud_.event(Kind::CallDisconnected, {200, 7000, "", 0, 0});
  const size_t sent = cloud_.sent.size();
  cloud_.last->release();
  EXPECT_EQ(cloud_.sent.size(), sent) << "it is over there";
}

TEST_F(CloudLegTest, a_socket_that_comes_again_changes_nothing_for_the_call) {
  CloudLeg& leg = talking();
  cloud_.audio->on_audio(false);
  EXPECT_FALSE(leg.media_ready());
  EXPECT_TRUE(call_.told.empty());
  cloud_.audio->on_audio(true);
  EXPECT_TRUE(leg.media_ready());
}

TEST_F(CloudLegTest, keys_of_the_other_end_go_to_the_call) {
  talking();
  cloud_.audio->on_audio_key('5');
  EXPECT_EQ(cloud_.keys, "5");
}

TEST_F(CloudLegTest, who_is_held_hears_silence_and_nothing_is_asked_of_the_service) {
  CloudLeg& leg = talking();
  const size_t before = cloud_.sent.size();
  leg.set_remote_hold(true);
  EXPECT_TRUE(cloud_.held);
  leg.set_remote_hold(false);
  EXPECT_FALSE(cloud_.held);
  EXPECT_EQ(cloud_.sent.size(), before);
}

TEST_F(CloudLegTest, sound_that_cannot_be_used_ends_the_call_on_both_sides) {
  talking();
  cloud_.audio->on_audio_failed({ErrorCode::Protocol, "another sample rate"});
  EXPECT_EQ(cloud_.last_operation(), "terminate_call");
  EXPECT_EQ(call_.last(), "ended media_never_connected");
}

TEST_F(CloudLegTest, without_a_port_there_is_no_request) {
  cloud_.no_port = true;
  EXPECT_FALSE(calling().start());
  EXPECT_TRUE(cloud_.sent.empty());
}

}  // namespace
}  // namespace gw
