#include <gtest/gtest.h>

#include "tests/unit/support/sip_rig.h"

namespace gw::test {
namespace {

class InviteIn : public ::testing::Test {
 protected:
  InviteIn() { rig.peers = {&peer}; }

  RecordedDialog& invited(PeerDialog& caller, const std::string& sdp = kOffer) {
    peer.send(caller.request("INVITE", sdp), rig.udp());
    rig.expect(peer, 100, "INVITE");
    return rig.wait_for_invite();
  }
  // To the ACK of our 200.
  RecordedDialog& talking(PeerDialog& caller) {
    RecordedDialog& call = invited(caller);
    EXPECT_TRUE(call.call([](auto& d) { return d.answer(kAnswer); }));
    ok = rig.expect(peer, 200, "INVITE");
    caller.to_tag = ok.to_tag();
    caller.target = ok.contact_uri();
    peer.send(caller.request("ACK"), rig.udp());
    rig.event(call, "confirmed");
    caller.cseq++;
    return call;
  }

  SipRig rig;
  SipPeer peer;
  SipText ok;
};

TEST_F(InviteIn, typed_view_has_what_a_trunk_says) {
  PeerDialog caller = rig.dialog_from(peer);
  peer.send(caller.request(
                "INVITE", kOffer,
                "P-Asserted-Identity: \"Anna \\\"A\\\"\" <sip:+14255550177@carrier.test>\r\n"
                "Diversion: <sip:+14255550188@carrier.test>;reason=unconditional, <sip:x@y>\r\n"
                "Privacy: id\r\nUser-to-User: 56a390f3;encoding=hex\r\nX-MS-Custom-One: 1\r\n"
                "x-ms-custom-two: 2\r\nUser-Agent: Carrier/1\r\n"),
            rig.udp());
  const sip::Invite& invite = *rig.wait_for_invite().invite;
  EXPECT_EQ(std::get<sip::FromTrunk>(invite.peer).name, "carrier");
  EXPECT_EQ(invite.from.display, "Peer");
  EXPECT_EQ(invite.from.user, "peer");
  EXPECT_EQ(invite.request_user, "+14255550123");
  EXPECT_EQ(invite.request_host, "127.0.0.1");
  ASSERT_TRUE(invite.p_asserted_identity);
  EXPECT_EQ(invite.p_asserted_identity->user, "+14255550177");
  EXPECT_EQ(invite.p_asserted_identity->display, "Anna \"A\"");
  ASSERT_FALSE(invite.diverted.empty());
  EXPECT_EQ(invite.diverted.front().user, "+14255550188");
  EXPECT_TRUE(invite.private_caller);
  EXPECT_EQ(invite.user_to_user, "56a390f3;encoding=hex");
  EXPECT_EQ(invite.custom_headers,
            (std::vector<std::pair<std::string, std::string>>{
                {"X-MS-Custom-One", "1"},
                {"x-ms-custom-two", "2"},
                {"Diversion", "<sip:+14255550188@carrier.test>;reason=unconditional, <sip:x@y>"}}));
  EXPECT_EQ(invite.sdp, kOffer);
  EXPECT_EQ(invite.user_agent, "Carrier/1");
  EXPECT_EQ(invite.source, peer.address());
  EXPECT_EQ(invite.max_forwards, 70u);
}

TEST_F(InviteIn, whoever_asks_for_any_privacy_does_not_want_to_be_known) {
  const std::pair<const char*, bool> cases[] = {
      {"id", true},
      {"user", true},
      {"header", true},
      {"session", true},
      {"session;critical", true},
      {"none", false},
      {"history", false},
  };
  for (const auto& [privacy, hidden] : cases) {
    PeerDialog caller = rig.dialog_from(peer);
    peer.send(caller.request("INVITE", kOffer, std::string("Privacy: ") + privacy + "\r\n"),
              rig.udp());
    EXPECT_EQ(rig.wait_for_invite().invite->private_caller, hidden) << privacy;
  }
}

TEST_F(InviteIn,
       what_a_trunk_tells_of_who_sent_the_call_on_is_context_unless_somebody_wants_no_name) {
  const std::pair<const char*, size_t> cases[] = {
      {"History-Info: <sip:+14255550100@a.test?Reason=SIP%3Bcause%3D302>;index=1\r\n", 1},
      {"Diversion: <sip:+14255550188@a.test>;reason=no-answer;privacy=off\r\n", 1},
      {"History-Info: <sip:+14255550101@b.test?Privacy=history>;index=1\r\n", 0},
      {"Diversion: <sip:+14255550188@a.test>;privacy=full\r\n", 0},
      {"History-Info: <sip:+14255550100@a.test>;index=1\r\nPrivacy: history\r\n", 0},
  };
  for (const auto& [lines, count] : cases) {
    PeerDialog caller = rig.dialog_from(peer);
    peer.send(caller.request("INVITE", kOffer, lines), rig.udp());
    EXPECT_EQ(rig.wait_for_invite().invite->custom_headers.size(), count) << lines;
  }
}

TEST_F(InviteIn, history_info_says_who_sent_the_call_on_when_diversion_does_not) {
  PeerDialog caller = rig.dialog_from(peer);
  peer.send(
      caller.request(
          "INVITE", kOffer,
          "History-Info: <sip:+14255550100@a.test;user=phone?Reason=SIP%3Bcause%3D486>;index=1,"
          " <sip:+14255550101@b.test;cause=408?Privacy=history>;index=1.1\r\n"
          "History-Info: <sip:+14255550123@c.test;cause=302>;index=1.1.1\r\n"),
      rig.udp());
  const sip::Invite& invite = *rig.wait_for_invite().invite;
  ASSERT_EQ(invite.diverted.size(), 2U);
  EXPECT_EQ(invite.diverted[0].user, "+14255550101");
  EXPECT_EQ(invite.diverted[0].reason, "unconditional");
  EXPECT_TRUE(invite.diverted[0].hidden);
  EXPECT_EQ(invite.diverted[1].user, "+14255550100");
  EXPECT_EQ(invite.diverted[1].reason, "no-answer");
}

TEST_F(InviteIn, remote_party_id_is_a_trunks_word_and_its_privacy_is_kept) {
  PeerDialog caller = rig.dialog_from(peer);
  peer.send(caller.request("INVITE", kOffer,
                           "Remote-Party-ID: <sip:+14255550111@a.test>;party=called\r\n"
                           "Remote-Party-ID: \"Zo\xc3\xab \xff\" "
                           "<sip:+14255550177@a.test>;party=calling;privacy=full\r\n"),
            rig.udp());
  const sip::Invite& invite = *rig.wait_for_invite().invite;
  ASSERT_TRUE(invite.remote_party);
  EXPECT_EQ(invite.remote_party->user, "+14255550177");
  EXPECT_EQ(invite.remote_party->display, "Zo\xc3\xab ?");
  EXPECT_TRUE(invite.private_caller);
}

TEST_F(InviteIn, rings_answers_and_is_confirmed) {
  PeerDialog caller = rig.dialog_from(peer);
  RecordedDialog& call = invited(caller);
  EXPECT_TRUE(call.call([](auto& d) { return d.progress(180, std::nullopt); }));
  const SipText ringing = rig.expect(peer, 180, "INVITE");
  EXPECT_FALSE(ringing.to_tag().empty());
  EXPECT_EQ(ringing.body, "");
  EXPECT_TRUE(call.call([](auto& d) { return d.progress(183, kAnswer); }));
  EXPECT_EQ(rig.expect(peer, 183, "INVITE").body, kAnswer);
  EXPECT_TRUE(call.call([](auto& d) { return d.answer(kAnswer); }));
  ok = rig.expect(peer, 200, "INVITE");
  EXPECT_EQ(ok.to_tag(), ringing.to_tag());
  EXPECT_EQ(ok.body, kAnswer);
  EXPECT_EQ(ok.contact_uri(), "sip:+14255550123@" + rig.udp().to_string());
  EXPECT_FALSE(call.call([](auto& d) { return d.answer(kAnswer); }));
  EXPECT_FALSE(call.call([](auto& d) { return d.refuse(486, "Busy"); }));
  // Until the ACK the 200 is repeated.
  rig.expect(peer, 200, "INVITE");
  caller.to_tag = ok.to_tag();
  peer.send(caller.request("ACK"), rig.udp());
  rig.event(call, "confirmed");
  EXPECT_EQ(call.events, std::vector<std::string>{"confirmed"});
}

TEST_F(InviteIn, late_offer_gets_its_answer_with_the_ack) {
  PeerDialog caller = rig.dialog_from(peer);
  RecordedDialog& call = invited(caller, "");
  EXPECT_FALSE(call.invite->sdp);
  call.call([](auto& d) { return d.answer(kOffer); });
  ok = rig.expect(peer, 200, "INVITE");
  caller.to_tag = ok.to_tag();
  peer.send(caller.request("ACK", kAnswer), rig.udp());
  rig.event(call, "confirmed +sdp");
  EXPECT_EQ(call.last_sdp, kAnswer);
}

TEST_F(InviteIn, sdp_inside_multipart_is_found) {
  PeerDialog caller = rig.dialog_from(peer);
  std::string text = caller.request("INVITE");
  const std::string body =
      "--b1\r\nContent-Type: application/pidf+xml\r\n\r\n<x/>\r\n--b1\r\nContent-Type: "
      "application/sdp\r\n\r\n" +
      std::string(kOffer) + "\r\n--b1--\r\n";
  text.replace(text.find("Content-Length: 0\r\n\r\n"), std::string::npos,
               "Content-Type: multipart/mixed;boundary=\"b1\"\r\nContent-Length: " +
                   std::to_string(body.size()) + "\r\n\r\n" + body);
  peer.send(text, rig.udp());
  RecordedDialog& call = rig.wait_for_invite();
  EXPECT_EQ(call.invite->sdp, std::string(kOffer) + "\r\n");
}

TEST_F(InviteIn, refusal_carries_reason_and_headers_and_is_repeated_until_its_ack) {
  PeerDialog caller = rig.dialog_from(peer);
  RecordedDialog& call = invited(caller);
  EXPECT_TRUE(call.call([](auto& d) {
    return d.refuse(486, "Busy Here", {.q850 = 17, .sip_status = 0, .text = {}},
                    {{"Retry-After", "5"}, {"Bad\r\nName", "x"}});
  }));
  const SipText busy = rig.expect(peer, 486, "INVITE");
  EXPECT_EQ(busy.start, "SIP/2.0 486 Busy Here");
  EXPECT_EQ(busy.header("Reason"), "Q.850;cause=17");
  EXPECT_EQ(busy.header("Retry-After"), "5");
  rig.expect(peer, 486, "INVITE");
  EXPECT_TRUE(rig.all_dialogs_gone());
  EXPECT_TRUE(call.events.empty());
}

TEST_F(InviteIn, handler_may_refuse_at_once) {
  rig.refuse_with = 404;
  PeerDialog caller = rig.dialog_from(peer);
  peer.send(caller.request("INVITE", kOffer), rig.udp());
  rig.expect(peer, 404, "INVITE");
  EXPECT_TRUE(rig.all_dialogs_gone());
}

TEST_F(InviteIn, forgotten_dialog_is_refused) {
  PeerDialog caller = rig.dialog_from(peer);
  RecordedDialog& call = invited(caller);
  call.dialog.reset();
  rig.expect(peer, 480, "INVITE");
  EXPECT_TRUE(rig.all_dialogs_gone());
}

TEST_F(InviteIn, cancel_gets_200_and_the_invite_487) {
  PeerDialog caller = rig.dialog_from(peer);
  RecordedDialog& call = invited(caller);
  call.call([](auto& d) { return d.progress(180, std::nullopt); });
  peer.send(
      caller.request("CANCEL", {}, "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n", 1,
                     caller.last_branch),
      rig.udp());
  rig.expect(peer, 200, "CANCEL");
  rig.expect(peer, 487, "INVITE");
  rig.event(call, "cancelled");
  EXPECT_EQ(call.reason.sip_status, 200);
  EXPECT_FALSE(call.call([](auto& d) { return d.answer(kAnswer); }));
  EXPECT_TRUE(rig.all_dialogs_gone());
  EXPECT_EQ(call.events, std::vector<std::string>{"cancelled"});
}

TEST_F(InviteIn, cancel_that_crosses_the_200_changes_nothing) {
  PeerDialog caller = rig.dialog_from(peer);
  RecordedDialog& call = invited(caller);
  call.call([](auto& d) { return d.answer(kAnswer); });
  const std::string branch = caller.last_branch;
  peer.send(caller.request("CANCEL", {}, {}, 1, branch), rig.udp());
  rig.expect(peer, 481, "CANCEL");
  ok = rig.expect(peer, 200, "INVITE");
  caller.to_tag = ok.to_tag();
  peer.send(caller.request("ACK"), rig.udp());
  rig.event(call, "confirmed");
  caller.cseq++;
  peer.send(caller.request("BYE"), rig.udp());
  rig.event(call, "ended by them");
}

TEST_F(InviteIn, cancel_of_nothing_is_a_481) {
  PeerDialog caller = rig.dialog_from(peer);
  peer.send(caller.request("CANCEL"), rig.udp());
  rig.expect(peer, 481, "CANCEL");
}

TEST_F(InviteIn, without_ack_the_call_ends_with_a_bye) {
  PeerDialog caller = rig.dialog_from(peer);
  RecordedDialog& call = invited(caller);
  call.call([](auto& d) { return d.answer(kAnswer); });
  rig.event(call, "ended by us");
  const SipText bye = rig.expect(peer, "BYE");
  peer.send(peer.respond(bye, 200, ""), rig.udp());
  EXPECT_TRUE(rig.all_dialogs_gone());
}

TEST_F(InviteIn, owner_that_leaves_before_the_ack_says_bye_after_it) {
  PeerDialog caller = rig.dialog_from(peer);
  RecordedDialog& call = invited(caller);
  call.call([](auto& d) { return d.answer(kAnswer); });
  ok = rig.expect(peer, 200, "INVITE");
  call.dialog->end({.q850 = 16, .sip_status = 0, .text = {}});
  rig.settle();
  EXPECT_FALSE(peer.take([](const SipText& m) { return m.method() == "BYE"; }));
  caller.to_tag = ok.to_tag();
  peer.send(caller.request("ACK"), rig.udp());
  const SipText bye = rig.expect(peer, "BYE");
  EXPECT_EQ(bye.header("Reason"), "Q.850;cause=16");
  peer.send(peer.respond(bye, 200, ""), rig.udp());
  EXPECT_TRUE(rig.all_dialogs_gone());
  EXPECT_TRUE(call.events.empty());
}

TEST_F(InviteIn, bye_before_the_answer_ends_the_invite_with_487) {
  PeerDialog caller = rig.dialog_from(peer);
  RecordedDialog& call = invited(caller);
  call.call([](auto& d) { return d.progress(180, std::nullopt); });
  caller.to_tag = rig.expect(peer, 180, "INVITE").to_tag();
  caller.cseq++;
  peer.send(caller.request("BYE"), rig.udp());
  rig.expect(peer, 200, "BYE");
  rig.expect(peer, 487, "INVITE");
  rig.event(call, "cancelled");
}

TEST_F(InviteIn, repeated_invite_is_one_call) {
  PeerDialog caller = rig.dialog_from(peer);
  const std::string text = caller.request("INVITE", kOffer);
  peer.send(text, rig.udp());
  peer.send(text, rig.udp());
  rig.wait_for_invite();
  rig.settle();
  EXPECT_EQ(rig.incoming.size(), 1u);
  // The same INVITE by another path: RFC 3261 8.2.2.2.
  peer.send(caller.request("INVITE", kOffer), rig.udp());
  rig.expect(peer, 482, "INVITE");
  EXPECT_EQ(rig.incoming.size(), 1u);
}

TEST_F(InviteIn, our_bye_goes_to_the_remote_target) {
  PeerDialog caller = rig.dialog_from(peer);
  RecordedDialog& call = talking(caller);
  call.dialog->end({});
  const SipText bye = rig.expect(peer, "BYE");
  EXPECT_EQ(bye.uri(), "sip:peer@" + peer.host_port());
  EXPECT_EQ(bye.from_tag(), ok.to_tag());
  EXPECT_EQ(bye.to_tag(), caller.from_tag);
  peer.send(peer.respond(bye, 200, ""), rig.udp());
  EXPECT_TRUE(rig.all_dialogs_gone());
}

TEST_F(InviteIn, unanswered_bye_ends_in_the_background) {
  PeerDialog caller = rig.dialog_from(peer);
  RecordedDialog& call = talking(caller);
  call.dialog.reset();
  rig.expect(peer, "BYE");
  EXPECT_TRUE(rig.all_dialogs_gone());
}

TEST_F(InviteIn, bad_contacts_and_routes_are_refused) {
  const struct {
    const char* extra;
    int status;
  } cases[] = {{"Contact: <tel:+1425>\r\n", 400},
               {"Contact: *\r\n", 400},
               {"Contact: <foo:bar>\r\n", 400},
               {"Contact: <sip:a@127.0.0.1>, <sip:b@127.0.0.1>\r\n", 400},
               {"Record-Route: <tel:+1425;lr>\r\n", 400},
               {"Require: gruu\r\n", 420},
               {"Require: x-future, x-other\r\n", 420},
               {"Content-Encoding: gzip\r\n", 415}};
  for (const auto& c : cases) {
    PeerDialog caller = rig.dialog_from(peer);
    peer.send(caller.request("INVITE", kOffer, c.extra), rig.udp());
    const SipText answer = rig.expect_that(
        peer, c.extra, [](const SipText& m) { return m.is_response() && m.status() != 100; });
    EXPECT_EQ(answer.status(), c.status) << c.extra;
    if (c.status != 420) continue;
    EXPECT_EQ("Require: " + answer.header("Unsupported") + "\r\n", c.extra);
  }
  EXPECT_TRUE(rig.incoming.empty());
  EXPECT_EQ(rig.agent->open_dialogs(), 0u);
}

TEST_F(InviteIn, bodies_that_are_not_sdp_are_refused) {
  PeerDialog caller = rig.dialog_from(peer);
  std::string text = caller.request("INVITE", kOffer);
  text.replace(text.find("application/sdp"), 15, "application/isup");
  peer.send(text, rig.udp());
  const SipText answer = rig.expect(peer, 415, "INVITE");
  EXPECT_EQ(answer.header("Accept"), "application/sdp");
}

}  // namespace
}  // namespace gw::test
