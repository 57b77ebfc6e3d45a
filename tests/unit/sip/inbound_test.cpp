#include <gtest/gtest.h>

#include <cstring>

#include "tests/unit/support/sip_digest.h"
#include "tests/unit/support/sip_rig.h"

namespace gw::test {
namespace {

class InboundRequests : public ::testing::Test {
 protected:
  InboundRequests() {
    rig.peers = {&peer};
    rig.phones["101"] = {.username = "101", .password = "demo-101", .digest = {}, .max_devices = 5};
    rig.phones["102"] = {.username = "102",
                         .password = "demo-102",
                         .digest = {sip::DigestAlgorithm::Md5},
                         .max_devices = 5};
  }

  // A request of a phone's, whose To is its own address.
  std::string phone_request(const std::string& method, const std::string& user,
                            const std::string& extra, const std::string& to,
                            const std::string& sdp = {}) {
    const std::string uri = method == "REGISTER" ? "sip:pbx.test" : "sip:" + to + "@pbx.test";
    std::string text = method + " " + uri + " SIP/2.0\r\nVia: SIP/2.0/UDP " + peer.host_port() +
                       ";branch=z9hG4bKp" + std::to_string(++cseq) +
                       ";rport\r\nMax-Forwards: 70\r\n";
    text += "From: <sip:" + user + "@pbx.test>;tag=f\r\nTo: <sip:" + to +
            "@pbx.test>\r\nCall-ID: reg-" + user + method + "\r\n";
    text += "CSeq: " + std::to_string(cseq) + " " + method + "\r\n";
    if (extra.find("Contact:") == std::string::npos)
      text += "Contact: <sip:" + user + "@" + peer.host_port() + ">\r\n";
    return text + extra + SipPeer::body_of(sdp);
  }
  SipText register_phone(const std::string& user, const std::string& password,
                         const std::string& algorithm, const std::string& extra = {}) {
    peer.send(phone_request("REGISTER", user, extra, user), rig.udp());
    const SipText challenge = rig.expect(peer, 401, "REGISTER");
    peer.send(phone_request("REGISTER", user,
                            extra + authorization(challenge, algorithm, user, password, "REGISTER",
                                                  "sip:pbx.test"),
                            user),
              rig.udp());
    return rig.expect_that(peer, "answer", [](const SipText& m) { return m.is_response(); });
  }

  SipRig rig;
  SipPeer peer;
  int cseq = 0;
};

TEST_F(InboundRequests, register_is_challenged_with_each_algorithm_in_order) {
  peer.send(phone_request("REGISTER", "101", {}, "101"), rig.udp());
  const SipText challenge = rig.expect(peer, 401, "REGISTER");
  const auto headers = challenge.all("WWW-Authenticate");
  ASSERT_EQ(headers.size(), 2u);
  EXPECT_EQ(parameter(headers[0], "algorithm"), "MD5");
  EXPECT_EQ(parameter(headers[1], "algorithm"), "SHA-256");
  EXPECT_EQ(parameter(headers[0], "realm"), "pbx.test");
  peer.send(phone_request("REGISTER", "102", {}, "102"), rig.udp());
  EXPECT_EQ(rig.expect(peer, 401, "REGISTER").all("WWW-Authenticate").size(), 1u);
}

TEST_F(InboundRequests, phones_register_with_either_digest_and_are_where_they_came_from) {
  for (const char* algorithm : {"MD5", "SHA-256"}) {
    const SipText ok = register_phone("101", "demo-101", algorithm, "Expires: 120\r\n");
    EXPECT_EQ(ok.status(), 200) << algorithm;
    EXPECT_NE(ok.header("Contact").find(";expires=120"), std::string::npos) << ok.header("Contact");
    EXPECT_FALSE(ok.header("Date").empty());
  }
  const auto bindings = rig.registrar.bindings("101");
  ASSERT_EQ(bindings.size(), 1u);
  EXPECT_EQ(bindings[0].contact_uri, "sip:101@" + peer.host_port());
  EXPECT_EQ(bindings[0].source, peer.address());
}

TEST_F(InboundRequests, all_contacts_come_back_and_star_removes_them) {
  register_phone(
      "101", "demo-101", "MD5",
      "Contact: "
      "<sip:101@192.0.2.1:5060;transport=tcp>;+sip.instance=\"<urn:uuid:1>\";expires=200\r\n");
  const SipText ok = register_phone("101", "demo-101", "MD5", "Contact: <sip:101@192.0.2.2>\r\n");
  EXPECT_EQ(ok.all("Contact").size(), 2u);
  EXPECT_EQ(rig.registrar.bindings("101").size(), 2u);
  EXPECT_EQ(register_phone("101", "demo-101", "MD5", "Contact: *\r\nExpires: 0\r\n").status(), 200);
  EXPECT_TRUE(rig.registrar.bindings("101").empty());
  EXPECT_EQ(register_phone("101", "demo-101", "MD5", "Contact: *\r\nExpires: 60\r\n").status(),
            400);
  EXPECT_EQ(register_phone("101", "demo-101", "MD5", "Contact: <tel:+1>\r\n").status(), 400);
}

TEST_F(InboundRequests, repeated_register_gets_the_same_answer) {
  peer.send(phone_request("REGISTER", "101", {}, "101"), rig.udp());
  const SipText challenge = rig.expect(peer, 401, "REGISTER");
  const std::string again = phone_request(
      "REGISTER", "101",
      authorization(challenge, "MD5", "101", "demo-101", "REGISTER", "sip:pbx.test"), "101");
  peer.send(again, rig.udp());
  rig.expect(peer, 200, "REGISTER");
  peer.send(again, rig.udp());
  rig.expect(peer, 200, "REGISTER");
}

TEST_F(InboundRequests, wrong_password_unknown_user_and_foreign_address_are_refused) {
  EXPECT_EQ(register_phone("101", "wrong", "MD5").status(), 401);
  EXPECT_EQ(register_phone("999", "any", "MD5").status(), 401);
  peer.send(phone_request("REGISTER", "101", {}, "102"), rig.udp());
  const SipText challenge = rig.expect(peer, 401, "REGISTER");
  peer.send(
      phone_request("REGISTER", "101",
                    authorization(challenge, "MD5", "101", "demo-101", "REGISTER", "sip:pbx.test"),
                    "102"),
      rig.udp());
  rig.expect(peer, 403, "REGISTER");
  EXPECT_TRUE(rig.registrar.all().empty());
}

TEST_F(InboundRequests, too_short_an_interval_names_the_minimum) {
  const SipText brief = register_phone("101", "demo-101", "MD5", "Expires: 5\r\n");
  EXPECT_EQ(brief.status(), 423);
  EXPECT_EQ(brief.header("Min-Expires"), "60");
}

TEST_F(InboundRequests, phones_invite_is_challenged_and_known_by_its_digest) {
  peer.send(phone_request("INVITE", "101", {}, "201", kOffer), rig.udp());
  const SipText challenge = rig.expect(peer, 401, "INVITE");
  peer.send(phone_request("INVITE", "101",
                          authorization(challenge, "SHA-256", "101", "demo-101", "INVITE",
                                        "sip:201@pbx.test") +
                              "P-Asserted-Identity: <sip:+1900@pbx.test>\r\n",
                          "201", kOffer),
            rig.udp());
  RecordedDialog& call = rig.wait_for_invite();
  EXPECT_EQ(std::get<sip::FromPhone>(call.invite->peer).username, "101");
  EXPECT_EQ(call.invite->request_user, "201");
  EXPECT_FALSE(call.invite->p_asserted_identity) << "only trunks are believed";
}

TEST_F(InboundRequests, invite_for_a_foreign_host_is_not_ours) {
  peer.send(phone_request("INVITE", "101", {}, "201", kOffer), rig.udp());
  const SipText challenge = rig.expect(peer, 401, "INVITE");
  std::string text = phone_request(
      "INVITE", "101",
      authorization(challenge, "MD5", "101", "demo-101", "INVITE", "sip:201@evil.test"), "201",
      kOffer);
  text.replace(text.find("sip:201@pbx.test"), 16, "sip:201@evil.test");
  peer.send(text, rig.udp());
  rig.expect(peer, 404, "INVITE");
}

TEST_F(InboundRequests, failed_digests_lead_to_silence) {
  for (int n = 0; n < 12; ++n) {
    peer.send(
        phone_request("REGISTER", "101",
                      "Authorization: Digest username=\"101\", realm=\"pbx.test\", nonce=\"x\", "
                      "uri=\"sip:pbx.test\", response=\"00000000000000000000000000000000\"\r\n",
                      "101"),
        rig.udp());
    rig.settle(10ms);
  }
  peer.inbox.clear();
  peer.send(phone_request("OPTIONS", "101", {}, "101"), rig.udp());
  rig.settle();
  EXPECT_TRUE(peer.inbox.empty());
}

TEST_F(InboundRequests, flows_of_an_instance_are_kept_apart_and_said_to_be) {
  const auto flow = [&](int n) {
    return "Supported: path, outbound\r\nContact: <sip:101@" + peer.host_port() +
           ";ob>;reg-id=" + std::to_string(n) + ";+sip.instance=\"<urn:uuid:1>\"\r\n";
  };
  SipText ok = register_phone("101", "demo-101", "MD5", flow(1));
  EXPECT_EQ(ok.status(), 200);
  EXPECT_EQ(ok.header("Require"), "outbound");
  EXPECT_EQ(ok.header("Flow-Timer"), "30");
  ok = register_phone("101", "demo-101", "MD5", flow(2));
  ASSERT_EQ(ok.all("Contact").size(), 2u);
  EXPECT_NE(ok.all("Contact")[0].find(";reg-id="), std::string::npos);
  EXPECT_EQ(rig.registrar.bindings("101").size(), 2u);
}

TEST_F(InboundRequests, reg_id_means_nothing_from_a_phone_that_does_not_support_outbound) {
  const SipText ok = register_phone(
      "101", "demo-101", "MD5",
      "Contact: <sip:101@" + peer.host_port() + ">;reg-id=1;+sip.instance=\"<urn:uuid:1>\"\r\n");
  EXPECT_EQ(ok.status(), 200);
  EXPECT_TRUE(ok.header("Require").empty());
  EXPECT_EQ(rig.registrar.bindings("101").front().reg_id, 0u);
}

TEST_F(InboundRequests, flows_through_a_proxy_that_keeps_none_are_439) {
  const std::string contact =
      "Supported: path, outbound\r\nContact: <sip:101@192.0.2.9>;reg-id=1;"
      "+sip.instance=\"<urn:uuid:1>\"\r\n"
      "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKbehind\r\n";
  EXPECT_EQ(
      register_phone("101", "demo-101", "MD5", contact + "Path: <sip:edge.test;lr>\r\n").status(),
      439);
  EXPECT_EQ(register_phone("101", "demo-101", "MD5", contact + "Path: <sip:edge.test;lr;ob>\r\n")
                .status(),
            200);
}

TEST_F(InboundRequests, a_path_is_kept_said_again_and_taken_toward_the_phone) {
  const SipText ok = register_phone("101", "demo-101", "MD5",
                                    "Supported: path\r\nPath: <sip:p1.test;lr>\r\n"
                                    "Path: <sip:p2.test;lr>\r\n");
  EXPECT_EQ(ok.status(), 200);
  EXPECT_EQ(ok.all("Path"), (std::vector<std::string>{"<sip:p1.test;lr>", "<sip:p2.test;lr>"}));
  const sip::Binding binding = rig.registrar.bindings("101").front();
  EXPECT_EQ(binding.path, (std::vector<std::string>{"sip:p1.test;lr", "sip:p2.test;lr"}));
  sip::OutgoingInvite invite = rig.outgoing_to(peer);
  invite.route = binding.path;
  rig.call(invite);
  const SipText arrived = rig.expect(peer, "INVITE");
  std::string routes;
  for (const auto& value : arrived.all("Route")) routes += (routes.empty() ? "" : ", ") + value;
  EXPECT_EQ(routes, "<sip:p1.test;lr>, <sip:p2.test;lr>");
  EXPECT_NE(arrived.start.find("sip:callee@"), std::string::npos);
}

TEST_F(InboundRequests, a_path_that_no_proxy_writes_is_refused) {
  EXPECT_EQ(register_phone("101", "demo-101", "MD5", "Path: <tel:+1>\r\n").status(), 400);
}

TEST_F(InboundRequests, replaces_reaches_the_owner_for_phones_and_is_420_for_trunks) {
  const std::string extra = "Require: replaces\r\nReplaces: a@b;to-tag=t;from-tag=f;early-only\r\n";
  peer.send(phone_request("INVITE", "101", extra, "102", kOffer), rig.udp());
  const SipText challenge = rig.expect(peer, 401, "INVITE");
  peer.send(phone_request("INVITE", "101",
                          extra + authorization(challenge, "MD5", "101", "demo-101", "INVITE",
                                                "sip:102@pbx.test"),
                          "102", kOffer),
            rig.udp());
  const sip::Invite& invite = *rig.wait_for_invite().invite;
  ASSERT_TRUE(invite.replaces);
  EXPECT_EQ(invite.replaces->call_id, "a@b");
  EXPECT_EQ(invite.replaces->to_tag, "t");
  EXPECT_EQ(invite.replaces->from_tag, "f");
  EXPECT_TRUE(invite.replaces->early_only);
  EXPECT_FALSE(invite.replaces->dialog);
  PeerDialog carrier = rig.dialog_from(peer);
  peer.send(carrier.request("INVITE", kOffer, "Require: replaces\r\n"), rig.udp());
  rig.expect(peer, 420, "INVITE");
}

TEST_F(InboundRequests, scanners_get_silence) {
  peer.send(phone_request("OPTIONS", "100", "User-Agent: friendly-scanner\r\n", "100"), rig.udp());
  rig.settle();
  EXPECT_TRUE(peer.inbox.empty());
}

TEST_F(InboundRequests, options_says_what_we_can_and_503_when_draining) {
  peer.send(phone_request("OPTIONS", "x", {}, "x"), rig.udp());
  const SipText ok = rig.expect(peer, 200, "OPTIONS");
  EXPECT_EQ(ok.header("Allow"),
            "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, PRACK, REFER, NOTIFY, REGISTER, "
            "SUBSCRIBE");
  EXPECT_EQ(ok.header("Allow-Events"), "dialog, message-summary");
  EXPECT_EQ(ok.header("Accept"), "application/sdp");
  rig.agent->set_accepting(false);
  peer.send(phone_request("OPTIONS", "x", {}, "x"), rig.udp());
  EXPECT_FALSE(rig.expect(peer, 503, "OPTIONS").header("Retry-After").empty());
  PeerDialog caller = rig.dialog_from(peer);
  peer.send(caller.request("INVITE", kOffer), rig.udp());
  rig.expect(peer, 503, "INVITE");
  PeerDialog emergency = rig.dialog_from(peer, "911");
  peer.send(emergency.request("INVITE", kOffer), rig.udp());
  rig.wait_for_invite();
}

TEST_F(InboundRequests, what_belongs_to_no_dialog_is_refused_statelessly) {
  PeerDialog caller = rig.dialog_from(peer);
  caller.to_tag = "gone";
  peer.send(caller.request("BYE"), rig.udp());
  rig.expect(peer, 481, "BYE");
  peer.send(caller.request("INVITE", kOffer), rig.udp());
  rig.expect(peer, 481, "INVITE");
  caller.to_tag.clear();
  peer.send(caller.request("MESSAGE"), rig.udp());
  EXPECT_FALSE(rig.expect(peer, 405, "MESSAGE").header("Allow").empty());
  peer.send(caller.request("ACK"), rig.udp());
  rig.settle();
  EXPECT_TRUE(peer.inbox.empty());
  EXPECT_GE(rig.counter("gw_sip_refused_total{reason=\"no_dialog\"}"), 2);
  EXPECT_GE(rig.counter("gw_sip_requests_total{method=\"BYE\"}"), 1);
}

TEST_F(InboundRequests, no_hops_left_and_missing_tags_are_refused) {
  PeerDialog caller = rig.dialog_from(peer);
  std::string text = caller.request("INVITE", kOffer);
  text.replace(text.find("Max-Forwards: 70"), 16, "Max-Forwards: 0");
  peer.send(text, rig.udp());
  rig.expect(peer, 483, "INVITE");
  text = caller.request("INVITE", kOffer);
  text.erase(text.find(";tag="), 5 + caller.from_tag.size());
  peer.send(text, rig.udp());
  rig.expect(peer, 400, "INVITE");
}

TEST_F(InboundRequests, what_cannot_be_meant_for_us_is_named) {
  struct Case {
    const char* method;
    const char* was;
    const char* is;
    int status;
    const char* header;  // In the answer.
  };
  for (const Case& c : {
           Case{"OPTIONS", " sip:", " soap.beep:", 416, nullptr},
           Case{"INVITE", " sip:", " nobodyKnowsThisScheme:", 416, nullptr},
           Case{"INVITE", " SIP/2.0\r\nVia", "?Route=%3Csip:x.test%3E SIP/2.0\r\nVia", 400,
                nullptr},
           Case{"OPTIONS", "Max-Forwards", "Require: foo, 100rel\r\nMax-Forwards", 420,
                "Unsupported"},
           Case{"INVITE", "Max-Forwards", "Accept: text/plain\r\nMax-Forwards", 406, "Accept"},
           Case{"INVITE", "Max-Forwards", "Accept: application/sdp;q=0, text/plain\r\nMax-Forwards",
                406, "Accept"},
           Case{"NOTIFY", "Max-Forwards", "Event: refer\r\nMax-Forwards", 481, nullptr},
           Case{"FROBNICATE", "Max-Forwards", "Max-Forwards", 501, "Allow"},
       }) {
    std::string text = rig.dialog_from(peer).request(c.method, kOffer);
    text.replace(text.find(c.was), std::strlen(c.was), c.is);
    peer.send(text, rig.udp());
    const SipText answer = rig.expect(peer, c.status, c.method);
    if (c.header) {
      EXPECT_FALSE(answer.header(c.header).empty()) << c.is;
    }
  }
  EXPECT_TRUE(rig.incoming.empty());
  std::string isbn = phone_request("REGISTER", "101", {}, "101");
  isbn.replace(isbn.find("To: <sip:101@pbx.test>"), 22, "To: <isbn:2983792873>");
  peer.send(isbn, rig.udp());
  rig.expect(peer, 400, "REGISTER");
}

TEST_F(InboundRequests, any_accept_that_takes_sdp_will_do) {
  for (const char* accept :
       {"application/sdp", "text/plain, application/sdp;level=1", "*/*", "application/*;q=0.1"}) {
    std::string text = rig.dialog_from(peer).request("INVITE", kOffer);
    text.replace(text.find("Max-Forwards"), 0, std::string("Accept: ") + accept + "\r\n");
    const size_t before = rig.incoming.size();
    peer.send(text, rig.udp());
    EXPECT_TRUE(rig.until([&] { return rig.incoming.size() == before + 1; })) << accept;
  }
}

TEST_F(InboundRequests, answers_never_leave_for_where_via_says_in_maddr_or_port_0) {
  PeerDialog caller = rig.dialog_from(peer);
  std::string text = caller.request("OPTIONS");
  text.replace(text.find(";rport"), 6, ";rport;maddr=192.0.2.77");
  peer.send(text, rig.udp());
  rig.expect(peer, 200, "OPTIONS");
  text = caller.request("INVITE", kOffer);
  text.replace(text.find(peer.host_port()), peer.host_port().size(), "127.0.0.1:0");
  text.replace(text.find(";rport"), 6, "");
  peer.send(text, rig.udp());
  rig.settle();
  EXPECT_TRUE(rig.incoming.empty());
}

TEST_F(InboundRequests, options_of_ours_tells_the_status_or_408) {
  std::vector<int> told;
  const sip::NextHop hop{sip::Transport::Udp, peer.address().host(), peer.address().port(),
                         peer.address()};
  sip::OutgoingOptions question;
  question.request_uri = "sip:" + peer.host_port();
  question.next_hop = hop;
  rig.agent->options(question, [&](int status) { told.push_back(status); });
  EXPECT_TRUE(told.empty());
  const SipText asked = rig.expect(peer, "OPTIONS");
  peer.send(peer.respond(asked, 200, "x"), rig.udp());
  EXPECT_TRUE(rig.until([&] { return told == std::vector<int>{200}; }));
  rig.agent->options(question, [&](int status) { told.push_back(status); });
  EXPECT_TRUE(rig.until([&] { return told == std::vector<int>{200, 408}; }));
  question.request_uri = "not a uri";
  rig.agent->options(question, [&](int status) { told.push_back(status); });
  EXPECT_TRUE(rig.until([&] { return told == std::vector<int>{200, 408, 503}; }));
}

}  // namespace
}  // namespace gw::test
