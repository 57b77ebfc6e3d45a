#include "gateway/call/sip_leg.h"

#include <gtest/gtest.h>

#include "tests/unit/gateway/kept_usage.h"
#include "tests/unit/support/fake_media_engine.h"
#include "tests/unit/support/leg_witness.h"

namespace gw {
namespace {

using policy::Cause;
using policy::PartyKind;

// A dialog that remembers what its leg did, and an agent that hands such dialogs out.
class FakeDialog final : public sip::Dialog {
 public:
  explicit FakeDialog(std::vector<std::string>& did) : did_(did) {}
  bool progress(int status, std::optional<std::string> sdp) override {
    return note(std::to_string(status) + (sdp ? " sdp" : ""));
  }
  bool answer(std::string) override { return note("200"); }
  bool refuse(int status, std::string_view, const sip::Reason&,
              std::vector<std::pair<std::string, std::string>> headers) override {
    warned_ = std::move(headers);
    return note("refuse " + std::to_string(status));
  }
  bool acknowledge(std::string) override { return note("ack"); }
  bool offer(std::string) override { return note("offer"); }
  bool accept_offer(std::string) override { return note("accept"); }
  bool refuse_offer(int status, std::vector<std::pair<std::string, std::string>> headers) override {
    warned_ = std::move(headers);
    return note("refuse_offer " + std::to_string(status));
  }
  bool info(std::string_view type, std::string_view body) override {
    return note("info " + std::string(type) + " " + std::string(body));
  }
  bool accept_referral() override { return note("202"); }
  bool refuse_referral(int status) override {
    return note("refuse_referral " + std::to_string(status));
  }
  bool notify_referral(int status) override { return note("notify " + std::to_string(status)); }
  void end(const sip::Reason&) override { note("end"); }
  uint64_t id() const override { return 7; }
  const std::string& sip_call_id() const override { return id_; }

  static inline std::vector<std::pair<std::string, std::string>>
      warned_;  // Headers of the last refusal.

 private:
  bool note(std::string what) {
    did_.push_back(std::move(what));
    return true;
  }
  std::vector<std::string>& did_;
  const std::string id_ = "call";
};

class FakeAgent final : public sip::SipAgent {
 public:
  std::vector<sip::ListenAddress> listening() const override { return {}; }
  std::unique_ptr<sip::Dialog> invite(const sip::OutgoingInvite& invite,
                                      sip::DialogObserver&) override {
    invites.push_back(invite);
    if (unbuildable) return nullptr;
    return std::make_unique<FakeDialog>(did);
  }
  void options(const sip::OutgoingOptions&, std::function<void(int)>) override {}
  void enrol(const sip::OutgoingRegister&, std::function<void(const sip::Enrolment&)>) override {}
  void set_accepting(bool) override {}
  void set_config(const sip::SipConfig&) override {}
  size_t open_dialogs() const override { return 0; }

  std::vector<std::string> did;
  std::vector<sip::OutgoingInvite> invites;
  bool unbuildable = false;
};

class SipLegTest : public testing::Test {
 protected:
  SipLeg& outgoing() {
    sip::OutgoingInvite invite;
    invite.request_uri = "sip:102@127.0.0.1:5062";
    leg_ = std::make_unique<SipLeg>(services_, call_, Log{}, policy::Party{PartyKind::Phone, "102"},
                                    std::move(invite), SipLeg::Media{SessionId{1}, {}, {}});
    return *leg_;
  }
  SipLeg& incoming(std::optional<std::string> sdp = "offer") {
    sip::Invite invite;
    invite.sdp = std::move(sdp);
    leg_ = std::make_unique<SipLeg>(services_, call_, Log{}, policy::Party{PartyKind::Phone, "101"},
                                    std::make_unique<FakeDialog>(agent_.did), invite,
                                    SipLeg::Media{SessionId{1}, {}, {}});
    return *leg_;
  }
  sip::DialogObserver& network() { return *leg_; }

  Metrics metrics_;
  SystemClock clock_;
  SystemRandom random_;
  sip::SofiaLoop loop_{metrics_};
  sip::Registrar registrar_{clock_, metrics_, {}};
  test::FakeMediaEngine media_;
  FakeAgent agent_;
  test::KeptUsage usage_;
  Services services_{loop_,  media_,  &agent_,  nullptr, registrar_,
                     clock_, random_, metrics_, usage_};
  test::LegWitness call_;
  std::unique_ptr<SipLeg> leg_;
};

TEST_F(SipLegTest, an_outgoing_leg_offers_rings_and_is_answered) {
  ASSERT_TRUE(outgoing().start());
  EXPECT_EQ(agent_.invites.front().sdp, "offer");
  network().on_progress(180, std::nullopt);
  EXPECT_EQ(call_.last(), "ringing");
  network().on_answered("answer");
  EXPECT_EQ(call_.last(), "answered");
}

TEST_F(SipLegTest,
       a_183_with_sdp_is_early_media_and_the_200_that_repeats_it_is_not_negotiated_again) {
  ASSERT_TRUE(outgoing().start());
  network().on_progress(183, "answer");
  EXPECT_EQ(call_.last(), "early media");
  network().on_answered("answer");
  EXPECT_EQ(call_.last(), "answered");
}

TEST_F(SipLegTest, a_181_and_a_182_are_no_ringing_and_told_as_what_they_are) {
  ASSERT_TRUE(outgoing().start());
  network().on_progress(181, std::nullopt);
  EXPECT_EQ(call_.last(), "delayed 181");
  network().on_progress(182, std::nullopt);
  EXPECT_EQ(call_.last(), "delayed 182");
  network().on_progress(180, std::nullopt);
  EXPECT_EQ(call_.last(), "ringing");
}

TEST_F(SipLegTest, a_caller_is_told_that_its_call_is_sent_on_or_queued_until_it_is_answered) {
  SipLeg& leg = incoming();
  ASSERT_TRUE(leg.prepare());
  leg.delay(181);
  EXPECT_EQ(agent_.did, std::vector<std::string>{"181"});
  ASSERT_TRUE(leg.answer({}));
  leg.delay(182);
  EXPECT_EQ(agent_.did.back(), "200");
}

TEST_F(SipLegTest, a_refusal_of_ours_says_why_in_a_warning_one_of_the_network_does_not) {
  SipLeg& leg = incoming();
  ASSERT_TRUE(leg.prepare());
  leg.end({Cause::NotAcceptable, 488, 0, "SDP: no codec in common"}, false);
  using Headers = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(FakeDialog::warned_, (Headers{{"Warning", "305 gw \"no common codec\""}}));
  SipLeg& other = incoming();
  ASSERT_TRUE(other.prepare());
  other.end(policy::from_sip({488, "Not Acceptable Here", {}, 0, {}}), true);
  EXPECT_EQ(FakeDialog::warned_, Headers{});
}

TEST_F(SipLegTest, a_100_is_nothing_to_tell) {
  ASSERT_TRUE(outgoing().start());
  network().on_progress(100, std::nullopt);
  EXPECT_TRUE(call_.told.empty());
}

TEST_F(SipLegTest, a_200_without_any_sdp_ends_the_leg_with_488_and_bye) {
  ASSERT_TRUE(outgoing().start());
  network().on_answered(std::nullopt);
  EXPECT_EQ(call_.last(), "ended not_acceptable");
  EXPECT_EQ(agent_.did.back(), "end");
}

TEST_F(SipLegTest, a_contact_that_no_invite_can_be_built_for_fails_at_once) {
  agent_.unbuildable = true;
  EXPECT_FALSE(outgoing().start());
}

TEST_F(SipLegTest, an_incoming_leg_rings_answers_and_is_ended_once) {
  SipLeg& leg = incoming();
  ASSERT_TRUE(leg.prepare());
  leg.ring(false, {});
  ASSERT_TRUE(leg.answer({}));
  leg.end({Cause::NormalClearing}, true);
  leg.end({Cause::NormalClearing}, true);
  EXPECT_EQ(agent_.did, (std::vector<std::string>{"180", "200", "end"}));
}

TEST_F(SipLegTest, an_incoming_leg_that_ends_before_its_answer_is_refused_with_the_causes_status) {
  SipLeg& leg = incoming();
  ASSERT_TRUE(leg.prepare());
  leg.end({Cause::Busy, 486, 0, ""}, true);
  EXPECT_EQ(agent_.did.back(), "refuse 486");
}

TEST_F(SipLegTest, a_late_offer_gets_our_offer_in_the_200_and_its_answer_from_the_ack) {
  SipLeg& leg = incoming(std::nullopt);
  ASSERT_TRUE(leg.prepare());
  ASSERT_TRUE(leg.answer({}));
  EXPECT_EQ(media_.offers, std::vector{media::Direction::SendRecv});
  network().on_confirmed("answer");
  EXPECT_TRUE(call_.told.empty());
}

TEST_F(SipLegTest, an_ack_without_the_answer_to_our_late_offer_ends_the_call) {
  SipLeg& leg = incoming(std::nullopt);
  ASSERT_TRUE(leg.prepare());
  ASSERT_TRUE(leg.answer({}));
  network().on_confirmed(std::nullopt);
  EXPECT_EQ(call_.last(), "ended not_acceptable");
}

TEST_F(SipLegTest, the_other_sides_hold_is_a_reinvite_sendonly_and_its_resume_sendrecv) {
  SipLeg& leg = incoming();
  ASSERT_TRUE(leg.prepare());
  ASSERT_TRUE(leg.answer({}));
  leg.set_remote_hold(true);
  EXPECT_EQ(media_.offers.back(), media::Direction::SendOnly);
  network().on_offer_accepted("answer");
  leg.set_remote_hold(false);
  EXPECT_EQ(media_.offers.back(), media::Direction::SendRecv);
}

TEST_F(SipLegTest, a_resume_while_the_hold_is_still_out_is_offered_after_its_answer) {
  SipLeg& leg = incoming();
  ASSERT_TRUE(leg.prepare());
  ASSERT_TRUE(leg.answer({}));
  leg.set_remote_hold(true);
  leg.set_remote_hold(false);
  EXPECT_EQ(media_.offers, std::vector{media::Direction::SendOnly});
  network().on_offer_accepted("answer");
  EXPECT_EQ(media_.offers.back(), media::Direction::SendRecv);
}

TEST_F(SipLegTest, dtmf_by_info_reaches_the_media_port_as_phones_write_it) {
  const struct {
    const char* type;
    const char* body;
    char digit;
    Duration length;
  } cases[] = {
      {"application/dtmf-relay", "Signal=5\r\nDuration=250\r\n", '5', 250ms},
      {"application/dtmf-relay", "Signal= *\nDuration= 100\n", '*', 100ms},
      {"Application/DTMF-Relay; charset=x", "signal=d\r\n", 'D', 160ms},
      {"application/dtmf-relay", "Signal=11\r\nDuration=100\r\n", '#', 100ms},
      {"application/dtmf-relay", "Duration=100\r\nSignal=7", '7', 100ms},
      {"application/dtmf-relay", "Signal=1\r\nDuration=1\r\n", '1', 40ms},
      {"application/dtmf-relay", "Signal=1\r\nDuration=9999999\r\n", '1', 60s},
      {"application/dtmf-relay", "Signal=1\r\nDuration=soon\r\n", '1', 160ms},
      {"application/dtmf", "5", '5', 160ms},
      {"application/dtmf", "#\r\n", '#', 160ms},
      {"application/dtmf", "Signal=3\r\nDuration=90\r\n", '3', 90ms},
  };
  SipLeg& leg = incoming();
  ASSERT_TRUE(leg.prepare());
  for (const auto& c : cases) {
    media_.digits_received.clear();
    network().on_info(c.type, c.body);
    EXPECT_EQ(media_.digits_received[leg.port()], std::string(1, c.digit)) << c.body;
    EXPECT_EQ(media_.last_length, c.length) << c.body;
  }
}

TEST_F(SipLegTest, info_that_is_no_key_is_nothing) {
  SipLeg& leg = incoming();
  ASSERT_TRUE(leg.prepare());
  for (const auto& [type, body] : {std::pair{"application/dtmf-relay", "Signal=x\r\n"},
                                   {"text/plain", "5"},
                                   {"application/dtmf-relay", "5"},
                                   {"application/dtmf-relay", "Signal=\r\n"},
                                   {"application/dtmf-relay", "Signal=99\r\n"},
                                   {"application/dtmf", ""},
                                   {"application/dtmf", "hello"},
                                   {"application/dtmf-relayed", "Signal=5"}}) {
    network().on_info(type, body);
    EXPECT_TRUE(media_.digits_received.empty()) << type << " " << body;
  }
  EXPECT_TRUE(call_.told.empty());
}

TEST_F(SipLegTest, a_key_for_a_phone_of_info_is_sent_by_info) {
  SipLeg& leg = incoming();
  ASSERT_TRUE(leg.prepare());
  ASSERT_TRUE(leg.answer({}));
  leg.on_media(media::DigitToSend{leg.port(), '#', 120ms});
  EXPECT_EQ(agent_.did.back(), "info application/dtmf-relay Signal=#\r\nDuration=120\r\n");
}

TEST_F(SipLegTest, lost_media_ends_the_leg_on_both_sides) {
  SipLeg& leg = incoming();
  ASSERT_TRUE(leg.prepare());
  ASSERT_TRUE(leg.answer({}));
  leg.on_media(media::MediaTimedOut{leg.port()});
  EXPECT_EQ(call_.last(), "ended media_lost");
  EXPECT_EQ(agent_.did.back(), "end");
}

TEST_F(SipLegTest, a_refer_is_accepted_and_its_outcome_told_by_notify) {
  SipLeg& leg = incoming();
  ASSERT_TRUE(leg.prepare());
  ASSERT_TRUE(leg.answer({}));
  sip::Referral referral;
  referral.target = "102";
  referral.ours = true;
  network().on_referred(referral);
  EXPECT_EQ(agent_.did.back(), "202");
  EXPECT_EQ(call_.last(), "transfer to 102");
  leg.on_transfer(TransferStep::Ringing, {});
  EXPECT_EQ(agent_.did.back(), "notify 180");
  leg.on_transfer(TransferStep::Failed, {Cause::Busy, 486, 0, ""});
  EXPECT_EQ(agent_.did.back(), "notify 486");
}

TEST_F(SipLegTest, a_refer_that_replaces_names_a_dialog_and_no_number) {
  SipLeg& leg = incoming();
  ASSERT_TRUE(leg.prepare());
  ASSERT_TRUE(leg.answer({}));
  sip::Referral referral;
  referral.target = "102";
  referral.replaces = true;
  referral.dialog = 7;
  network().on_referred(referral);
  EXPECT_EQ(call_.wanted.number, "");
  EXPECT_EQ(call_.wanted.dialog, 7u);
  EXPECT_TRUE(leg.is_meant_by(call_.wanted)) << "the fake's id is 7";
}

TEST_F(SipLegTest, a_refer_elsewhere_or_before_the_answer_is_refused) {
  SipLeg& leg = incoming();
  ASSERT_TRUE(leg.prepare());
  sip::Referral referral;
  referral.target = "102";
  referral.ours = true;
  network().on_referred(referral);
  EXPECT_EQ(agent_.did.back(), "refuse_referral 603");
  ASSERT_TRUE(leg.answer({}));
  referral.ours = false;
  network().on_referred(referral);
  EXPECT_EQ(agent_.did.back(), "refuse_referral 404");
  EXPECT_TRUE(call_.told.empty());
}

TEST_F(SipLegTest, a_refresh_offers_what_is_in_force) {
  SipLeg& leg = incoming();
  ASSERT_TRUE(leg.prepare());
  ASSERT_TRUE(leg.answer({}));
  network().on_refresh_due();
  EXPECT_EQ(media_.offers, std::vector{media::Direction::SendRecv});
  EXPECT_EQ(agent_.did.back(), "offer");
}

}  // namespace
}  // namespace gw
