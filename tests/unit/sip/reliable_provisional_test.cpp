#include <gtest/gtest.h>

#include "tests/unit/support/sip_rig.h"

namespace gw::test {
namespace {

// RFC 3262, both roles.
class Reliable : public ::testing::Test {
 protected:
  Reliable() { rig.peers = {&peer}; }

  // A reliable response of the peer's.
  void answer_reliably(int status, const std::string& tag, unsigned rseq,
                       const std::string& sdp = {}) {
    peer.send(peer.respond(invite, status, tag, sdp,
                           "Require: 100rel\r\nRSeq: " + std::to_string(rseq) + "\r\n"),
              rig.udp());
  }
  unsigned cseq_of(const SipText& message) {
    return static_cast<unsigned>(std::stoul(message.header("CSeq")));
  }

  SipRig rig;
  SipPeer peer;
  SipText invite;
};

TEST_F(Reliable, a_reliable_response_to_us_is_acknowledged_once_and_in_its_order) {
  RecordedDialog& call = rig.call(rig.outgoing_to(peer));
  invite = rig.expect(peer, "INVITE");
  answer_reliably(183, "B", 41, kAnswer);
  const SipText prack = rig.expect(peer, "PRACK");
  EXPECT_EQ(prack.header("RAck"), "41 " + std::to_string(cseq_of(invite)) + " INVITE");
  EXPECT_EQ(prack.to_tag(), "B");
  EXPECT_EQ(prack.uri(), "sip:peer@" + peer.host_port());
  peer.send(peer.respond(prack, 200, ""), rig.udp());
  answer_reliably(183, "B", 41, kAnswer);  // Again: our PRACK crossed it.
  answer_reliably(180, "B", 43);           // One is missing.
  answer_reliably(180, "B", 42);
  const SipText second = rig.expect(peer, "PRACK");
  EXPECT_TRUE(second.header("RAck").starts_with("42 "));
  EXPECT_GT(cseq_of(second), cseq_of(prack));
  EXPECT_FALSE(peer.take([](const SipText& m) { return m.method() == "PRACK"; }));
  EXPECT_EQ(call.events, (std::vector<std::string>{"progress 183 +sdp", "progress 180"}));

  // The call goes on in that dialog: its numbers too.
  peer.send(peer.respond(invite, 200, "B", {}), rig.udp());
  rig.event(call, "answered");
  EXPECT_EQ(cseq_of(rig.expect(peer, "ACK")), cseq_of(invite));
  call.dialog->end({});
  const SipText bye = rig.expect(peer, "BYE");
  EXPECT_GT(cseq_of(bye), cseq_of(second));
  EXPECT_EQ(bye.to_tag(), "B");
  peer.send(peer.respond(bye, 200, ""), rig.udp());
  EXPECT_TRUE(rig.all_dialogs_gone());
}

TEST_F(Reliable, each_fork_has_numbers_of_its_own_and_the_one_that_answers_has_the_call) {
  RecordedDialog& call = rig.call(rig.outgoing_to(peer));
  invite = rig.expect(peer, "INVITE");
  answer_reliably(183, "A", 1, kAnswer);
  EXPECT_EQ(rig.expect(peer, "PRACK").to_tag(), "A");
  answer_reliably(183, "B", 900, kAnswer);
  EXPECT_EQ(rig.expect(peer, "PRACK").to_tag(), "B");
  peer.send(peer.respond(invite, 200, "A", kAnswer), rig.udp());
  rig.event(call, "answered +sdp");
  EXPECT_EQ(rig.expect(peer, "ACK").to_tag(), "A");
}

TEST_F(Reliable, a_199_ends_a_fork_and_not_the_call) {
  RecordedDialog& call = rig.call(rig.outgoing_to(peer));
  invite = rig.expect(peer, "INVITE");
  EXPECT_NE(invite.header("Supported").find("199"), std::string::npos);
  peer.send(peer.respond(invite, 180, "A"), rig.udp());
  peer.send(peer.respond(invite, 199, "A", {}, "Reason: SIP;cause=486\r\n"), rig.udp());
  peer.send(peer.respond(invite, 182, "B"), rig.udp());
  rig.event(call, "progress 182");
  EXPECT_EQ(call.events, (std::vector<std::string>{"progress 180", "progress 182"}));
}

TEST_F(Reliable, without_an_offer_we_do_not_promise_100rel) {
  rig.call(rig.outgoing_to(peer, false));
  EXPECT_EQ(rig.expect(peer, "INVITE").header("Supported"), "timer, 199");
}

TEST_F(Reliable, our_early_media_is_repeated_until_its_prack_and_the_200_waits) {
  PeerDialog caller = rig.dialog_from(peer);
  peer.send(caller.request("INVITE", kOffer, "Supported: 100rel\r\n"), rig.udp());
  RecordedDialog& call = rig.wait_for_invite();
  call.call([](auto& d) { return d.progress(180, std::nullopt); });
  EXPECT_EQ(rig.expect(peer, 180, "INVITE").header("RSeq"), "") << "nothing in it that must arrive";
  call.call([](auto& d) { return d.progress(183, kAnswer); });
  SipText early = rig.expect(peer, 183, "INVITE");
  EXPECT_EQ(early.header("Require"), "100rel");
  early = rig.expect(peer, 183, "INVITE");  // Again: nobody acknowledged it.
  call.call([](auto& d) { return d.answer(kAnswer); });
  rig.settle();
  EXPECT_FALSE(peer.take([](const SipText& m) { return m.status() == 200; }))
      << "RFC 3262 3: not before the PRACK";
  caller.to_tag = early.to_tag();
  caller.target = early.contact_uri();
  const unsigned invited = caller.cseq++;
  peer.send(caller.request(
                "PRACK", {},
                "RAck: " + early.header("RSeq") + " " + std::to_string(invited) + " INVITE\r\n"),
            rig.udp());
  rig.expect(peer, 200, "PRACK");
  rig.expect(peer, 200, "INVITE");
  peer.send(caller.request("ACK", {}, {}, invited), rig.udp());
  rig.event(call, "confirmed");
}

TEST_F(Reliable, a_caller_that_requires_it_gets_its_180_reliably_too) {
  PeerDialog caller = rig.dialog_from(peer);
  peer.send(caller.request("INVITE", kOffer, "Require: 100rel\r\n"), rig.udp());
  RecordedDialog& call = rig.wait_for_invite();
  call.call([](auto& d) { return d.progress(180, std::nullopt); });
  EXPECT_FALSE(rig.expect(peer, 180, "INVITE").header("RSeq").empty());
}

TEST_F(Reliable, a_prack_that_never_comes_ends_the_call_with_a_5xx) {
  PeerDialog caller = rig.dialog_from(peer);
  peer.send(caller.request("INVITE", kOffer, "Supported: 100rel\r\n"), rig.udp());
  RecordedDialog& call = rig.wait_for_invite();
  call.call([](auto& d) { return d.progress(183, kAnswer); });
  rig.event(call, "ended by us");
  rig.expect_that(peer, "a 5xx",
                  [](const SipText& m) { return m.status() >= 500 && m.method() == "INVITE"; });
}

TEST_F(Reliable, once_it_is_acknowledged_either_side_may_change_the_early_session_by_update) {
  PeerDialog caller = rig.dialog_from(peer);
  peer.send(caller.request("INVITE", kOffer, "Supported: 100rel\r\nAllow: INVITE, UPDATE\r\n"),
            rig.udp());
  RecordedDialog& call = rig.wait_for_invite();
  call.call([](auto& d) { return d.progress(183, kAnswer); });
  const SipText early = rig.expect(peer, 183, "INVITE");
  caller.to_tag = early.to_tag();
  caller.target = early.contact_uri();
  const unsigned invited = caller.cseq++;
  peer.send(caller.request("UPDATE", kOffer), rig.udp());
  rig.expect(peer, 500, "UPDATE");
  EXPECT_FALSE(call.call([](auto& d) { return d.offer(kOffer); })) << "not before the PRACK";
  caller.cseq++;
  peer.send(caller.request(
                "PRACK", {},
                "RAck: " + early.header("RSeq") + " " + std::to_string(invited) + " INVITE\r\n"),
            rig.udp());
  rig.expect(peer, 200, "PRACK");
  caller.cseq++;
  peer.send(caller.request("UPDATE", kOffer), rig.udp());
  rig.event(call, "offer +sdp");
  EXPECT_TRUE(call.call([](auto& d) { return d.accept_offer(kAnswer); }));
  EXPECT_EQ(rig.expect(peer, 200, "UPDATE").body, kAnswer);
  EXPECT_TRUE(call.call([](auto& d) { return d.offer(kOffer); }));
  const SipText ours = rig.expect(peer, "UPDATE");
  EXPECT_EQ(ours.body, kOffer);
  peer.send(peer.respond(ours, 200, "", kAnswer), rig.udp());
  rig.event(call, "offer accepted");
}

TEST_F(Reliable, cancelled_while_a_prack_is_awaited) {
  PeerDialog caller = rig.dialog_from(peer);
  peer.send(caller.request("INVITE", kOffer, "Supported: 100rel\r\n"), rig.udp());
  const std::string branch = caller.last_branch;
  RecordedDialog& call = rig.wait_for_invite();
  call.call([](auto& d) { return d.progress(183, kAnswer); });
  rig.expect(peer, 183, "INVITE");
  peer.send(caller.request("CANCEL", {}, {}, caller.cseq, branch), rig.udp());
  rig.expect(peer, 487, "INVITE");
  rig.event(call, "cancelled");
  EXPECT_TRUE(rig.all_dialogs_gone());
}

// --- What is waited for, and no longer

class Patience : public ::testing::Test {
 protected:
  Patience() : rig(impatient()) { rig.peers = {&peer}; }
  static sip::SipConfig impatient() {
    sip::SipConfig c = SipRig::config();
    c.timer_c = 400ms;
    return c;
  }
  SipRig rig;
  SipPeer peer;
};

TEST_F(Patience, timer_c_cancels_an_invite_that_rings_without_a_word) {
  RecordedDialog& call = rig.call(rig.outgoing_to(peer));
  const SipText invite = rig.expect(peer, "INVITE");
  for (int n = 0; n < 3; ++n) {
    peer.send(peer.respond(invite, 180, "B"), rig.udp());
    rig.settle(200ms);
  }
  EXPECT_FALSE(call.heard("refused 408")) << "each word of it starts the timer anew";
  rig.event(call, "refused 408");
  const SipText cancel = rig.expect(peer, "CANCEL");
  peer.send(peer.respond(cancel, 200, "B"), rig.udp());
  peer.send(peer.respond(invite, 487, "B"), rig.udp());
  EXPECT_TRUE(rig.all_dialogs_gone());
}

TEST_F(Patience, a_cancel_without_a_final_answer_counts_after_64_t1) {
  RecordedDialog& call = rig.call(rig.outgoing_to(peer));
  const SipText invite = rig.expect(peer, "INVITE");
  peer.send(peer.respond(invite, 180, "B"), rig.udp());
  rig.event(call, "progress 180");
  call.dialog->end({});
  rig.expect(peer, "CANCEL");
  EXPECT_TRUE(rig.all_dialogs_gone());
}

}  // namespace
}  // namespace gw::test
