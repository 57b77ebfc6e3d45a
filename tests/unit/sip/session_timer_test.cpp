#include <gtest/gtest.h>

#include "tests/unit/support/sip_rig.h"

namespace gw::test {
namespace {

class SessionTimers : public ::testing::Test {
 protected:
  SessionTimers() : rig(short_sessions()), caller(rig.dialog_from(peer)) { rig.peers = {&peer}; }

  static sip::SipConfig short_sessions() {
    sip::SipConfig c = SipRig::config();
    c.min_session = 1s;
    return c;
  }
  // A confirmed call that the peer began with these headers.
  RecordedDialog& talking(const std::string& extra) {
    peer.send(caller.request("INVITE", kOffer, extra), rig.udp());
    RecordedDialog& call = rig.wait_for_invite();
    call.call([](auto& d) { return d.answer(kAnswer); });
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
  PeerDialog caller;
  SipText ok;
};

TEST_F(SessionTimers, are_agreed_to_when_the_caller_asks_and_refreshes) {
  talking("Supported: timer\r\nSession-Expires: 1800\r\n");
  EXPECT_EQ(ok.header("Session-Expires"), "1800;refresher=uac");
  EXPECT_EQ(ok.header("Require"), "timer");
}

TEST_F(SessionTimers, are_left_out_when_nobody_asked) {
  talking("Session-Expires: 1800\r\n");  // Put there by a proxy: the caller knows nothing of it.
  EXPECT_EQ(ok.header("Session-Expires"), "");
  EXPECT_EQ(ok.header("Require"), "");
}

TEST_F(SessionTimers, may_be_required) {
  talking("Require: timer\r\nSession-Expires: 1800;refresher=uac\r\n");
  EXPECT_EQ(ok.header("Session-Expires"), "1800;refresher=uac");
}

TEST_F(SessionTimers, too_short_ones_are_refused) {
  peer.send(caller.request("INVITE", kOffer, "Supported: timer\r\nSession-Expires: 0\r\n"),
            rig.udp());
  EXPECT_EQ(rig.expect(peer, 422, "INVITE").header("Min-SE"), "1");
}

TEST_F(SessionTimers, without_a_refresh_the_call_ends) {
  RecordedDialog& call = talking("Supported: timer\r\nSession-Expires: 1\r\n");
  rig.event(call, "ended by us");
  rig.expect(peer, "BYE");
}

TEST_F(SessionTimers, refreshed_calls_go_on) {
  RecordedDialog& call = talking("Supported: timer\r\nSession-Expires: 2\r\n");
  for (int n = 0; n < 3; ++n) {
    rig.settle(600ms);
    peer.send(
        caller.request("UPDATE", {}, "Supported: timer\r\nSession-Expires: 2;refresher=uac\r\n"),
        rig.udp());
    EXPECT_EQ(rig.expect(peer, 200, "UPDATE").header("Session-Expires"), "2;refresher=uac");
    caller.cseq++;
  }
  EXPECT_FALSE(call.heard("ended by us"));
}

TEST_F(SessionTimers, we_refresh_by_update_when_asked_to) {
  RecordedDialog& call =
      talking("Supported: timer\r\nSession-Expires: 1;refresher=uas\r\nAllow: INVITE, UPDATE\r\n");
  EXPECT_EQ(ok.header("Session-Expires"), "1;refresher=uas");
  for (int n = 0; n < 2; ++n) {
    const SipText update = rig.expect(peer, "UPDATE");
    EXPECT_EQ(update.header("Session-Expires"), "1;refresher=uac");
    EXPECT_EQ(update.body, "");
    peer.send(peer.respond(update, 200, ""), rig.udp());
  }
  EXPECT_FALSE(call.heard("ended by us"));
  peer.send(peer.respond(rig.expect(peer, "UPDATE"), 481, ""), rig.udp());
  rig.event(call, "ended by us");
}

TEST_F(SessionTimers, a_peer_without_update_is_refreshed_by_re_invite) {
  RecordedDialog& call =
      talking("Supported: timer\r\nSession-Expires: 1;refresher=uas\r\nAllow: INVITE, BYE\r\n");
  EXPECT_EQ(ok.header("Session-Expires"), "1;refresher=uas");
  rig.event(call, "refresh due");
  EXPECT_TRUE(call.call([](auto& d) { return d.offer(kAnswer); }));
  const SipText again = rig.expect(peer, "INVITE");
  EXPECT_EQ(again.header("Session-Expires"), "1;refresher=uac");
  peer.send(peer.respond(again, 200, "", kOffer, "Session-Expires: 1;refresher=uac\r\n"),
            rig.udp());
  rig.expect(peer, "ACK");
  EXPECT_FALSE(call.heard("ended by us"));
}

TEST_F(SessionTimers, update_is_tried_first_and_a_405_turns_to_re_invite) {
  RecordedDialog& call = talking("Supported: timer\r\nSession-Expires: 1;refresher=uas\r\n");
  peer.send(peer.respond(rig.expect(peer, "UPDATE"), 405, ""), rig.udp());
  rig.event(call, "refresh due");
}

TEST_F(SessionTimers, an_update_refused_with_422_is_sent_again_with_their_minimum) {
  talking("Supported: timer\r\nSession-Expires: 1;refresher=uas\r\n");
  peer.send(peer.respond(rig.expect(peer, "UPDATE"), 422, "", {}, "Min-SE: 90\r\n"), rig.udp());
  EXPECT_EQ(rig.expect(peer, "UPDATE").header("Session-Expires"), "90;refresher=uac");
}

// As RFC 4028 9 lets us where the caller could and asks for nothing.
class WishedSessions : public ::testing::Test {
 protected:
  WishedSessions() : rig(wishing()) { rig.peers = {&peer}; }
  static sip::SipConfig wishing() {
    sip::SipConfig c = SipRig::config();
    c.session_expires = 2s;
    c.min_session = 1s;
    return c;
  }
  RecordedDialog& answered(const std::string& session) {
    RecordedDialog& call = rig.call(rig.outgoing_to(peer));
    invite = rig.expect(peer, "INVITE");
    peer.send(peer.respond(invite, 200, "B", kAnswer, session), rig.udp());
    rig.event(call, "answered +sdp");
    rig.expect(peer, "ACK");
    return call;
  }

  SipRig rig;
  SipPeer peer;
  SipText invite;
};

TEST_F(WishedSessions, an_invite_of_ours_asks_and_we_refresh_as_the_callee_chose) {
  RecordedDialog& call = answered("Session-Expires: 2;refresher=uac\r\nRequire: timer\r\n");
  EXPECT_EQ(invite.header("Session-Expires"), "2");
  EXPECT_EQ(rig.expect(peer, "UPDATE").header("Session-Expires"), "2;refresher=uac");
  EXPECT_FALSE(call.heard("ended by us"));
}

TEST_F(WishedSessions, a_callee_that_promised_to_refresh_and_does_not_is_gone) {
  RecordedDialog& call = answered("Session-Expires: 2;refresher=uas\r\nRequire: timer\r\n");
  rig.event(call, "ended by us");
  rig.expect(peer, "BYE");
}

TEST_F(WishedSessions, a_callee_that_says_nothing_of_it_is_not_missed) {
  RecordedDialog& call = answered("");
  rig.settle(2500ms);
  EXPECT_FALSE(call.heard("ended by us"));
}

TEST_F(WishedSessions, a_422_is_asked_again_with_its_minimum_and_not_for_ever) {
  RecordedDialog& call = rig.call(rig.outgoing_to(peer));
  invite = rig.expect(peer, "INVITE");
  for (const char* seconds : {"90", "180"}) {
    peer.send(peer.respond(invite, 422, "B", {}, "Min-SE: " + std::string(seconds) + "\r\n"),
              rig.udp());
    rig.expect(peer, "ACK");
    invite = rig.expect(peer, "INVITE");
    EXPECT_EQ(invite.header("Session-Expires"), seconds);
    EXPECT_EQ(invite.header("Min-SE"), seconds);
  }
  peer.send(peer.respond(invite, 422, "B", {}, "Min-SE: 360\r\n"), rig.udp());
  rig.event(call, "refused 422");
}

TEST_F(WishedSessions, a_caller_that_could_and_asks_for_nothing_is_refreshed_by_us) {
  PeerDialog caller = rig.dialog_from(peer);
  peer.send(caller.request("INVITE", kOffer, "Supported: timer\r\n"), rig.udp());
  RecordedDialog& call = rig.wait_for_invite();
  call.call([](auto& d) { return d.answer(kAnswer); });
  const SipText ok = rig.expect(peer, 200, "INVITE");
  EXPECT_EQ(ok.header("Session-Expires"), "2;refresher=uas");
  caller.to_tag = ok.to_tag();
  peer.send(caller.request("ACK"), rig.udp());
  rig.expect(peer, "UPDATE");
}

}  // namespace
}  // namespace gw::test
