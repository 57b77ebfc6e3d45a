#include <gtest/gtest.h>

#include "tests/unit/support/sip_rig.h"

namespace gw::test {
namespace {

constexpr const char* kHold = "v=0\r\no=- 3 3 IN IP4 127.0.0.1\r\ns=hold\r\n";

// A confirmed dialog that the peer began.
class Offers : public ::testing::Test {
 protected:
  Offers() : caller(rig.dialog_from(peer)) {
    rig.peers = {&peer};
    peer.send(caller.request("INVITE", kOffer), rig.udp());
    call = &rig.wait_for_invite();
    call->call([](auto& d) { return d.answer(kAnswer); });
    const SipText ok = rig.expect(peer, 200, "INVITE");
    caller.to_tag = ok.to_tag();
    caller.target = ok.contact_uri();
    peer.send(caller.request("ACK"), rig.udp());
    rig.event(*call, "confirmed");
    caller.cseq++;
    rig.settle(10ms);
    peer.inbox.clear();
    call->events.clear();
  }

  SipRig rig;
  SipPeer peer;
  PeerDialog caller;
  RecordedDialog* call = nullptr;
};

TEST_F(Offers, re_invite_is_answered_and_acknowledged) {
  peer.send(caller.request("INVITE", kHold), rig.udp());
  rig.event(*call, "offer +sdp");
  EXPECT_EQ(call->last_sdp, kHold);
  EXPECT_TRUE(call->call([](auto& d) { return d.accept_offer(kAnswer); }));
  const SipText ok = rig.expect(peer, 200, "INVITE");
  EXPECT_EQ(ok.body, kAnswer);
  EXPECT_FALSE(ok.header("Contact").empty());
  peer.send(caller.request("ACK"), rig.udp());
  rig.settle();
  peer.inbox.clear();
  rig.settle();
  EXPECT_TRUE(peer.inbox.empty()) << "repeated after its ACK";
  EXPECT_EQ(call->events, std::vector<std::string>{"offer +sdp"});
}

TEST_F(Offers, re_invite_without_sdp_asks_for_ours_and_the_ack_answers) {
  peer.send(caller.request("INVITE"), rig.udp());
  rig.event(*call, "offer");
  call->call([](auto& d) { return d.accept_offer(kOffer); });
  rig.expect(peer, 200, "INVITE");
  peer.send(caller.request("ACK", kAnswer), rig.udp());
  rig.event(*call, "offer accepted");
  EXPECT_EQ(call->last_sdp, kAnswer);
}

TEST_F(Offers, re_invite_never_acknowledged_ends_the_call) {
  peer.send(caller.request("INVITE", kHold), rig.udp());
  rig.event(*call, "offer +sdp");
  call->call([](auto& d) { return d.accept_offer(kAnswer); });
  rig.event(*call, "ended by us");
  rig.expect(peer, "BYE");
}

TEST_F(Offers, refused_re_invite_leaves_the_call_as_it_was) {
  peer.send(caller.request("INVITE", kHold), rig.udp());
  rig.event(*call, "offer +sdp");
  EXPECT_FALSE(call->call([](auto& d) { return d.refuse_offer(200); }));
  EXPECT_TRUE(call->call([](auto& d) {
    return d.refuse_offer(488, {{"Warning", "305 gw \"no common codec\""}});
  }));
  EXPECT_EQ(rig.expect(peer, 488, "INVITE").header("Warning"), "305 gw \"no common codec\"");
  caller.cseq++;
  peer.send(caller.request("BYE"), rig.udp());
  rig.event(*call, "ended by them");
}

TEST_F(Offers, cancelled_re_invite_leaves_the_call_as_it_was) {
  peer.send(caller.request("INVITE", kHold), rig.udp());
  rig.event(*call, "offer +sdp");
  peer.send(caller.request("CANCEL", {}, {}, caller.cseq, caller.last_branch), rig.udp());
  rig.expect(peer, 200, "CANCEL");
  rig.expect(peer, 487, "INVITE");
  EXPECT_FALSE(call->call([](auto& d) { return d.accept_offer(kAnswer); }));
  EXPECT_EQ(rig.agent->open_dialogs(), 1u);
}

TEST_F(Offers, update_with_sdp_is_an_offer_and_without_it_a_refresh) {
  peer.send(caller.request("UPDATE", kHold), rig.udp());
  rig.event(*call, "offer +sdp");
  call->call([](auto& d) { return d.accept_offer(kAnswer); });
  EXPECT_EQ(rig.expect(peer, 200, "UPDATE").body, kAnswer);
  caller.cseq++;
  peer.send(caller.request("UPDATE"), rig.udp());
  EXPECT_EQ(rig.expect(peer, 200, "UPDATE").body, "");
  EXPECT_EQ(call->events, std::vector<std::string>{"offer +sdp"});
}

TEST_F(Offers, second_offer_before_the_first_is_answered_gets_500_with_retry_after) {
  peer.send(caller.request("INVITE", kHold), rig.udp());
  rig.event(*call, "offer +sdp");
  caller.cseq++;
  peer.send(caller.request("UPDATE", kHold), rig.udp());
  EXPECT_FALSE(rig.expect(peer, 500, "UPDATE").header("Retry-After").empty());
}

TEST_F(Offers, their_offer_while_ours_is_out_gets_491) {
  EXPECT_TRUE(call->call([](auto& d) { return d.offer(kOffer); }));
  rig.expect(peer, "INVITE");
  peer.send(caller.request("INVITE", kHold), rig.udp());
  rig.expect(peer, 491, "INVITE");
  EXPECT_TRUE(call->events.empty());
}

TEST_F(Offers, our_offer_is_answered_and_its_200_acknowledged) {
  EXPECT_TRUE(call->call([](auto& d) { return d.offer(kHold); }));
  EXPECT_FALSE(call->call([](auto& d) { return d.offer(kHold); }));
  const SipText re = rig.expect(peer, "INVITE");
  EXPECT_EQ(re.body, kHold);
  EXPECT_EQ(re.to_tag(), caller.from_tag);
  EXPECT_FALSE(re.header("Contact").empty());
  peer.send(peer.respond(re, 200, "", kAnswer), rig.udp());
  rig.event(*call, "offer accepted");
  EXPECT_EQ(call->last_sdp, kAnswer);
  rig.expect(peer, "ACK");
  peer.send(peer.respond(re, 200, "", kAnswer), rig.udp());
  rig.expect(peer, "ACK");
  EXPECT_EQ(call->events.size(), 1u);
  EXPECT_TRUE(call->call([](auto& d) { return d.offer(kOffer); }))
      << "a second offer, once the first is settled";
  EXPECT_EQ(rig.expect(peer, "INVITE").body, kOffer);
}

TEST_F(Offers, our_offer_waits_while_theirs_is_open) {
  peer.send(caller.request("INVITE", kHold), rig.udp());
  rig.event(*call, "offer +sdp");
  EXPECT_TRUE(call->call([](auto& d) { return d.offer(kOffer); }));
  rig.settle();
  EXPECT_FALSE(peer.take([](const SipText& m) { return m.start.starts_with("INVITE"); }));
  call->call([](auto& d) { return d.accept_offer(kAnswer); });
  rig.expect(peer, 200, "INVITE");
  peer.send(caller.request("ACK"), rig.udp());
  EXPECT_EQ(rig.expect(peer, "INVITE").body, kOffer);
}

TEST_F(Offers, glare_is_tried_again_within_two_seconds_as_the_callee) {
  call->call([](auto& d) { return d.offer(kHold); });
  SipText re = rig.expect(peer, "INVITE");
  const auto refused_at = std::chrono::steady_clock::now();
  peer.send(peer.respond(re, 491, ""), rig.udp());
  rig.expect(peer, "ACK");
  re = rig.expect(peer, "INVITE");
  // We do not own the Call-ID here: up to two seconds.
  EXPECT_LT(std::chrono::steady_clock::now() - refused_at, 2500ms);
  peer.send(peer.respond(re, 200, "", kAnswer), rig.udp());
  rig.event(*call, "offer accepted");
}

TEST_F(Offers, refusal_of_our_offer_is_told) {
  call->call([](auto& d) { return d.offer(kHold); });
  peer.send(peer.respond(rig.expect(peer, "INVITE"), 488, ""), rig.udp());
  rig.event(*call, "offer refused 488");
  EXPECT_TRUE(call->call([](auto& d) { return d.offer(kOffer); }));
}

TEST_F(Offers, dialog_unknown_to_the_peer_ends) {
  call->call([](auto& d) { return d.offer(kHold); });
  peer.send(peer.respond(rig.expect(peer, "INVITE"), 481, ""), rig.udp());
  rig.event(*call, "ended by us");
  peer.send(peer.respond(rig.expect(peer, "BYE"), 481, ""), rig.udp());
  EXPECT_TRUE(rig.all_dialogs_gone());
  EXPECT_EQ(call->events, std::vector<std::string>{"ended by us"});
}

TEST_F(Offers, offer_answered_after_the_call_ended_is_acknowledged_in_the_background) {
  call->call([](auto& d) { return d.offer(kHold); });
  const SipText re = rig.expect(peer, "INVITE");
  call->dialog->end({});
  const SipText bye = rig.expect(peer, "BYE");
  peer.send(peer.respond(re, 200, "", kAnswer), rig.udp());
  rig.expect(peer, "ACK");
  peer.send(peer.respond(bye, 200, ""), rig.udp());
  EXPECT_TRUE(rig.all_dialogs_gone());
  EXPECT_TRUE(call->events.empty());
}

TEST_F(Offers, info_goes_both_ways) {
  peer.send(caller.request("INFO", kOffer), rig.udp());
  rig.expect(peer, 200, "INFO");
  rig.event(*call, "info");
  EXPECT_EQ(call->info_type, "application/sdp");
  EXPECT_EQ(call->info_body, kOffer);
  EXPECT_TRUE(call->call(
      [](auto& d) { return d.info("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n"); }));
  const SipText info = rig.expect(peer, "INFO");
  EXPECT_EQ(info.header("Content-Type"), "application/dtmf-relay");
  EXPECT_EQ(info.body, "Signal=5\r\nDuration=160\r\n");
}

// RFC 3261 12.2.2: a request that comes after a later one is refused, and its digit is lost.
TEST_F(Offers, infos_go_one_after_the_other) {
  EXPECT_TRUE(call->call([](auto& d) {
    return d.info("application/dtmf-relay", "Signal=1\r\n") &&
           d.info("application/dtmf-relay", "Signal=2\r\n") &&
           d.info("application/dtmf-relay", "Signal=3\r\n");
  }));
  std::string answered;
  const auto another = [&](const SipText& m) {  // Not one that was sent again.
    return m.method() == "INFO" && m.header("CSeq") != answered;
  };
  for (const char* body : {"Signal=1\r\n", "Signal=2\r\n", "Signal=3\r\n"}) {
    const SipText info = rig.expect_that(peer, "INFO", another);
    EXPECT_EQ(info.body, body);
    answered = info.header("CSeq");
    rig.settle(30ms);
    peer.poll();
    EXPECT_FALSE(peer.take(another)) << "the next one did not wait for the answer";
    peer.send(peer.respond(info, 200, ""), rig.udp());
  }
}

TEST_F(Offers, infos_that_nobody_answers_are_bounded) {
  EXPECT_TRUE(call->call([](auto& d) {
    int taken = 0;
    while (taken < 1000 && d.info("application/dtmf-relay", "Signal=1\r\n")) ++taken;
    return taken >= 64 && taken < 100;
  }));
}

TEST_F(Offers, other_methods_in_the_dialog_have_their_answer) {
  const std::pair<const char*, int> cases[] = {
      {"OPTIONS", 200},   {"REFER", 400}, {"NOTIFY", 481},    {"MESSAGE", 405},
      {"SUBSCRIBE", 405}, {"PRACK", 481}, {"FROBNICATE", 405}};
  for (const auto& [method, status] : cases) {
    caller.cseq++;
    peer.send(caller.request(method, {}, ""), rig.udp());
    EXPECT_EQ(rig.expect_that(peer, method,
                              [name = method](const SipText& m) {
                                return m.is_response() && m.method() == name;
                              })
                  .status(),
              status)
        << method;
  }
  EXPECT_EQ(rig.agent->open_dialogs(), 1u);
}

TEST_F(Offers, old_cseq_is_refused) {
  caller.cseq += 10;
  peer.send(caller.request("OPTIONS"), rig.udp());
  rig.expect(peer, 200, "OPTIONS");
  peer.send(caller.request("OPTIONS", {}, {}, caller.cseq - 5), rig.udp());
  rig.expect(peer, 500, "OPTIONS");
}

// Sofia asserts when an ACK meets an INVITE whose final answer could not be sent.
TEST_F(Offers, answers_that_cannot_be_sent_do_no_harm) {
  for (const char* via :
       {";maddr=255.255.255.255;rport", ";maddr=240.0.0.1", ";maddr=::1", ";maddr=x.invalid", ""}) {
    std::string text = caller.request("INVITE", kHold);
    text.replace(text.find(";rport"), 6, via);
    if (!*via) text.replace(text.find(peer.host_port()), peer.host_port().size(), "127.0.0.1:0");
    peer.send(text, rig.udp());
    const std::string branch = caller.last_branch;
    rig.settle(10ms);
    call->call([](auto& d) { return d.accept_offer(kAnswer); });
    std::string ack = caller.request("ACK", {}, {}, caller.cseq, branch);
    ack.replace(ack.find(";rport"), 6, via);
    if (!*via) ack.replace(ack.find(peer.host_port()), peer.host_port().size(), "127.0.0.1:0");
    peer.send(ack, rig.udp());
    rig.settle(10ms);
    caller.cseq++;
  }
  rig.settle();
}

}  // namespace
}  // namespace gw::test
