#include <gtest/gtest.h>

#include "tests/unit/support/sip_rig.h"

namespace gw::test {
namespace {

// A confirmed dialog that the peer began; it refers us elsewhere.
class Referrals : public ::testing::Test {
 protected:
  Referrals() : caller(rig.dialog_from(peer)) {
    rig.peers = {&peer};
    call = &confirm(caller);
  }
  RecordedDialog& confirm(PeerDialog& dialog) {
    peer.send(dialog.request("INVITE", kOffer), rig.udp());
    RecordedDialog& recorded = rig.wait_for_invite();
    recorded.call([](auto& d) { return d.answer(kAnswer); });
    const SipText ok = rig.expect(peer, 200, "INVITE");
    dialog.to_tag = ok.to_tag();
    dialog.target = ok.contact_uri();
    peer.send(dialog.request("ACK"), rig.udp());
    rig.event(recorded, "confirmed");
    dialog.cseq++;
    return recorded;
  }
  void refer(const std::string& to, const std::string& extra = {}) {
    peer.send(caller.request("REFER", {}, "Refer-To: " + to + "\r\n" + extra), rig.udp());
    caller.cseq++;
  }
  // The next NOTIFY is answered; what it said.
  std::string notified() {
    const SipText notify = rig.expect(peer, "NOTIFY");
    peer.send(peer.respond(notify, 200, ""), rig.udp());
    state = notify.header("Subscription-State");
    event = notify.header("Event");
    return notify.body;
  }

  SipRig rig;
  SipPeer peer;
  PeerDialog caller;
  RecordedDialog* call = nullptr;
  std::string state, event;
};

TEST_F(Referrals, a_refer_is_told_accepted_and_its_progress_notified_to_the_end) {
  refer("<sip:102@pbx.test>", "Referred-By: <sip:peer@pbx.test>\r\n");
  rig.event(*call, "referred to 102");
  EXPECT_TRUE(call->referral.ours);
  EXPECT_FALSE(call->referral.replaces);
  EXPECT_EQ(call->referral.referred_by, "<sip:peer@pbx.test>");
  EXPECT_TRUE(call->call([](auto& d) { return d.accept_referral(); }));
  rig.expect(peer, 202, "REFER");
  EXPECT_EQ(notified(), "SIP/2.0 100 Trying\r\n");
  EXPECT_TRUE(state.starts_with("active"));
  EXPECT_EQ(event, "refer");
  EXPECT_TRUE(call->call([](auto& d) { return d.notify_referral(180); }));
  EXPECT_EQ(notified(), "SIP/2.0 180 Ringing\r\n");
  EXPECT_TRUE(call->call([](auto& d) { return d.notify_referral(200); }));
  EXPECT_EQ(notified(), "SIP/2.0 200 OK\r\n");
  EXPECT_EQ(state, "terminated;reason=noresource");
  EXPECT_FALSE(call->call([](auto& d) { return d.notify_referral(486); })) << "that was the last";
}

TEST_F(Referrals, our_bye_waits_for_the_last_notify) {
  refer("<sip:102@pbx.test>");
  rig.event(*call, "referred to 102");
  call->call([](auto& d) { return d.accept_referral(); });
  notified();
  call->call([](auto& d) { return d.notify_referral(200); });
  call->dialog->end({});
  const SipText last = rig.expect(peer, "NOTIFY");
  rig.settle();
  EXPECT_FALSE(peer.take([](const SipText& m) { return m.method() == "BYE"; }));
  peer.send(peer.respond(last, 200, ""), rig.udp());
  peer.send(peer.respond(rig.expect(peer, "BYE"), 200, ""), rig.udp());
  EXPECT_TRUE(rig.all_dialogs_gone());
}

TEST_F(Referrals, news_go_on_after_a_bye_of_theirs) {
  refer("<sip:102@pbx.test>");
  rig.event(*call, "referred to 102");
  call->call([](auto& d) { return d.accept_referral(); });
  notified();
  peer.send(caller.request("BYE"), rig.udp());
  rig.expect(peer, 200, "BYE");
  rig.event(*call, "ended by them");
  EXPECT_TRUE(call->call([](auto& d) { return d.notify_referral(200); }));
  EXPECT_EQ(notified(), "SIP/2.0 200 OK\r\n");
  EXPECT_TRUE(rig.all_dialogs_gone());
}

TEST_F(Referrals, an_owner_that_leaves_without_news_ends_the_subscription) {
  refer("<sip:102@pbx.test>");
  rig.event(*call, "referred to 102");
  call->call([](auto& d) { return d.accept_referral(); });
  notified();
  peer.send(caller.request("BYE"), rig.udp());
  rig.event(*call, "ended by them");
  call->dialog.reset();
  EXPECT_EQ(notified(), "SIP/2.0 503 Service Unavailable\r\n");
  EXPECT_TRUE(rig.all_dialogs_gone());
}

TEST_F(Referrals, replaces_names_a_dialog_of_ours_as_the_peer_sees_it) {
  PeerDialog second = rig.dialog_from(peer);
  RecordedDialog& other = confirm(second);
  std::string call_id = second.call_id;
  call_id.replace(call_id.find('@'), 1, "%40");
  refer("<sip:102@pbx.test?Replaces=" + call_id + "%3Bto-tag%3D" + second.to_tag +
        "%3Bfrom-tag%3D" + second.from_tag + ">");
  rig.event(*call, "referred to 102");
  EXPECT_TRUE(call->referral.replaces);
  EXPECT_EQ(call->referral.dialog, other.dialog->id());
}

TEST_F(Referrals, replaces_of_no_dialog_of_ours_names_none) {
  refer("<sip:102@pbx.test?Replaces=nobody%3Bto-tag%3Dx%3Bfrom-tag%3Dy>");
  rig.event(*call, "referred to 102");
  EXPECT_TRUE(call->referral.replaces);
  EXPECT_EQ(call->referral.dialog, 0u);
}

TEST_F(Referrals, tel_and_foreign_hosts_are_told_apart) {
  refer("<tel:+12065550123>");
  rig.event(*call, "referred to +12065550123");
  EXPECT_TRUE(call->referral.ours);
  call->call([](auto& d) { return d.refuse_referral(603); });
  rig.expect(peer, 603, "REFER");
  refer("<sip:x@elsewhere.example>");
  rig.event(*call, "referred to x");
  EXPECT_FALSE(call->referral.ours);
}

TEST_F(Referrals, without_or_with_a_strange_refer_to_they_are_refused_at_once) {
  peer.send(caller.request("REFER"), rig.udp());
  rig.expect(peer, 400, "REFER");
  caller.cseq++;
  refer("<http://example.com/>");
  rig.expect(peer, 416, "REFER");
  EXPECT_TRUE(call->events.size() == 1) << "only that it was confirmed";
}

TEST_F(Referrals, one_at_a_time) {
  refer("<sip:102@pbx.test>");
  rig.event(*call, "referred to 102");
  refer("<sip:103@pbx.test>");
  rig.expect(peer, 491, "REFER");
}

TEST_F(Referrals, refer_sub_false_means_silence) {
  refer("<sip:102@pbx.test>", "Refer-Sub: false\r\n");
  rig.event(*call, "referred to 102");
  call->call([](auto& d) { return d.accept_referral(); });
  EXPECT_EQ(rig.expect(peer, 202, "REFER").header("Refer-Sub"), "false");
  call->call([](auto& d) { return d.notify_referral(200); });
  rig.settle();
  EXPECT_FALSE(peer.take([](const SipText& m) { return m.method() == "NOTIFY"; }));
}

}  // namespace
}  // namespace gw::test
