#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "tests/unit/support/sip_digest.h"
#include "tests/unit/support/sip_rig.h"
#include "tests/unit/support/sip_tcp_peer.h"
#include "tests/unit/support/test_certificates.h"

namespace gw::test {
namespace {

std::string tcp_request(const std::string& method, const std::string& uri, unsigned cseq,
                        const std::string& sdp = {}, const std::string& to_tag = {},
                        const std::string& extra = {}) {
  std::string text = method + " " + uri +
                     " SIP/2.0\r\nVia: SIP/2.0/TCP 10.9.9.9:5060;branch=z9hG4bKt" + method +
                     std::to_string(cseq) + "\r\n";
  text += "Max-Forwards: 70\r\nFrom: <sip:101@pbx.test>;tag=t\r\nTo: <sip:x@pbx.test>" +
          (to_tag.empty() ? "" : ";tag=" + to_tag) + "\r\n";
  text += "Call-ID: tcp-call\r\nCSeq: " + std::to_string(cseq) + " " + method + "\r\n";
  text +=
      "Contact: <sip:101@10.9.9.9:5060;transport=tcp>\r\n";  // Behind a NAT: nobody reaches that.
  return text + extra + SipPeer::body_of(sdp);
}

std::string answer_to(const SipText& request, int status, const std::string& sdp) {
  std::string text = "SIP/2.0 " + std::to_string(status) + " OK\r\n";
  for (const auto& via : request.all("Via")) text += "Via: " + via + "\r\n";
  text += "From: " + request.header("From") + "\r\nTo: " + request.header("To") +
          (request.to_tag().empty() ? ";tag=B" : "") + "\r\n";
  text += "Call-ID: " + request.header("Call-ID") + "\r\nCSeq: " + request.header("CSeq") +
          "\r\nContact: <sip:101@10.9.9.9:5060;transport=tcp>\r\n";
  return text + SipPeer::body_of(sdp);
}

TEST(SipTransports, udp_and_tcp_with_port_0_share_one) {
  SipRig rig;
  const auto listening = rig.agent->listening();
  ASSERT_EQ(listening.size(), 2u);
  EXPECT_NE(listening[0].address.port(), 0);
  EXPECT_EQ(listening[0].address, listening[1].address);
}

TEST(SipTransports, taken_port_is_told_by_name) {
  SipRig rig;
  Metrics metrics;
  sip::SipConfig config = SipRig::config();
  config.listen = {rig.agent->listening()[0]};
  const auto second = sip::SipAgent::start(rig.loop, config, rig, rig, rig.registrar, rig.clock,
                                           rig.random, metrics, {});
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().detail.find("udp:" + rig.udp().to_string()), std::string::npos)
      << second.error().detail;
}

// One listener on no network, one on a carrier's behind 1:1 NAT.
sip::SipConfig two_networks() {
  sip::SipConfig config = SipRig::config();
  config.listen = {
      {sip::Transport::Udp, *SocketAddress::parse("127.0.0.1:0")},
      {sip::Transport::Udp, *SocketAddress::parse("127.0.0.2:0"), "private", "198.51.100.2"}};
  return config;
}

TEST(SipTransports, a_request_leaves_by_its_networks_listener_which_says_its_own_address) {
  SipRig rig(two_networks());
  const auto listening = rig.agent->listening();
  SipPeer carrier;
  rig.peers = {&carrier};
  sip::OutgoingInvite invite = rig.outgoing_to(carrier);
  invite.next_hop.network = "private";
  rig.call(invite);
  const SipText inside = rig.expect(carrier, "INVITE");
  const std::string at = ":" + std::to_string(listening[1].address.port());
  EXPECT_NE(inside.header("Contact").find("@198.51.100.2" + at), std::string::npos)
      << inside.header("Contact");
  EXPECT_NE(inside.header("Via").find("198.51.100.2" + at), std::string::npos)
      << inside.header("Via");
  EXPECT_EQ(inside.source, listening[1].address);
  carrier.send(carrier.respond(inside, 486, "B"), inside.source);

  rig.call(rig.outgoing_to(carrier));
  const SipText outside = rig.expect(carrier, "INVITE");
  EXPECT_NE(outside.header("Contact").find("@" + listening[0].address.to_string()),
            std::string::npos);
  EXPECT_EQ(outside.source, listening[0].address);
  carrier.send(carrier.respond(outside, 486, "B"), outside.source);
}

TEST(SipTransports, a_network_without_a_listener_of_that_transport_sends_nothing) {
  SipRig rig(two_networks());
  SipPeer carrier;
  sip::OutgoingInvite invite = rig.outgoing_to(carrier);
  invite.next_hop.network = "nowhere";
  RecordedDialog dialog;
  EXPECT_FALSE(rig.agent->invite(invite, dialog));
}

TEST(SipTransports, what_comes_is_known_by_the_network_it_came_to) {
  SipRig rig(two_networks());
  SipPeer carrier;
  rig.peers = {&carrier};
  PeerDialog first = rig.dialog_from(carrier), second = rig.dialog_from(carrier);
  carrier.send(first.request("INVITE", kOffer), rig.agent->listening()[1].address);
  EXPECT_EQ(rig.wait_for_invite().invite->network, "private");
  carrier.send(second.request("INVITE", kOffer), rig.agent->listening()[0].address);
  EXPECT_EQ(rig.wait_for_invite().invite->network, "");
}

TEST(SipTransports, a_phone_is_reached_by_the_network_it_registered_at) {
  SipRig rig(two_networks());
  SipPeer phone;
  rig.peers = {&phone};
  rig.phones["101"] = {.username = "101", .password = "demo-101", .digest = {}, .max_devices = 5};
  const SocketAddress inside = rig.agent->listening()[1].address;
  const auto registration = [&](unsigned cseq, const std::string& extra) {
    return "REGISTER sip:pbx.test SIP/2.0\r\nVia: SIP/2.0/UDP " + phone.host_port() +
           ";branch=z9hG4bKr" + std::to_string(cseq) +
           ";rport\r\nMax-Forwards: 70\r\nFrom: <sip:101@pbx.test>;tag=f\r\n" +
           "To: <sip:101@pbx.test>\r\nCall-ID: reg\r\nCSeq: " + std::to_string(cseq) +
           " REGISTER\r\nContact: <sip:101@" + phone.host_port() + ">\r\n" + extra +
           SipPeer::body_of({});
  };
  phone.send(registration(1, {}), inside);
  const SipText challenge = rig.expect(phone, 401, "REGISTER");
  phone.send(registration(
                 2, authorization(challenge, "MD5", "101", "demo-101", "REGISTER", "sip:pbx.test")),
             inside);
  EXPECT_EQ(rig.expect(phone, 200, "REGISTER").source, inside);
  ASSERT_EQ(rig.registrar.bindings("101").size(), 1u);
  EXPECT_EQ(rig.registrar.bindings("101")[0].network, "private");
}

// Nobody accepts meanwhile: this thread is the agent's. Who finds the queue full tries again after
// a second.
TEST(SipTransports, crowd_that_connects_at_once_waits_to_be_accepted) {
  SipRig rig;
  const SocketAddress to = rig.agent->listening()[1].address;
  std::vector<pollfd> crowd;
  for (int i = 0; i < 300; ++i) {
    crowd.push_back({::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), POLLOUT, 0});
    ::connect(crowd.back().fd, to.data(), to.size());
  }
  ::poll(nullptr, 0, 200);
  ::poll(crowd.data(), crowd.size(), 0);
  const auto connected = [](const pollfd& p) { return p.revents == POLLOUT; };
  EXPECT_EQ(std::ranges::count_if(crowd, connected), 300);
  for (const pollfd& p : crowd) ::close(p.fd);
}

TEST(SipTransports, phone_behind_a_nat_is_reached_by_its_own_tcp_connection) {
  SipRig rig;
  SipTcpPeer phone(rig.agent->listening()[1].address);
  sip::OutgoingInvite invite;
  invite.request_uri = "sip:101@10.9.9.9:5060;transport=tcp";
  invite.next_hop = {sip::Transport::Tcp, phone.address().host(), phone.address().port(),
                     phone.address()};
  invite.from.user = "102";
  invite.sdp = kOffer;
  phone.send(
      tcp_request("OPTIONS", "sip:pbx.test", 1));  // The agent knows the connection from here on.
  rig.expect(phone, 200, "OPTIONS");

  RecordedDialog& call = rig.call(invite);
  const SipText got = rig.expect(phone, "INVITE");
  EXPECT_EQ(got.uri(), "sip:101@10.9.9.9:5060;transport=tcp");
  EXPECT_NE(got.contact_uri().find(";transport=tcp"), std::string::npos);
  phone.send(answer_to(got, 200, kAnswer));
  rig.event(call, "answered +sdp");
  rig.expect(phone, "ACK");
  call.dialog->end({});
  const SipText bye = rig.expect(phone, "BYE");
  phone.send(answer_to(bye, 200, {}));
  EXPECT_TRUE(rig.all_dialogs_gone());
}

TEST(SipTransports, call_from_a_phone_behind_a_nat_is_ended_over_its_tcp_connection) {
  SipRig rig;
  rig.phones["101"] = {.username = "101", .password = "demo-101", .digest = {}, .max_devices = 5};
  SipTcpPeer phone(rig.agent->listening()[1].address);
  phone.send(tcp_request("INVITE", "sip:x@pbx.test", 1, kOffer));
  const std::string proof = authorization(rig.expect(phone, 401, "INVITE"), "SHA-256", "101",
                                          "demo-101", "INVITE", "sip:x@pbx.test");
  const std::string text = tcp_request("INVITE", "sip:x@pbx.test", 2, kOffer, {}, proof);
  phone.send(text.substr(0, 100));  // In pieces, as TCP may.
  rig.settle(20ms);
  phone.send(text.substr(100));
  RecordedDialog& call = rig.wait_for_invite();
  EXPECT_EQ(call.invite->transport, sip::Transport::Tcp);
  EXPECT_EQ(call.invite->source, phone.address());
  call.call([](auto& d) { return d.answer(kAnswer); });
  const SipText ok = rig.expect(phone, 200, "INVITE");
  EXPECT_NE(ok.contact_uri().find(";transport=tcp"), std::string::npos);
  phone.send(tcp_request("ACK", ok.contact_uri(), 2, {}, ok.to_tag()));
  rig.event(call, "confirmed");
  call.dialog->end({});
  phone.send(answer_to(rig.expect(phone, "BYE"), 200, {}));
  EXPECT_TRUE(rig.all_dialogs_gone());
}

TEST(SipTransports, a_capture_is_told_what_comes_and_goes_by_each_transport_and_between_whom) {
  SipRig rig;
  SipPeer datagrams;
  rig.peers = {&datagrams};
  const SocketAddress listener = rig.agent->listening()[1].address;
  SipTcpPeer stream(listener);
  struct Seen {
    sip::Transport transport;
    SocketAddress from, to;
    std::string call_id, text;
  };
  std::vector<Seen> seen;
  rig.agent->set_capture([&](const sip::CapturedMessage& m) {
    seen.push_back({m.transport, m.from, m.to, std::string(m.call_id), std::string(m.text)});
  });
  stream.send(tcp_request("OPTIONS", "sip:pbx.test", 1));
  rig.expect(stream, 200, "OPTIONS");
  PeerDialog asked = rig.dialog_from(datagrams);
  datagrams.send(asked.request("OPTIONS"), rig.udp());
  rig.expect(datagrams, 200, "OPTIONS");

  ASSERT_EQ(seen.size(), 4u);
  for (size_t i : {0u, 2u}) {
    const bool tcp = i == 0;
    const SocketAddress peer = tcp ? stream.address() : datagrams.address();
    EXPECT_EQ(seen[i].from, peer);
    EXPECT_EQ(seen[i].to, listener) << "UDP and TCP share an address here";
    EXPECT_EQ(seen[i + 1].from, listener);
    EXPECT_EQ(seen[i + 1].to, peer);
    EXPECT_TRUE(seen[i].text.starts_with("OPTIONS sip:")) << seen[i].text;
    EXPECT_TRUE(seen[i + 1].text.starts_with("SIP/2.0 200 OK\r\n")) << seen[i + 1].text;
    for (size_t n : {i, i + 1}) {
      EXPECT_EQ(seen[n].transport, tcp ? sip::Transport::Tcp : sip::Transport::Udp);
      EXPECT_EQ(seen[n].call_id, tcp ? "tcp-call" : asked.call_id);
      EXPECT_TRUE(seen[n].text.find("\r\n\r\n") != std::string::npos);
    }
  }
  rig.agent->set_capture({});
  datagrams.send(asked.request("OPTIONS"), rig.udp());
  rig.expect(datagrams, 200, "OPTIONS");
  EXPECT_EQ(seen.size(), 4u);
}

TEST(SipTransports, lost_connection_leaves_no_dialog_behind) {
  SipRig rig;
  rig.everyone_is_trunk = "carrier";
  SipTcpPeer phone(rig.agent->listening()[1].address);
  phone.send(tcp_request("INVITE", "sip:x@pbx.test", 1, kOffer));
  RecordedDialog& call = rig.wait_for_invite();
  phone.close();
  rig.settle(20ms);
  call.call([](auto& d) { return d.answer(kAnswer); });
  rig.event(call, "ended by us");  // No ACK can come.
  EXPECT_TRUE(rig.all_dialogs_gone());
}

TEST(SipTransports, crlf_ping_over_tcp_gets_its_pong) {
  SipRig rig;
  SipTcpPeer phone(rig.agent->listening()[1].address);
  phone.send("\r\n\r\n");
  EXPECT_TRUE(rig.until([&] {
    phone.poll();
    return phone.stream == "\r\n";
  }));
}

TEST(SipTransports, strangers_connection_is_closed_a_phones_stays) {
  sip::SipConfig config = SipRig::config();
  config.stranger_idle = 150ms;
  SipRig rig(config);
  rig.phones["101"] = {.username = "101", .password = "demo-101", .digest = {}, .max_devices = 5};
  SipTcpPeer stranger(rig.agent->listening()[1].address),
      trickling(rig.agent->listening()[1].address), phone(rig.agent->listening()[1].address);
  trickling.send("OPTIONS sip:x SIP/2.0\r\n");
  auto request = [&](unsigned cseq, const std::string& extra) {
    std::string text = tcp_request("REGISTER", "sip:pbx.test", cseq, {}, {}, extra);
    return text.replace(text.find("<sip:x@"), 7, "<sip:101@");
  };
  phone.send(request(1, {}));
  const SipText challenge = rig.expect(phone, 401, "REGISTER");
  phone.send(
      request(2, authorization(challenge, "MD5", "101", "demo-101", "REGISTER", "sip:pbx.test")));
  rig.expect(phone, 200, "REGISTER");
  EXPECT_TRUE(rig.until([&] {
    stranger.poll();
    return stranger.closed_by_agent;
  }));
  rig.settle(400ms);
  phone.poll();
  EXPECT_FALSE(phone.closed_by_agent);
}

TEST(SipTransports, ipv6_calls_have_ipv6_contacts_both_ways) {
  sip::SipConfig config = SipRig::config();
  config.listen.push_back({sip::Transport::Udp, *SocketAddress::parse("[::1]:0")});
  SipRig rig(config);
  SipPeer peer(true);
  rig.peers = {&peer};
  RecordedDialog& out = rig.call(rig.outgoing_to(peer));
  const SipText invite = rig.expect(peer, "INVITE");
  const SocketAddress listener = rig.agent->listening()[2].address;
  EXPECT_EQ(invite.contact_uri(), "sip:+14255550100@" + listener.to_string());
  peer.send(peer.respond(invite, 200, "B", kAnswer), listener);
  rig.event(out, "answered +sdp");
  rig.expect(peer, "ACK");
  out.dialog->end({});
  peer.send(peer.respond(rig.expect(peer, "BYE"), 200, ""), listener);

  PeerDialog caller = rig.dialog_from(peer);
  caller.uri = "sip:x@" + listener.to_string();
  peer.send(caller.request("INVITE", kOffer), listener);
  RecordedDialog& in = rig.wait_for_invite();
  in.call([](auto& d) { return d.answer(kAnswer); });
  const SipText ok = rig.expect(peer, 200, "INVITE");
  EXPECT_EQ(ok.contact_uri(), "sip:x@" + listener.to_string());
  caller.to_tag = ok.to_tag();
  peer.send(caller.request("ACK"), listener);
  rig.event(in, "confirmed");
  in.dialog->end({});
  rig.expect(peer, "BYE");
}

TEST(SipTransports, advertised_host_is_what_contact_and_via_say) {
  sip::SipConfig config = SipRig::config();
  config.advertise = "sbc.example.com";
  SipRig rig(config);
  SipPeer peer;
  rig.peers = {&peer};
  rig.call(rig.outgoing_to(peer));
  const SipText invite = rig.expect(peer, "INVITE");
  const std::string port = std::to_string(rig.udp().port());
  EXPECT_EQ(invite.contact_uri(), "sip:+14255550100@sbc.example.com:" + port);
  EXPECT_TRUE(invite.header("Via").starts_with("SIP/2.0/UDP sbc.example.com:" + port + ";"))
      << invite.header("Via");
}

TEST(SipTransports, wildcard_listener_says_the_address_that_the_peer_can_reach) {
  sip::SipConfig config = SipRig::config();
  config.listen = {{sip::Transport::Udp, *SocketAddress::parse("0.0.0.0:0")}};
  SipRig rig(config);
  SipPeer peer;
  rig.peers = {&peer};
  RecordedDialog& call = rig.call(rig.outgoing_to(peer));
  const SipText invite = rig.expect(peer, "INVITE");
  EXPECT_TRUE(invite.contact_uri().starts_with("sip:+14255550100@127.0.0.1:"))
      << invite.contact_uri();
  const SocketAddress agent =
      *SocketAddress::parse("127.0.0.1:" + std::to_string(rig.udp().port()));
  peer.send(peer.respond(invite, 486, "B"), agent);
  rig.event(call, "refused 486");
}

class SipOverTls : public ::testing::Test {
 protected:
  SipOverTls()
      : authority(make_certificate("Test CA", "", nullptr, true)),
        server(make_certificate("sip.test", "DNS:sip.test", &authority)) {
    files.certificate = pem.certificates("server.pem", {server});
    files.key = pem.key("server.key", server);
    files.ca = pem.certificates("ca.pem", {authority});
  }
  sip::SipConfig config() const {
    sip::SipConfig c = SipRig::config();
    c.listen = {{sip::Transport::Tls, *SocketAddress::parse("127.0.0.1:0")}};
    c.tls = files;
    return c;
  }

  PemFiles pem;
  TestCertificate authority, server;
  sip::TlsFiles files;
};

TEST_F(SipOverTls, call_from_agent_to_agent_and_back_to_bye) {
  SipRig rig(config());
  rig.everyone_is_trunk = "carrier";
  Metrics metrics;
  auto far = sip::SipAgent::start(rig.loop, config(), rig, rig, rig.registrar, rig.clock,
                                  rig.random, metrics, {});
  ASSERT_TRUE(far) << far.error().detail;
  const SocketAddress target = rig.agent->listening()[0].address;
  sip::OutgoingInvite invite;
  invite.request_uri = "sip:x@sip.test;transport=tls";
  invite.next_hop = {sip::Transport::Tls, "sip.test", target.port(), target};
  invite.from.user = "far";
  invite.sdp = kOffer;
  RecordedDialog out;
  out.dialog = (*far)->invite(invite, out);
  ASSERT_TRUE(out.dialog);
  RecordedDialog& in = rig.wait_for_invite();
  EXPECT_EQ(in.invite->transport, sip::Transport::Tls);
  in.call([](auto& d) { return d.answer(kAnswer); });
  rig.event(out, "answered +sdp");
  rig.event(in, "confirmed");
  in.dialog->end({.q850 = 16, .sip_status = 0, .text = {}});
  rig.event(out, "ended by them");
  EXPECT_EQ(out.reason.q850, 16);
  out.dialog.reset();
}

TEST_F(SipOverTls, peer_of_another_name_is_refused_at_once) {
  SipRig rig(config());
  const SocketAddress target = rig.agent->listening()[0].address;
  sip::OutgoingInvite invite;
  invite.request_uri = "sip:x@other.test";
  invite.next_hop = {sip::Transport::Tls, "other.test", target.port(), target};
  invite.from.user = "far";
  invite.sdp = kOffer;
  RecordedDialog& call = rig.call(invite);
  rig.event(call, "refused 503");
}

}  // namespace
}  // namespace gw::test
