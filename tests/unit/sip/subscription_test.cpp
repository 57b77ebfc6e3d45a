#include <gtest/gtest.h>

#include "tests/unit/support/sip_digest.h"
#include "tests/unit/support/sip_rig.h"

namespace gw::test {
namespace {

// Extensions 101 and 201, whose dialogs are the test's.
struct LinesRig final : SipRig {
  static sip::SipConfig config() {
    sip::SipConfig c = SipRig::config();
    c.min_expires = 1s;
    c.max_expires = 600s;
    return c;
  }
  LinesRig() : SipRig(config()) {}
  std::optional<std::string> line_of(std::string_view user) const override {
    if (gone || (user != "101" && user != "201")) return std::nullopt;
    return "line:" + std::string(user);
  }
  std::vector<sip::LineDialog> line(std::string_view key) const override {
    return key == "line:201" ? dialogs : std::vector<sip::LineDialog>{};
  }
  std::vector<sip::LineDialog> dialogs;
  bool gone = false;
};

class Subscriptions : public ::testing::Test {
 protected:
  Subscriptions() {
    rig.peers = {&peer};
    rig.phones["101"] = {.username = "101", .password = "demo-101", .digest = {}, .max_devices = 5};
  }

  std::string subscribe(const std::string& user, const std::string& extra) {
    std::string text = "SUBSCRIBE sip:" + user + "@pbx.test SIP/2.0\r\nVia: SIP/2.0/UDP " +
                       peer.host_port() + ";branch=z9hG4bKs" + std::to_string(++cseq) +
                       ";rport\r\nMax-Forwards: 70\r\n";
    text += "From: <sip:101@pbx.test>;tag=w\r\nTo: <sip:" + user + "@pbx.test>" +
            (to_tag.empty() ? "" : ";tag=" + to_tag) + "\r\nCall-ID: " + call_id +
            "\r\nCSeq: " + std::to_string(cseq) + " SUBSCRIBE\r\nContact: <sip:101@" +
            peer.host_port() + ">\r\n";
    return text + extra + SipPeer::body_of({});
  }
  SipText answer() {
    return rig.expect_that(peer, "answer", [](const SipText& m) { return m.is_response(); });
  }
  // Challenged, then sent again with the password; what that is answered with.
  SipText ask(const std::string& user, const std::string& extra) {
    to_tag.clear();
    call_id = "sub" + std::to_string(cseq);
    peer.send(subscribe(user, extra), rig.udp());
    const SipText challenge = rig.expect(peer, 401, "SUBSCRIBE");
    peer.send(subscribe(user, extra + authorization(challenge, "MD5", "101", "demo-101",
                                                    "SUBSCRIBE", "sip:" + user + "@pbx.test")),
              rig.udp());
    const SipText response = answer();
    to_tag = response.to_tag();
    return response;
  }
  SipText notified(int status = 200) {
    const SipText notify = rig.expect(peer, "NOTIFY");
    peer.send(peer.respond(notify, status, ""), rig.udp());
    return notify;
  }
  void line_is(sip::LineDialog::State state) {
    rig.dialogs = {{"c1", "l1", "r1", false, state, "102", "pbx.test", "Sales"}};
    rig.agent->line_changed("line:201");
  }
  bool none_left() {
    return rig.until([&] { return rig.counter("gw_sip_subscriptions ") == 0; });
  }

  LinesRig rig;
  SipPeer peer;
  std::string call_id, to_tag;
  int cseq = 0;
};

TEST_F(Subscriptions, a_phone_that_watches_is_told_each_state_in_full_with_rising_versions) {
  const SipText ok = ask("201", "Event: dialog\r\nExpires: 300\r\n");
  EXPECT_EQ(ok.status(), 200);
  EXPECT_EQ(ok.header("Expires"), "300");
  EXPECT_NE(ok.contact_uri().find(rig.udp().to_string()), std::string::npos);
  const SipText first = notified();
  EXPECT_EQ(first.header("Event"), "dialog");
  EXPECT_EQ(first.header("Content-Type"), "application/dialog-info+xml");
  EXPECT_TRUE(first.header("Subscription-State").starts_with("active;expires="));
  EXPECT_EQ(first.from_tag(), to_tag);
  EXPECT_NE(first.body.find("version=\"0\" state=\"full\" entity=\"sip:201@pbx.test\""),
            std::string::npos);
  EXPECT_EQ(first.body.find("<dialog "), std::string::npos);
  line_is(sip::LineDialog::State::Early);
  const SipText rings = notified();
  EXPECT_NE(rings.body.find("version=\"1\""), std::string::npos);
  EXPECT_NE(rings.body.find("call-id=\"c1\" local-tag=\"l1\" remote-tag=\"r1\""),
            std::string::npos);
  EXPECT_NE(rings.body.find("<state>early</state>"), std::string::npos);
  rig.dialogs.clear();
  rig.agent->line_changed("line:201");
  EXPECT_NE(notified().body.find("<state>terminated</state>"), std::string::npos)
      << "what was shown is shown to have ended";
  rig.agent->line_changed("line:201");
  EXPECT_EQ(notified().body.find("<dialog "), std::string::npos) << "once";
}

TEST_F(Subscriptions, one_notify_at_a_time_and_the_next_has_the_state_as_it_is_then) {
  ask("201", "Event: dialog\r\n");
  notified();
  line_is(sip::LineDialog::State::Trying);
  const SipText unanswered = rig.expect(peer, "NOTIFY");
  line_is(sip::LineDialog::State::Early);
  line_is(sip::LineDialog::State::Confirmed);
  rig.settle();
  peer.send(peer.respond(unanswered, 200, ""), rig.udp());
  const SipText next = rig.expect_that(peer, "the next NOTIFY", [&](const SipText& m) {
    return m.method() == "NOTIFY" && m.header("CSeq") != unanswered.header("CSeq");
  });
  EXPECT_NE(next.body.find("<state>confirmed</state>"), std::string::npos);
}

TEST_F(Subscriptions, refreshed_it_lives_on_and_its_state_is_told_again) {
  ask("201", "Event: dialog\r\nExpires: 60\r\n");
  notified();
  peer.send(subscribe("201", "Event: dialog\r\nExpires: 120\r\n"), rig.udp());
  const SipText ok = rig.expect(peer, 200, "SUBSCRIBE");
  EXPECT_EQ(ok.header("Expires"), "120");
  const std::string state = notified().header("Subscription-State");
  EXPECT_TRUE(state == "active;expires=120" || state == "active;expires=119") << state;
}

TEST_F(Subscriptions, expires_0_ends_it_and_so_does_time) {
  ask("201", "Event: dialog\r\n");
  notified();
  peer.send(subscribe("201", "Event: dialog\r\nExpires: 0\r\n"), rig.udp());
  rig.expect(peer, 200, "SUBSCRIBE");
  EXPECT_EQ(notified().header("Subscription-State"), "terminated;reason=timeout");
  EXPECT_TRUE(none_left());
  ask("201", "Event: dialog\r\nExpires: 1\r\n");
  EXPECT_TRUE(notified().header("Subscription-State").starts_with("active;"));
  EXPECT_EQ(notified().header("Subscription-State"), "terminated;reason=timeout");
  EXPECT_TRUE(none_left());
  peer.send(subscribe("201", "Event: dialog\r\nExpires: 60\r\n"), rig.udp());
  rig.expect(peer, 481, "SUBSCRIBE");
}

TEST_F(Subscriptions, a_fetch_is_told_once) {
  EXPECT_EQ(ask("201", "Event: dialog\r\nExpires: 0\r\n").header("Expires"), "0");
  EXPECT_EQ(notified().header("Subscription-State"), "terminated;reason=timeout");
  EXPECT_TRUE(none_left());
}

TEST_F(Subscriptions, what_cannot_be_is_refused_and_keeps_nothing) {
  const SipText presence = ask("201", "Event: presence\r\n");
  EXPECT_EQ(presence.status(), 489);
  EXPECT_EQ(presence.header("Allow-Events"), "dialog, message-summary");
  EXPECT_EQ(ask("201", "").status(), 489) << "no Event";
  EXPECT_EQ(ask("999", "Event: dialog\r\n").status(), 404);
  EXPECT_EQ(ask("201", "Event: dialog\r\nAccept: application/pidf+xml\r\n").status(), 406);
  EXPECT_EQ(ask("201", "Event: message-summary\r\n").status(), 403) << "another's messages";
  EXPECT_EQ(ask("201", "Event: dialog\r\nRequire: eventlist\r\n").status(), 420);
  EXPECT_EQ(rig.counter("gw_sip_subscriptions "), 0);
}

TEST_F(Subscriptions, shorter_than_the_minimum_is_423_with_the_minimum) {
  rig.agent->set_config([] {
    auto c = LinesRig::config();
    c.min_expires = 60s;
    return c;
  }());
  const SipText no = ask("201", "Event: dialog\r\nExpires: 59\r\n");
  EXPECT_EQ(no.status(), 423);
  EXPECT_EQ(no.header("Min-Expires"), "60");
}

TEST_F(Subscriptions, ones_own_messages_are_none) {
  EXPECT_EQ(
      ask("101", "Event: message-summary;id=7\r\nAccept: application/simple-message-summary\r\n")
          .status(),
      200);
  const SipText summary = notified();
  EXPECT_EQ(summary.header("Event"), "message-summary;id=7");
  EXPECT_NE(summary.body.find("Messages-Waiting: no"), std::string::npos);
}

TEST_F(Subscriptions, a_phone_that_knows_nothing_of_it_any_more_is_told_nothing_more) {
  ask("201", "Event: dialog\r\n");
  notified(481);
  EXPECT_TRUE(none_left());
  line_is(sip::LineDialog::State::Early);
  rig.settle();
  EXPECT_FALSE(peer.take([](const SipText& m) { return m.method() == "NOTIFY"; }));
}

TEST_F(Subscriptions, a_phone_that_answers_nothing_is_given_up) {
  ask("201", "Event: dialog\r\n");
  rig.expect(peer, "NOTIFY");
  EXPECT_TRUE(none_left());  // 64*T1 is 2.6 s here.
}

TEST_F(Subscriptions, a_phone_has_so_many_and_no_more) {
  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(ask("201", "Event: dialog\r\n").status(), 200) << i;
    notified();
  }
  EXPECT_EQ(ask("201", "Event: dialog\r\n").status(), 403);
}

TEST_F(Subscriptions, a_drain_ends_them_all_and_takes_no_new_ones) {
  ask("201", "Event: dialog\r\n");
  notified();
  rig.agent->set_accepting(false);
  EXPECT_TRUE(notified()
                  .header("Subscription-State")
                  .starts_with("terminated;reason=probation;retry-after="));
  EXPECT_TRUE(none_left());
  EXPECT_EQ(ask("201", "Event: dialog\r\n").status(), 503);
}

TEST_F(Subscriptions, a_line_or_a_phone_that_a_reload_took_away_is_watched_no_more) {
  ask("201", "Event: dialog\r\n");
  notified();
  rig.gone = true;
  rig.agent->set_config(LinesRig::config());
  EXPECT_EQ(notified().header("Subscription-State"), "terminated;reason=noresource");
  rig.gone = false;
  ask("201", "Event: dialog\r\n");
  notified();
  rig.phones.clear();
  rig.agent->set_config(LinesRig::config());
  EXPECT_EQ(notified().header("Subscription-State"), "terminated;reason=rejected");
}

TEST_F(Subscriptions, a_trunk_watches_nobody) {
  PeerDialog carrier = rig.dialog_from(peer);
  peer.send(carrier.request("SUBSCRIBE"), rig.udp());
  rig.expect(peer, 405, "SUBSCRIBE");
}

// nta_outgoing_tcreate gives nothing for such a target: no NOTIFY, no subscription, no crash.
TEST_F(Subscriptions, one_whose_contact_is_no_sip_uri_is_refused) {
  std::string text = subscribe("201", "Event: dialog\r\n");
  call_id = "odd";
  const auto at = text.find("Contact: <sip:101@");
  text.replace(at, text.find("\r\n", at) - at, "Contact: <tel:+1>");
  peer.send(text, rig.udp());
  const SipText challenge = rig.expect(peer, 401, "SUBSCRIBE");
  text.replace(text.find("branch=z9hG4bKs"), 15, "branch=z9hG4bKt");
  text.insert(text.find("Contact:"),
              authorization(challenge, "MD5", "101", "demo-101", "SUBSCRIBE", "sip:201@pbx.test"));
  peer.send(text, rig.udp());
  EXPECT_EQ(answer().status(), 400);
}

}  // namespace
}  // namespace gw::test
