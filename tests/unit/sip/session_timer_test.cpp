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

TEST_F(SessionTimers, without_update_the_caller_has_to_refresh_itself) {
  talking("Supported: timer\r\nSession-Expires: 1;refresher=uas\r\nAllow: INVITE, BYE\r\n");
  EXPECT_EQ(ok.header("Session-Expires"), "");
}

}  // namespace
}  // namespace gw::test
