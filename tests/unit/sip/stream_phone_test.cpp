#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "sip/digest_auth.h"
#include "tests/unit/support/sip_rig.h"
#include "tests/unit/support/sip_stream_peer.h"
#include "tests/unit/support/test_certificates.h"

namespace gw::test {
namespace {

// A phone behind NAT with one TCP or TLS connection: everything for it must go through that.
class StreamPhone : public testing::TestWithParam<sip::Transport> {
 protected:
  bool tls() const { return GetParam() == sip::Transport::Tls; }

  sip::SipConfig config() {
    sip::SipConfig c = SipRig::config();
    c.listen = {{sip::Transport::Udp, *SocketAddress::parse("127.0.0.1:0")},
                {GetParam(), *SocketAddress::parse("127.0.0.1:0")}};
    if (!tls()) return c;
    const auto own = make_certificate("pbx.test", "DNS:pbx.test,IP:127.0.0.1", &ca);
    c.tls = {pem.certificates("own.pem", {own}), pem.key("own.key", own),
             pem.certificates("ca.pem", {ca}), sip::ClientCertificates::Off};
    return c;
  }
  SocketAddress listener() const { return rig->agent->listening().at(1).address; }

  SipText expect(const std::string& what, const std::function<bool(const SipText&)>& matches) {
    std::optional<SipText> found;
    rig->until([&] {
      phone->poll();
      return (found = phone->take(matches)).has_value();
    });
    EXPECT_TRUE(found) << "no " << what;
    return found.value_or(SipText{});
  }
  SipText expect(const std::string& method) {
    return expect(method,
                  [&](const SipText& m) { return !m.is_response() && m.method() == method; });
  }
  SipText expect(int status) {
    return expect(std::to_string(status), [&](const SipText& m) { return m.status() == status; });
  }
  bool event(RecordedDialog& dialog, const std::string& what) {
    const bool heard = rig->until([&] {
      phone->poll();
      return dialog.heard(what);
    });
    EXPECT_TRUE(heard) << what << " missing among " << testing::PrintToString(dialog.events);
    return heard;
  }

  std::string request(const std::string& method, const std::string& uri, const std::string& extra,
                      const std::string& sdp = {}) {
    ++cseq;
    return method + " " + uri + " SIP/2.0\r\nVia: SIP/2.0/" + phone->transport() +
           " 192.0.2.77:5060;branch=z9hG4bK" + std::to_string(cseq) +
           ";rport\r\nMax-Forwards: 70\r\nFrom: <sip:101@pbx.test>;tag=f\r\nTo: <" +
           (method == "REGISTER" ? "sip:101@pbx.test" : uri) + ">\r\nCall-ID: c" + method +
           "\r\nCSeq: " + std::to_string(cseq) + " " + method + "\r\nContact: " + phone->contact() +
           "\r\n" + extra + SipPeer::body_of(sdp);
  }
  // Sends it, is challenged, answers.
  void send_with_digest(const std::string& method, const std::string& uri,
                        const std::string& sdp = {}) {
    phone->send(request(method, uri, {}, sdp));
    const SipText challenge = expect(401);
    if (method == "INVITE") {
      phone->send("ACK " + uri + " SIP/2.0\r\nVia: SIP/2.0/" + phone->transport() +
                  " 192.0.2.77:5060;branch=z9hG4bK" + std::to_string(cseq) +
                  ";rport\r\nFrom: <sip:101@pbx.test>;tag=f\r\nTo: " + challenge.header("To") +
                  "\r\nCall-ID: cINVITE\r\nCSeq: " + std::to_string(cseq) +
                  " ACK\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n");
    }
    std::vector<sip::DigestHeader> challenges;
    for (const auto& value : challenge.all("WWW-Authenticate"))
      challenges.push_back(*sip::parse_digest(value));
    sip::DigestClient digest({"101", "demo-101"}, rig->random);
    phone->send(request(
        method, uri,
        "Authorization: " + digest.answer(challenges, method, uri).value_or("") + "\r\n", sdp));
  }
  void register_phone() {
    send_with_digest("REGISTER", "sip:pbx.test");
    expect(200);
    ASSERT_EQ(rig->registrar.bindings("101").size(), 1u);
  }

  void SetUp() override {
    rig = std::make_unique<SipRig>(config());
    rig->phones["101"] = {
        .username = "101", .password = "demo-101", .digest = {}, .max_devices = 5};
    phone = std::make_unique<SipStreamPeer>(listener(), tls());
  }

  TestCertificate ca = make_certificate("Test CA", "", nullptr, true);
  PemFiles pem;
  std::unique_ptr<SipRig> rig;
  std::unique_ptr<SipStreamPeer> phone;
  int cseq = 0;
};

TEST_P(StreamPhone, registers_and_is_bound_to_its_connection) {
  register_phone();
  const auto binding = rig->registrar.bindings("101").at(0);
  EXPECT_EQ(binding.transport, GetParam());
  EXPECT_EQ(binding.source, phone->address());
}

TEST_P(StreamPhone, is_called_acknowledged_and_released_through_its_own_connection) {
  register_phone();
  const auto binding = rig->registrar.bindings("101").at(0);
  sip::OutgoingInvite invite;
  invite.request_uri = binding.contact_uri;
  invite.next_hop = {binding.transport, binding.source.host(), binding.source.port(),
                     binding.source};
  invite.from.user = "+14255550123";
  invite.to.user = "101";
  invite.sdp = kOffer;
  RecordedDialog& call = rig->call(invite);
  const SipText ringing = expect("INVITE");
  EXPECT_EQ(ringing.uri(),
            "sip:phone@192.0.2.77:5060;transport=" + std::string(to_string(GetParam())));
  EXPECT_EQ(ringing.body, kOffer);
  phone->send(phone->respond(ringing, 180, "p"));
  ASSERT_TRUE(event(call, "progress 180"));
  phone->send(phone->respond(ringing, 200, "p", kAnswer));
  ASSERT_TRUE(event(call, "answered +sdp"));
  const SipText ack = expect("ACK");
  EXPECT_EQ(ack.to_tag(), "p");
  call.dialog->end({.q850 = 16, .text = {}});
  const SipText bye = expect("BYE");
  phone->send(phone->respond(bye, 200, "p"));
  EXPECT_TRUE(rig->until([&] {
    phone->poll();
    return rig->agent->open_dialogs() == 0;
  }));
}

TEST_P(StreamPhone, calls_and_hears_the_bye_through_its_own_connection) {
  send_with_digest("INVITE", "sip:102@pbx.test", kOffer);
  ASSERT_TRUE(rig->until([&] {
    phone->poll();
    return rig->incoming.size() == 1;
  }));
  RecordedDialog& call = *rig->incoming.at(0);
  EXPECT_EQ(call.invite->transport, GetParam());
  EXPECT_EQ(call.invite->source, phone->address());
  call.dialog->answer(kAnswer);
  const SipText ok = expect(200);
  EXPECT_NE(ok.header("Contact").find(";transport=" + std::string(to_string(GetParam()))),
            std::string::npos);
  EXPECT_NE(ok.header("Contact").find(":" + std::to_string(listener().port())), std::string::npos);
  phone->send("ACK " + ok.contact_uri() + " SIP/2.0\r\nVia: SIP/2.0/" + phone->transport() +
              " 192.0.2.77:5060;branch=z9hG4bKack;rport\r\nMax-Forwards: 70\r\nFrom: "
              "<sip:101@pbx.test>;tag=f\r\nTo: " +
              ok.header("To") + "\r\nCall-ID: cINVITE\r\nCSeq: " + std::to_string(cseq) +
              " ACK\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(event(call, "confirmed"));
  call.dialog->end({.q850 = 16, .text = {}});
  const SipText bye = expect("BYE");
  EXPECT_EQ(bye.header("Reason").substr(0, 5), "Q.850");
  phone->send(phone->respond(bye, 200, ""));
  EXPECT_TRUE(rig->until([&] {
    phone->poll();
    return rig->agent->open_dialogs() == 0;
  }));
}

TEST_P(StreamPhone, whose_connection_is_gone_refuses_the_call_soon) {
  register_phone();
  const auto binding = rig->registrar.bindings("101").at(0);
  phone.reset();
  rig->settle();
  sip::OutgoingInvite invite;
  invite.request_uri = binding.contact_uri;
  invite.next_hop = {binding.transport, binding.source.host(), binding.source.port(),
                     binding.source};
  invite.from.user = "+14255550123";
  invite.sdp = kOffer;
  RecordedDialog& call = rig->call(invite);
  ASSERT_TRUE(rig->until([&] { return !call.events.empty(); }));
  EXPECT_EQ(call.events.at(0), "refused 503");
}

TEST_P(StreamPhone, pings_with_blank_lines_and_is_answered) {
  phone->send("\r\n\r\n");
  phone->send(request("OPTIONS", "sip:pbx.test", {}));
  expect(200);
}

INSTANTIATE_TEST_SUITE_P(Transports, StreamPhone,
                         testing::Values(sip::Transport::Tcp, sip::Transport::Tls),
                         [](const auto& each) { return std::string(to_string(each.param)); });

// Two agents, the second a trunk with a certificate of its own.
class TlsTrunk : public testing::Test {
 protected:
  struct Carrier final : SipRig {
    using SipRig::SipRig;
    std::optional<std::string> trunk_of(const SocketAddress&) const override { return "gateway"; }
  };
  sip::SipConfig config(const std::string& alt_names,
                        sip::ClientCertificates clients = sip::ClientCertificates::Off) {
    sip::SipConfig c = SipRig::config();
    c.listen = {{sip::Transport::Tls, *SocketAddress::parse("127.0.0.1:0")}};
    const std::string name = "c" + std::to_string(++made);
    const auto own = make_certificate(name, alt_names, &ca);
    c.tls = {pem.certificates(name + ".pem", {own}), pem.key(name + ".key", own),
             pem.certificates("ca.pem", {ca}), clients};
    return c;
  }
  sip::OutgoingInvite invite_to(SipRig& carrier, const std::string& name) {
    sip::OutgoingInvite invite;
    const SocketAddress at = carrier.agent->listening().at(0).address;
    invite.request_uri = "sip:+14255550123@" + name;
    invite.next_hop = {sip::Transport::Tls, name, at.port(), at};
    invite.from.user = "+14255550100";
    invite.sdp = kOffer;
    return invite;
  }
  template <class F>
  bool until(SipRig& a, SipRig& b, F&& done) {
    return a.until([&] {
      su_root_step(b.loop.root(), 1);
      return done();
    });
  }

  TestCertificate ca = make_certificate("Test CA", "", nullptr, true);
  PemFiles pem;
  int made = 0;
};

TEST_F(TlsTrunk, a_call_is_made_and_ended_by_either_side_with_both_certificates_verified) {
  for (const bool they_hang_up : {false, true}) {
    SipRig gateway(config("DNS:gateway.test,IP:127.0.0.1", sip::ClientCertificates::Required));
    Carrier carrier(config("DNS:carrier.test,IP:127.0.0.1", sip::ClientCertificates::Required));
    RecordedDialog& out = gateway.call(invite_to(carrier, "carrier.test"));
    ASSERT_TRUE(until(gateway, carrier, [&] { return carrier.incoming.size() == 1; }));
    RecordedDialog& in = *carrier.incoming.at(0);
    EXPECT_EQ(in.invite->transport, sip::Transport::Tls);
    in.dialog->answer(kAnswer);
    ASSERT_TRUE(until(gateway, carrier,
                      [&] { return out.heard("answered +sdp") && in.heard("confirmed"); }));
    (they_hang_up ? in : out).dialog->end({.q850 = 16, .text = {}});
    RecordedDialog& other = they_hang_up ? out : in;
    EXPECT_TRUE(until(gateway, carrier, [&] { return other.heard("ended by them"); }));
    EXPECT_TRUE(until(gateway, carrier, [&] {
      return gateway.agent->open_dialogs() == 0 && carrier.agent->open_dialogs() == 0;
    }));
  }
}

TEST_F(TlsTrunk, that_does_not_prove_its_name_gets_no_call_and_the_owner_hears_at_once) {
  SipRig gateway(config("DNS:gateway.test"));
  Carrier impostor(config("DNS:impostor.test"));
  const auto begun = std::chrono::steady_clock::now();
  RecordedDialog& out = gateway.call(invite_to(impostor, "carrier.test"));
  ASSERT_TRUE(until(gateway, impostor, [&] { return !out.events.empty(); }));
  EXPECT_EQ(out.events.at(0), "refused 503");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 2s);
  EXPECT_TRUE(impostor.incoming.empty());
  EXPECT_EQ(gateway.counter("gw_sip_tls_failures_total{direction=\"out\"}"), 1);
}

TEST_F(TlsTrunk, answers_options_or_not) {
  SipRig gateway(config("DNS:gateway.test"));
  Carrier carrier(config("DNS:carrier.test"));
  const SocketAddress at = carrier.agent->listening().at(0).address;
  int known = 0, unknown = 0;
  sip::OutgoingOptions question;
  question.request_uri = "sip:carrier.test";
  question.next_hop = {sip::Transport::Tls, "carrier.test", at.port(), at};
  gateway.agent->options(question, [&](int s) { known = s; });
  ASSERT_TRUE(until(gateway, carrier, [&] { return known != 0; }));
  EXPECT_EQ(known, 200);
  question.request_uri = "sip:other.test";
  question.next_hop.host = "other.test";
  gateway.agent->options(question, [&](int s) { unknown = s; });
  ASSERT_TRUE(until(gateway, carrier, [&] { return unknown != 0; }));
  EXPECT_EQ(unknown, 503);
}

}  // namespace
}  // namespace gw::test
