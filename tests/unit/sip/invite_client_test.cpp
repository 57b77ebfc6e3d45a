#include <gtest/gtest.h>

#include "tests/unit/support/sip_rig.h"

namespace gw::test {
namespace {

class InviteOut : public ::testing::Test {
 protected:
  InviteOut() { rig.peers = {&peer}; }

  // Calls the peer and brings it to 200 and ACK.
  RecordedDialog& answered_call() {
    RecordedDialog& call = rig.call(rig.outgoing_to(peer));
    invite = rig.expect(peer, "INVITE");
    peer.send(peer.respond(invite, 200, "B", kAnswer), rig.udp());
    rig.event(call, "answered +sdp");
    ack = rig.expect(peer, "ACK");
    return call;
  }
  // A request of the peer's in the dialog that we began.
  std::string in_dialog(const std::string& method, const std::string& sdp = {}, unsigned cseq = 1,
                        const std::string& extra = {}) {
    std::string text = method + " " + invite.contact_uri() + " SIP/2.0\r\n";
    text += "Via: SIP/2.0/UDP " + peer.host_port() + ";branch=z9hG4bKin" + method +
            std::to_string(cseq) + ";rport\r\n";
    text += "From: " + invite.header("To") + ";tag=B\r\nTo: " + invite.header("From") + "\r\n";
    text += "Call-ID: " + invite.header("Call-ID") + "\r\nCSeq: " + std::to_string(cseq) + " " +
            method + "\r\n";
    text += "Max-Forwards: 70\r\nContact: " + peer.contact() + "\r\n" + extra;
    return text + SipPeer::body_of(sdp);
  }

  SipRig rig;
  SipPeer peer;
  SipText invite, ack;
};

TEST_F(InviteOut, carries_identity_offer_and_a_contact_of_ours) {
  auto out = rig.outgoing_to(peer);
  out.p_asserted_identity =
      sip::NameAddr{.display = "Re \"x\"", .user = "+14255550100", .host = "pbx.test"};
  out.privacy_id = true;
  out.max_forwards = 12;
  out.user_to_user = "abc;encoding=hex";
  out.extra_headers = {
      {"X-MS-Custom-Case", "7\r\nInjected: yes"}, {"Contact", "<sip:evil@x>"}, {"Bad Name", "x"}};
  rig.call(out);
  const SipText sent = rig.expect(peer, "INVITE");
  EXPECT_EQ(sent.uri(), "sip:callee@" + peer.host_port());
  EXPECT_TRUE(sent.header("From").starts_with("\"Reception\" <sip:+14255550100@pbx.test>;tag="))
      << sent.header("From");
  EXPECT_EQ(sent.header("P-Asserted-Identity"), "\"Re \\\"x\\\"\" <sip:+14255550100@pbx.test>");
  EXPECT_EQ(sent.header("Privacy"), "id");
  EXPECT_EQ(sent.all("Max-Forwards"), std::vector<std::string>{"12"});
  EXPECT_EQ(sent.header("User-to-User"), "abc;encoding=hex");
  EXPECT_EQ(sent.header("X-MS-Custom-Case"), "7  Injected: yes");
  EXPECT_EQ(sent.header("Injected"), "");
  EXPECT_EQ(sent.all("Contact").size(), 1u);
  EXPECT_EQ(sent.contact_uri(), "sip:+14255550100@" + rig.udp().to_string());
  EXPECT_EQ(sent.header("Content-Type"), "application/sdp");
  EXPECT_EQ(sent.body, kOffer);
  EXPECT_EQ(sent.header("Supported"), "timer, 100rel, 199");
}

TEST_F(InviteOut, answer_is_acknowledged_and_a_repeated_200_again) {
  RecordedDialog& call = answered_call();
  EXPECT_EQ(call.last_sdp, kAnswer);
  EXPECT_EQ(ack.uri(), "sip:peer@" + peer.host_port());
  EXPECT_EQ(ack.header("CSeq").substr(0, ack.header("CSeq").find(' ')),
            invite.header("CSeq").substr(0, invite.header("CSeq").find(' ')));
  peer.send(peer.respond(invite, 200, "B", kAnswer), rig.udp());
  const SipText again = rig.expect(peer, "ACK");
  EXPECT_EQ(again.to_tag(), "B");
  EXPECT_EQ(call.events, std::vector<std::string>{"answered +sdp"});
}

TEST_F(InviteOut, early_media_of_each_fork_is_told_once) {
  RecordedDialog& call = rig.call(rig.outgoing_to(peer));
  invite = rig.expect(peer, "INVITE");
  for (const char* tag : {"A", "A", "B"})
    peer.send(peer.respond(invite, 183, tag, kAnswer), rig.udp());
  peer.send(peer.respond(invite, 180, "B"), rig.udp());
  rig.event(call, "progress 180");
  EXPECT_EQ(call.events, (std::vector<std::string>{"progress 183 +sdp", "progress 183",
                                                   "progress 183 +sdp", "progress 180"}));
}

TEST_F(InviteOut, refusal_tells_status_reason_and_retry_after) {
  RecordedDialog& call = rig.call(rig.outgoing_to(peer));
  invite = rig.expect(peer, "INVITE");
  peer.send(peer.respond(invite, 503, "B", {},
                         "Reason: Q.850;cause=34;text=\"No circuit\"\r\nRetry-After: 30\r\n"),
            rig.udp());
  rig.event(call, "refused 503");
  rig.expect(peer, "ACK");
  EXPECT_EQ(call.refusal.reason.q850, 34);
  EXPECT_EQ(call.refusal.reason.text, "No circuit");
  EXPECT_EQ(call.refusal.retry_after_s, 30);
  EXPECT_TRUE(rig.all_dialogs_gone());
}

TEST_F(InviteOut, redirection_gives_the_contacts_that_are_sip) {
  RecordedDialog& call = rig.call(rig.outgoing_to(peer));
  invite = rig.expect(peer, "INVITE");
  peer.send(peer.respond(invite, 302, "B", {},
                         "Contact: <sip:a@192.0.2.1>, <tel:+1425>, <sip:b@192.0.2.2?Route=x>\r\n"),
            rig.udp());
  rig.event(call, "refused 302");
  EXPECT_EQ(call.refusal.contacts,
            (std::vector<std::string>{"sip:a@192.0.2.1", "sip:b@192.0.2.2"}));
}

TEST_F(InviteOut, silence_is_a_408) {
  RecordedDialog& call = rig.call(rig.outgoing_to(peer));
  rig.event(call, "refused 408");
  EXPECT_TRUE(rig.all_dialogs_gone());
}

TEST_F(InviteOut, unreachable_tcp_target_is_a_503) {
  auto out = rig.outgoing_to(peer);  // Nothing listens there on TCP.
  out.next_hop.transport = sip::Transport::Tcp;
  RecordedDialog& call = rig.call(out);
  rig.event(call, "refused 503");
}

TEST_F(InviteOut, impossible_uris_and_transports_give_no_dialog) {
  RecordedDialog owner;
  auto out = rig.outgoing_to(peer);
  for (const char* uri : {"", "tel:+14255550100", "sip:", "foo:bar", "<sip:a@b>"}) {
    out.request_uri = uri;
    EXPECT_EQ(rig.agent->invite(out, owner), nullptr) << uri;
  }
  out = rig.outgoing_to(peer);
  out.next_hop.transport = sip::Transport::Tls;  // No such listener here.
  EXPECT_EQ(rig.agent->invite(out, owner), nullptr);
}

TEST_F(InviteOut, headers_in_a_request_uri_do_not_become_ours) {
  auto out = rig.outgoing_to(peer);
  out.request_uri += "?Subject=injected&X-Evil=1";
  rig.call(out);
  const SipText sent = rig.expect(peer, "INVITE");
  EXPECT_EQ(sent.uri(), "sip:callee@" + peer.host_port());
  EXPECT_EQ(sent.header("Subject"), "");
}

TEST_F(InviteOut, cancel_waits_for_a_provisional_answer) {
  RecordedDialog& call = rig.call(rig.outgoing_to(peer));
  invite = rig.expect(peer, "INVITE");
  call.dialog->end({.q850 = 0, .sip_status = 200, .text = "Call completed elsewhere"});
  rig.settle();
  EXPECT_FALSE(peer.take([](const SipText& m) { return m.method() == "CANCEL"; }));
  peer.send(peer.respond(invite, 180, "B"), rig.udp());
  const SipText cancel = rig.expect(peer, "CANCEL");
  EXPECT_EQ(cancel.header("Reason"), "SIP;cause=200;text=\"Call completed elsewhere\"");
  EXPECT_EQ(cancel.header("Via"), invite.header("Via"));
  peer.send(peer.respond(cancel, 200, "B"), rig.udp());
  peer.send(peer.respond(invite, 487, "B"), rig.udp());
  rig.expect(peer, "ACK");
  EXPECT_TRUE(rig.all_dialogs_gone());
  EXPECT_TRUE(call.events.empty());
}

TEST_F(InviteOut, late_200_after_cancel_gets_ack_and_bye) {
  RecordedDialog& call = rig.call(rig.outgoing_to(peer));
  invite = rig.expect(peer, "INVITE");
  peer.send(peer.respond(invite, 180, "B"), rig.udp());
  rig.event(call, "progress 180");
  call.dialog.reset();  // Destroying it is the same as ending it.
  const SipText cancel = rig.expect(peer, "CANCEL");
  peer.send(peer.respond(invite, 200, "B", kAnswer), rig.udp());
  rig.expect(peer, "ACK");
  const SipText bye = rig.expect(peer, "BYE");
  EXPECT_EQ(bye.to_tag(), "B");
  peer.send(peer.respond(bye, 200, ""), rig.udp());
  EXPECT_TRUE(rig.all_dialogs_gone());
  EXPECT_EQ(call.events, std::vector<std::string>{"progress 180"});
}

TEST_F(InviteOut, cancelled_and_never_answered_ends_all_the_same) {
  RecordedDialog& call = rig.call(rig.outgoing_to(peer));
  invite = rig.expect(peer, "INVITE");
  peer.send(peer.respond(invite, 180, "B"), rig.udp());
  rig.event(call, "progress 180");
  call.dialog->end({});
  rig.expect(peer, "CANCEL");
  // Timer D is 32 s however short T1 is: the dialog is off our hands, its transaction is not.
  EXPECT_EQ(rig.agent->open_dialogs(), 1u);
}

TEST_F(InviteOut, second_fork_that_answers_gets_ack_and_bye_the_first_keeps_the_call) {
  RecordedDialog& call = answered_call();
  peer.send(peer.respond(invite, 200, "C", kAnswer), rig.udp());
  const SipText ack_c = rig.expect_that(
      peer, "ACK of C", [](const SipText& m) { return m.method() == "ACK" && m.to_tag() == "C"; });
  const SipText bye_c = rig.expect(peer, "BYE");
  EXPECT_EQ(bye_c.to_tag(), "C");
  peer.send(peer.respond(bye_c, 200, ""), rig.udp());
  rig.settle();
  EXPECT_EQ(call.events, std::vector<std::string>{"answered +sdp"});
  EXPECT_EQ(rig.agent->open_dialogs(), 1u);
}

TEST_F(InviteOut, stray_200_of_nobodys_invite_is_ignored) {
  answered_call();
  SipText forged = invite;
  for (auto& [name, value] : forged.headers) {
    if (name == "From") value = "<sip:x@pbx.test>;tag=notours";
    if (name == "Call-ID") value = "other";
  }
  peer.send(peer.respond(forged, 200, "Z", kAnswer), rig.udp());
  rig.settle();
  EXPECT_FALSE(peer.take([](const SipText& m) { return m.to_tag() == "Z"; }));
}

TEST_F(InviteOut, challenge_is_answered_once_and_the_ack_carries_the_credentials) {
  auto out = rig.outgoing_to(peer);
  out.credentials = sip::Credentials{"acme", "secret"};
  RecordedDialog& call = rig.call(out);
  const SipText first = rig.expect(peer, "INVITE");
  const std::string challenge =
      "Proxy-Authenticate: Digest realm=\"acme\", nonce=\"n1\", algorithm=MD5, qop=\"auth\"\r\n"
      "Proxy-Authenticate: Digest realm=\"acme\", nonce=\"n1\", algorithm=SHA-256, "
      "qop=\"auth\"\r\n";
  peer.send(peer.respond(first, 407, "B", {}, challenge), rig.udp());
  invite = rig.expect(peer, "INVITE");
  EXPECT_NE(invite.header("Proxy-Authorization").find("algorithm=SHA-256"), std::string::npos);
  EXPECT_EQ(invite.header("Call-ID"), first.header("Call-ID"));
  EXPECT_EQ(invite.from_tag(), first.from_tag());
  EXPECT_EQ(invite.to_tag(), "");
  EXPECT_EQ(std::stoul(invite.header("CSeq")), std::stoul(first.header("CSeq")) + 1);
  peer.send(peer.respond(invite, 200, "B", kAnswer), rig.udp());
  rig.event(call, "answered +sdp");
  ack = rig.expect_that(peer, "ACK of the 200", [&](const SipText& m) {
    return m.method() == "ACK" && m.header("CSeq").starts_with(invite.header("CSeq").substr(
                                      0, invite.header("CSeq").find(' ')));
  });
  EXPECT_EQ(ack.header("Proxy-Authorization"), invite.header("Proxy-Authorization"));
  call.dialog->end({});
  const SipText bye = rig.expect(peer, "BYE");
  EXPECT_NE(bye.header("Proxy-Authorization").find("nc=00000002"), std::string::npos)
      << bye.header("Proxy-Authorization");
}

TEST_F(InviteOut, wrong_credentials_are_refused_not_repeated) {
  auto out = rig.outgoing_to(peer);
  out.credentials = sip::Credentials{"acme", "wrong"};
  RecordedDialog& call = rig.call(out);
  for (const char* nonce : {"n1", "n2"}) {
    const SipText sent = rig.expect(peer, "INVITE");
    peer.send(peer.respond(sent, 401, "B", {},
                           "WWW-Authenticate: Digest realm=\"acme\", nonce=\"" +
                               std::string(nonce) + "\"\r\n"),
              rig.udp());
    rig.expect(peer, "ACK");
  }
  rig.event(call, "refused 401");
}

TEST_F(InviteOut, late_offer_is_answered_in_the_ack) {
  RecordedDialog& call = rig.call(rig.outgoing_to(peer, false));
  invite = rig.expect(peer, "INVITE");
  EXPECT_EQ(invite.body, "");
  peer.send(peer.respond(invite, 200, "B", kOffer), rig.udp());
  rig.event(call, "answered +sdp");
  EXPECT_EQ(call.last_sdp, kOffer);
  EXPECT_FALSE(peer.take([](const SipText& m) { return m.method() == "ACK"; }));
  EXPECT_TRUE(call.call([](auto& d) { return d.acknowledge(kAnswer); }));
  ack = rig.expect(peer, "ACK");
  EXPECT_EQ(ack.body, kAnswer);
  EXPECT_FALSE(call.call([](auto& d) { return d.acknowledge(kAnswer); }));
}

TEST_F(InviteOut, route_set_is_followed) {
  SipPeer proxy;
  rig.peers.push_back(&proxy);
  RecordedDialog& call = rig.call(rig.outgoing_to(peer));
  invite = rig.expect(peer, "INVITE");
  peer.send(peer.respond(invite, 200, "B", kAnswer,
                         "Record-Route: <sip:far.example;lr>\r\nRecord-Route: <sip:" +
                             proxy.host_port() + ";lr>\r\n"),
            rig.udp());
  rig.event(call, "answered +sdp");
  ack = rig.expect(proxy, "ACK");
  EXPECT_EQ(ack.uri(), "sip:peer@" + peer.host_port());
  EXPECT_EQ(ack.all("Route"), (std::vector<std::string>{"<sip:" + proxy.host_port() + ";lr>",
                                                        "<sip:far.example;lr>"}));
}

TEST_F(InviteOut, their_bye_ends_it_with_its_reason) {
  RecordedDialog& call = answered_call();
  peer.send(in_dialog("BYE", {}, 1, "Reason: Q.850;cause=16\r\n"), rig.udp());
  rig.expect(peer, 200, "BYE");
  rig.event(call, "ended by them");
  EXPECT_EQ(call.reason.q850, 16);
  EXPECT_TRUE(rig.all_dialogs_gone());
  EXPECT_FALSE(call.call([](auto& d) { return d.offer(kOffer); }));
}

TEST_F(InviteOut, our_bye_says_why) {
  RecordedDialog& call = answered_call();
  call.dialog->end({.q850 = 16, .sip_status = 0, .text = {}});
  const SipText bye = rig.expect(peer, "BYE");
  EXPECT_EQ(bye.header("Reason"), "Q.850;cause=16");
  EXPECT_EQ(bye.to_tag(), "B");
  peer.send(peer.respond(bye, 200, ""), rig.udp());
  EXPECT_TRUE(rig.all_dialogs_gone());
  EXPECT_EQ(call.events.size(), 1u);
}

TEST_F(InviteOut, their_re_invite_is_an_offer_here_too) {
  RecordedDialog& call = answered_call();
  peer.send(in_dialog("INVITE", kOffer), rig.udp());
  rig.event(call, "offer +sdp");
  EXPECT_TRUE(call.call([](auto& d) { return d.accept_offer(kAnswer); }));
  EXPECT_EQ(rig.expect(peer, 200, "INVITE").body, kAnswer);
  EXPECT_TRUE(call.call([](auto& d) { return d.offer(kOffer); })) << "waits for the ACK";
  rig.settle();
  EXPECT_FALSE(peer.take([](const SipText& m) { return m.start.starts_with("INVITE"); }));
  peer.send(in_dialog("ACK"), rig.udp());
  const SipText ours = rig.expect(peer, "INVITE");
  EXPECT_EQ(ours.body, kOffer);
  EXPECT_EQ(ours.to_tag(), "B");
}

// RFC 3261 14.1: who owns the Call-ID waits longer, so that the other side's offer gets through.
TEST_F(InviteOut, glare_as_the_caller_waits_at_least_2_1_seconds) {
  RecordedDialog& call = answered_call();
  call.call([](auto& d) { return d.offer(kOffer); });
  const SipText first = rig.expect(peer, "INVITE");
  peer.send(peer.respond(first, 491, ""), rig.udp());
  const auto refused_at = std::chrono::steady_clock::now();
  rig.expect_that(peer, "ACK of the 491", [](const SipText& m) { return m.method() == "ACK"; });
  const SipText second = rig.expect(peer, "INVITE");
  const auto waited = std::chrono::steady_clock::now() - refused_at;
  EXPECT_GE(waited, 2000ms);
  EXPECT_LT(waited, 4500ms);
  EXPECT_EQ(second.body, kOffer);
}

TEST_F(InviteOut, byes_that_cross_are_both_answered) {
  RecordedDialog& call = answered_call();
  call.dialog->end({});
  const SipText bye = rig.expect(peer, "BYE");
  peer.send(in_dialog("BYE"), rig.udp());
  rig.expect(peer, 200, "BYE");
  peer.send(peer.respond(bye, 481, ""), rig.udp());
  EXPECT_TRUE(rig.all_dialogs_gone());
  EXPECT_FALSE(call.heard("ended by them"));
}

TEST_F(InviteOut, unusable_contacts_and_routes_in_the_answer_do_no_harm) {
  for (const char* header : {"Contact: <tel:+1>\r\n", "Contact: *\r\n", "Contact: <foo:bar>\r\n",
                             "Record-Route: <tel:+1>\r\nContact: <sip:x@127.0.0.1:9>\r\n"}) {
    RecordedDialog& call = rig.call(rig.outgoing_to(peer));
    invite = rig.expect(peer, "INVITE");
    peer.send(peer.respond(invite, 200, "B", kAnswer, {}, header), rig.udp());
    rig.until(
        [&] { return call.heard("answered +sdp") || peer.poll() || call.heard("refused 408"); });
    call.dialog->end({});
    rig.settle();
    peer.inbox.clear();
  }
}

TEST_F(InviteOut, a_peer_that_swallows_the_invite_is_given_up_at_the_deadline_not_at_timer_b) {
  auto out = rig.outgoing_to(peer);
  out.answer_deadline = 200ms;
  const auto begun = std::chrono::steady_clock::now();
  RecordedDialog& call = rig.call(out);
  rig.event(call, "refused 408");
  EXPECT_TRUE(call.refusal.local);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 2s);  // 64*T1 is 2.6 s.
  // What it says after all is ended in the background.
  const SipText late = rig.expect(peer, "INVITE");
  peer.send(peer.respond(late, 200, "B", kAnswer), rig.udp());
  rig.expect(peer, "ACK");
  const SipText bye = rig.expect(peer, "BYE");
  peer.send(peer.respond(bye, 200, ""), rig.udp());
  EXPECT_EQ(call.events.size(), 1U);
}

TEST_F(InviteOut, a_100_is_answer_enough_for_the_deadline) {
  auto out = rig.outgoing_to(peer);
  out.answer_deadline = 150ms;
  RecordedDialog& call = rig.call(out);
  invite = rig.expect(peer, "INVITE");
  peer.send(peer.respond(invite, 100, ""), rig.udp());
  rig.settle(400ms);
  EXPECT_TRUE(call.events.empty());
  peer.send(peer.respond(invite, 486, "B"), rig.udp());
  rig.event(call, "refused 486");
  EXPECT_FALSE(call.refusal.local);
}

TEST_F(InviteOut, a_register_is_challenged_signed_and_granted_what_its_contact_says) {
  sip::OutgoingRegister request;
  request.request_uri = "sip:" + peer.host_port();
  request.next_hop = {sip::Transport::Udp, peer.address().host(), peer.address().port(),
                      peer.address()};
  request.address.user = "gateway";
  request.address.host = "carrier.test";
  request.contact_user = "gateway";
  request.call_id = "registration";
  request.expires = 3600s;
  request.credentials = sip::Credentials{"gateway", "secret"};
  std::vector<sip::Enrolment> told;
  rig.agent->enrol(request, [&](const sip::Enrolment& e) { told.push_back(e); });
  SipText asked = rig.expect(peer, "REGISTER");
  EXPECT_EQ(asked.header("Call-ID"), "registration");
  EXPECT_EQ(asked.header("Expires"), "3600");
  EXPECT_TRUE(asked.header("From").starts_with("<sip:gateway@carrier.test>;tag="))
      << asked.header("From");
  EXPECT_EQ(asked.header("To"), "<sip:gateway@carrier.test>");
  const unsigned long first = std::stoul(asked.header("CSeq"));
  peer.send(
      peer.respond(asked, 401, "r", {},
                   "WWW-Authenticate: Digest realm=\"carrier\", nonce=\"n\", algorithm=MD5\r\n"),
      rig.udp());
  asked = rig.expect_that(peer, "signed REGISTER", [](const SipText& m) {
    return !m.is_response() && m.method() == "REGISTER" && !m.header("Authorization").empty();
  });
  EXPECT_GT(std::stoul(asked.header("CSeq")), first);
  peer.send(peer.respond(asked, 200, "r", {}, "Expires: 3600\r\n",
                         "Contact: <sip:else@192.0.2.1>;expires=7, " + asked.header("Contact") +
                             ";expires=120\r\n"),
            rig.udp());
  ASSERT_TRUE(rig.until([&] { return told.size() == 1; }));
  EXPECT_EQ(told[0].status, 200);
  EXPECT_FALSE(told[0].local);
  EXPECT_EQ(told[0].expires, 120s);
}

TEST_F(InviteOut, a_register_that_nobody_answers_is_told_as_local) {
  sip::OutgoingRegister request;
  request.request_uri = "sip:" + peer.host_port();
  request.next_hop = {sip::Transport::Udp, peer.address().host(), peer.address().port(),
                      peer.address()};
  request.address.user = "gateway";
  request.address.host = "carrier.test";
  request.call_id = "registration";
  std::vector<sip::Enrolment> told;
  rig.agent->enrol(request, [&](const sip::Enrolment& e) { told.push_back(e); });
  ASSERT_TRUE(rig.until([&] { return told.size() == 1; }));
  EXPECT_EQ(told[0].status, 408);
  EXPECT_TRUE(told[0].local);
}

TEST_F(InviteOut, says_who_sent_the_call_on_in_diversion_and_history_info) {
  auto out = rig.outgoing_to(peer);
  out.diverted = {{"+14255550100", "pbx.test", "no-answer", false},
                  {"+14255550188", "carrier.test", "user-busy", true}};
  out.say_diversion = out.say_history = true;
  out.refer = false;
  out.p_preferred_identity =
      sip::NameAddr{.display = {}, .user = "+14255550100", .host = "pbx.test"};
  out.remote_party = sip::NameAddr{.display = "Zoë", .user = "+14255550100", .host = "pbx.test"};
  out.own_host = "sbc1.contoso.test";
  rig.call(out);
  const SipText sent = rig.expect(peer, "INVITE");
  EXPECT_EQ(sent.all("Diversion"),
            (std::vector<std::string>{
                "<sip:+14255550100@pbx.test>;reason=no-answer;privacy=off;counter=1",
                "<sip:+14255550188@carrier.test>;reason=user-busy;privacy=full;counter=1"}));
  EXPECT_EQ(sent.header("History-Info"),
            "<sip:+14255550188@carrier.test?Privacy=history>;index=1, "
            "<sip:+14255550100@pbx.test;cause=486>;index=1.1;mp=1, "
            "<sip:callee@" +
                peer.host_port() + ";cause=408>;index=1.1.1;mp=1.1");
  EXPECT_EQ(sent.header("P-Preferred-Identity"), "<sip:+14255550100@pbx.test>");
  EXPECT_EQ(sent.header("Remote-Party-ID"),
            "\"Zoë\" <sip:+14255550100@pbx.test>;party=calling;screen=yes;privacy=off");
  EXPECT_TRUE(sent.contact_uri().starts_with("sip:+14255550100@sbc1.contoso.test:"))
      << sent.contact_uri();
  EXPECT_EQ(sent.header("Allow").find("REFER"), std::string::npos);
}

}  // namespace
}  // namespace gw::test
