#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "tests/unit/support/sip_rig.h"

namespace gw::test {
namespace {

// Damages messages the way broken and hostile elements do. The seed is fixed; GW_FUZZ_SECONDS and
// GW_FUZZ_SEED widen it by hand.
class Mutator {
 public:
  explicit Mutator(unsigned seed) : random_(seed) {}

  size_t below(size_t n) { return n ? random_() % n : 0; }
  bool chance(unsigned percent) { return below(100) < percent; }

  std::string mutate(std::string text) {
    static const std::vector<std::string> kTokens = {
        "\r\n",
        "\r\n\r\n",
        ";",
        ",",
        "\"",
        "<",
        ">",
        ":",
        "@",
        "%00",
        "%",
        "*",
        "<tel:+1>",
        "<foo:bar>",
        "sip:",
        "sips:",
        "[::1]",
        "[",
        ";tag=",
        ";branch=z9hG4bK",
        ";maddr=1.2.3.4",
        ";maddr=255.255.255.255",
        ";lr",
        ";transport=tls",
        ";received=",
        ";rport=0",
        "Contact: *\r\n",
        "Record-Route: <tel:1>\r\n",
        "Route: <sip:x>\r\n",
        "Content-Length: 99999\r\n",
        "Content-Length: -1\r\n",
        "CSeq: 4294967295 INVITE\r\n",
        "Require: 100rel\r\n",
        "RSeq: 1\r\n",
        "RAck: 1 1 INVITE\r\n",
        "Max-Forwards: 0\r\n",
        "Via: SIP/2.0/TCP x:0\r\n",
        "Expires: 99999999999999999999\r\n",
        "Session-Expires: 1\r\n",
        "Replaces: a;to-tag=b;from-tag=c\r\n",
        "Reason: Q.850;cause=99999999999\r\n",
        "WWW-Authenticate: Digest realm=\"\", nonce=\r\n",
        "Authorization: Digest \r\n",
        "Privacy: id;id;id\r\n",
        "Diversion: <<<>>>,\r\n",
        "\x00\x01",
        "\xff\xfe",
        "A",
        "SIP/2.0",
        "0",
        "-1",
        "99999999999999999999"};
    const size_t times = 1 + below(4);
    for (size_t n = 0; n < times && !text.empty(); ++n) {
      const size_t at = below(text.size());
      switch (below(8)) {
        case 0: text[at] = static_cast<char>(below(256)); break;
        case 1: text.erase(at, 1 + below(12)); break;
        case 2: text.insert(at, kTokens[below(kTokens.size())]); break;
        case 3: text.insert(at, text.substr(below(text.size()), below(60))); break;
        case 4: text.insert(at, std::string(below(3000), "aA%;,\"<"[below(7)])); break;
        case 5: {  // A header line goes, comes twice, or another takes its place.
          const auto end = text.find("\r\n", at);
          if (end == std::string::npos) break;
          const auto next = text.find("\r\n", end + 2);
          if (next == std::string::npos) break;
          const std::string line = text.substr(end + 2, next - end);
          if (chance(50)) {
            text.erase(end + 2, next - end);
          } else {
            text.insert(end + 2, line);
          }
          break;
        }
        case 6: {
          const auto colon = text.find(": ", at);
          if (colon != std::string::npos) text.insert(colon + 2, kTokens[below(kTokens.size())]);
          break;
        }
        case 7: text.resize(at); break;
      }
    }
    return text;
  }

 private:
  std::mt19937 random_;
};

class SipFuzz : public ::testing::Test {
 protected:
  SipFuzz() : rig(quick()), fuzz(seed()) {
    rig.peers = {&peer};
    rig.trunks[peer.host_port()] = "carrier";
  }

  static sip::SipConfig quick() {
    sip::SipConfig c = SipRig::config();
    c.t1 = 5ms;
    return c;
  }
  static unsigned seed() {
    const char* text = std::getenv("GW_FUZZ_SEED");
    return text ? static_cast<unsigned>(std::atoi(text)) : 20261121;
  }
  static Duration length() {
    const char* text = std::getenv("GW_FUZZ_SECONDS");
    return text ? std::chrono::seconds(std::atoi(text)) : Duration(1s);
  }

  void say(const std::string& text) {
    peer.send(fuzz.chance(70) ? fuzz.mutate(text) : text, rig.udp());
    ++said;
  }
  // What an owner may do in any state, in any order.
  void poke(RecordedDialog& d) {
    if (!d.dialog) return;
    switch (fuzz.below(11)) {
      case 0: d.dialog->progress(180, std::nullopt); break;
      case 1: d.dialog->progress(183, kAnswer); break;
      case 2: d.dialog->answer(kAnswer); break;
      case 3: d.dialog->refuse(486, "Busy"); break;
      case 4: d.dialog->acknowledge(kAnswer); break;
      case 5: d.dialog->offer(kOffer); break;
      case 6: d.dialog->accept_offer(kAnswer); break;
      case 7: d.dialog->refuse_offer(488); break;
      case 8: d.dialog->info("application/dtmf-relay", "Signal=1\r\n"); break;
      case 9: d.dialog->end({}); break;
      case 10: d.dialog.reset(); break;
    }
  }
  void answer_what_came() {
    peer.poll();
    static constexpr int kStatus[] = {100, 180, 183, 200, 200, 200, 302, 401,
                                      407, 481, 486, 491, 500, 503, 603};
    for (int n = 0; n < 20 && !peer.inbox.empty(); ++n) {
      const SipText got = peer.inbox.front();
      peer.inbox.pop_front();
      if (got.is_response() || got.start.empty()) continue;
      const int status = kStatus[fuzz.below(std::size(kStatus))];
      std::string extra;
      if (status == 401)
        extra = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n";
      if (status == 407)
        extra = "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\", algorithm=SHA-256\r\n";
      if (status == 302) extra = "Contact: <sip:x@192.0.2.1>\r\n";
      if (fuzz.chance(10)) extra += "Record-Route: <sip:" + peer.host_port() + ";lr>\r\n";
      const std::string tag(1, static_cast<char>('A' + fuzz.below(4)));
      say(peer.respond(got, status, tag, fuzz.chance(60) ? kAnswer : "", extra));
      if (fuzz.chance(20)) say(peer.respond(got, 200, tag, kAnswer));
    }
    peer.inbox.clear();
  }

  SipRig rig;
  SipPeer peer;
  Mutator fuzz;
  size_t said = 0;
};

TEST_F(SipFuzz, broken_requests_in_and_out_of_dialogs_harm_nobody) {
  static const std::vector<std::string> kMethods = {
      "INVITE", "ACK",      "BYE",   "CANCEL", "OPTIONS", "INFO",  "UPDATE",
      "PRACK",  "REGISTER", "REFER", "NOTIFY", "MESSAGE", "INVITE"};
  const auto deadline = std::chrono::steady_clock::now() + length();
  while (std::chrono::steady_clock::now() < deadline) {
    PeerDialog caller = rig.dialog_from(peer);
    say(caller.request("INVITE", fuzz.chance(80) ? kOffer : "",
                       fuzz.chance(20) ? "Supported: 100rel\r\n" : ""));
    const std::string branch = caller.last_branch;
    for (size_t n = fuzz.below(10); n > 0; --n) {
      rig.settle(1ms);
      if (!rig.incoming.empty()) poke(*rig.incoming.back());
      for (const SipText& m : peer.inbox) {
        if (m.is_response() && m.header("Call-ID") == caller.call_id && !m.to_tag().empty()) {
          caller.to_tag = m.to_tag();
          if (!m.contact_uri().empty()) caller.target = m.contact_uri();
        }
      }
      const std::string& method = kMethods[fuzz.below(kMethods.size())];
      const bool same = method == "ACK" || method == "CANCEL";
      if (!same) caller.cseq += fuzz.below(2);
      say(caller.request(method, fuzz.chance(50) ? kOffer : "", {}, std::nullopt,
                         same ? branch : ""));
    }
    if (rig.incoming.size() > 8) rig.incoming.erase(rig.incoming.begin());
    answer_what_came();
  }
  EXPECT_GT(said, 20u);
  rig.incoming.clear();
  // It still works.
  rig.settle(400ms);
  peer.inbox.clear();
  PeerDialog caller = rig.dialog_from(peer);
  peer.send(caller.request("INVITE", kOffer), rig.udp());
  rig.expect_that(peer, "100", [&](const SipText& m) {
    return m.status() == 100 && m.header("Call-ID") == caller.call_id;
  });
}

TEST_F(SipFuzz, broken_answers_to_our_requests_harm_nobody) {
  const auto deadline = std::chrono::steady_clock::now() + length();
  while (std::chrono::steady_clock::now() < deadline) {
    auto out = rig.outgoing_to(peer, fuzz.chance(80));
    if (fuzz.chance(30)) out.credentials = sip::Credentials{"u", "p"};
    RecordedDialog& call = rig.call(out);
    if (fuzz.chance(10)) {
      sip::OutgoingOptions question;
      question.request_uri = "sip:" + peer.host_port();
      question.next_hop = out.next_hop;
      rig.agent->options(question, [](int) {});
    }
    for (size_t n = 1 + fuzz.below(8); n > 0; --n) {
      rig.settle(1ms);
      answer_what_came();
      if (fuzz.chance(50)) poke(call);
    }
    if (rig.outgoing.size() > 8) rig.outgoing.erase(rig.outgoing.begin());
  }
  EXPECT_GT(said, 20u);
  rig.outgoing.clear();
  rig.settle(400ms);
  peer.inbox.clear();
  RecordedDialog& call = rig.call(rig.outgoing_to(peer));
  const SipText invite = rig.expect_that(peer, "INVITE", [&](const SipText& m) {
    return m.start.starts_with("INVITE") && m.header("Call-ID") == call.dialog->sip_call_id();
  });
  peer.send(peer.respond(invite, 486, "Z"), rig.udp());
  rig.event(call, "refused 486");
}

TEST_F(SipFuzz, broken_registrations_and_strangers_harm_nobody) {
  SipPeer stranger;
  rig.phones["101"] = {.username = "101", .password = "p", .digest = {}, .max_devices = 5};
  const auto deadline = std::chrono::steady_clock::now() + length() / 2;
  unsigned n = 0;
  while (std::chrono::steady_clock::now() < deadline) {
    for (const char* method : {"REGISTER", "INVITE", "OPTIONS", "BYE", "SUBSCRIBE"}) {
      PeerDialog phone{.peer = stranger,
                       .call_id = "c" + std::to_string(++n),
                       .from_tag = "f",
                       .to_tag = {},
                       .uri = "sip:101@pbx.test",
                       .target = "sip:pbx.test",
                       .last_branch = {}};
      const std::string text =
          phone.request(method, {},
                        "Expires: 60\r\nAuthorization: Digest username=\"101\", "
                        "realm=\"pbx.test\", nonce=\"a\", uri=\"sip:pbx.test\", "
                        "response=\"0123456789abcdef0123456789abcdef\", algorithm=MD5, qop=auth, "
                        "nc=00000001, cnonce=\"c\"\r\n");
      stranger.send(fuzz.mutate(text), rig.udp());
    }
    rig.settle(1ms);
    stranger.poll();
    stranger.inbox.clear();
  }
  EXPECT_TRUE(rig.registrar.all().empty());
  EXPECT_TRUE(rig.incoming.empty());
}

}  // namespace
}  // namespace gw::test
