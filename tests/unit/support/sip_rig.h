#pragma once

#include <gtest/gtest.h>
#include <sofia-sip/su.h>
#include <sofia-sip/su_wait.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "sip/registrar.h"
#include "sip/sip_agent.h"
#include "sip/sofia_loop.h"
#include "tests/unit/support/sip_peer.h"

namespace gw::test {

inline constexpr const char* kOffer = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=offer\r\n";
inline constexpr const char* kAnswer = "v=0\r\no=- 2 2 IN IP4 127.0.0.1\r\ns=answer\r\n";

// Writes down what a dialog tells its owner: "progress 183 +sdp", "answered +sdp", "refused 486",
// "ended by them q850=16".
struct RecordedDialog final : sip::DialogObserver {
  std::unique_ptr<sip::Dialog> dialog;
  std::optional<sip::Invite> invite;
  std::vector<std::string> events;
  sip::Refusal refusal;
  sip::Referral referral;
  sip::Reason reason;
  std::string last_sdp, info_type, info_body;
  bool in_own_call = false;  // Set around calls of ours: no callback may come meanwhile.
  std::function<void(const std::string&)> on_event;

  void note(std::string event) {
    EXPECT_FALSE(in_own_call) << event << " came inside a call of the owner's";
    events.push_back(event);
    if (on_event) on_event(event);
  }
  static std::string with(std::string text, const std::optional<std::string>& sdp) {
    return sdp ? text + " +sdp" : text;
  }

  void on_progress(int status, std::optional<std::string> sdp) override {
    if (sdp) last_sdp = *sdp;
    note(with("progress " + std::to_string(status), sdp));
  }
  void on_answered(std::optional<std::string> sdp) override {
    if (sdp) last_sdp = *sdp;
    note(with("answered", sdp));
  }
  void on_refused(const sip::Refusal& r) override {
    refusal = r;
    note("refused " + std::to_string(r.status));
  }
  void on_cancelled(const sip::Reason& r) override {
    reason = r;
    note("cancelled");
  }
  void on_confirmed(std::optional<std::string> sdp) override {
    if (sdp) last_sdp = *sdp;
    note(with("confirmed", sdp));
  }
  void on_offer(std::optional<std::string> sdp) override {
    if (sdp) last_sdp = *sdp;
    note(with("offer", sdp));
  }
  void on_offer_accepted(std::string sdp) override {
    last_sdp = sdp;
    note("offer accepted");
  }
  void on_offer_refused(int status) override { note("offer refused " + std::to_string(status)); }
  void on_info(std::string_view type, std::string_view body) override {
    info_type = type;
    info_body = body;
    note("info");
  }
  void on_refresh_due() override { note("refresh due"); }
  void on_referred(const sip::Referral& r) override {
    referral = r;
    note("referred to " + r.target);
  }
  void on_ended(const sip::Reason& r, bool by_remote) override {
    reason = r;
    note(by_remote ? "ended by them" : "ended by us");
  }

  template <class F>
  auto call(F&& f) {
    in_own_call = true;
    auto result = f(*dialog);
    in_own_call = false;
    return result;
  }
  bool heard(const std::string& event) const {
    return std::find(events.begin(), events.end(), event) != events.end();
  }
};

// A live agent on loopback with a directory and a handler of the test's, run step by step in the
// test's own thread.
class SipRig : public sip::SipDirectory, public sip::InviteHandler {
 public:
  explicit SipRig(sip::SipConfig c = config()) : loop(metrics), registrar(clock, metrics, {}) {
    auto started =
        sip::SipAgent::start(loop, c, *this, *this, registrar, clock, random, metrics, {});
    if (!started) {
      ADD_FAILURE() << started.error().detail;
      std::abort();
    }
    agent = std::move(*started);
  }
  ~SipRig() override {
    outgoing.clear();
    incoming.clear();
    agent.reset();
  }

  static sip::SipConfig config() {
    sip::SipConfig c;
    c.listen = {{sip::Transport::Udp, *SocketAddress::parse("127.0.0.1:0")},
                {sip::Transport::Tcp, *SocketAddress::parse("127.0.0.1:0")}};
    c.domain = "pbx.test";
    c.limits.requests_per_second = 0;
    c.shed_lag = 0s;  // The loop stands still while a test thinks.
    c.t1 = 40ms;      // 64*T1 is 2.6 s.
    c.session_expires = 0s;
    return c;
  }

  SocketAddress udp() const { return agent->listening().at(0).address; }

  // Runs the loop until `done`, at most twenty seconds: the machine may be busy.
  template <class F>
  bool until(F&& done) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (!done()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      su_root_step(loop.root(), 2);
      for (SipPeer* peer : peers) peer->poll();
    }
    return true;
  }

  // The next message of the peer's inbox that matches; fails the test after twenty seconds.
  template <class Peer, class F>
  SipText expect_that(Peer& peer, const std::string& what, F&& matches) {
    std::optional<SipText> found;
    until([&] {
      peer.poll();
      return (found = peer.take(matches)).has_value();
    });
    if (!found) {
      std::string seen;
      for (const auto& m : peer.inbox) seen += "\n  " + m.start;
      ADD_FAILURE() << "no " << what << "; waiting:" << seen;
      return {};
    }
    return *found;
  }
  template <class Peer>
  SipText expect(Peer& peer, const std::string& method) {
    return expect_that(peer, method,
                       [&](const SipText& m) { return !m.is_response() && m.method() == method; });
  }
  template <class Peer>
  SipText expect(Peer& peer, int status, const std::string& method) {
    return expect_that(peer, std::to_string(status) + " to " + method, [&](const SipText& m) {
      return m.status() == status && m.method() == method;
    });
  }
  bool event(RecordedDialog& dialog, const std::string& what) {
    const bool heard = until([&] { return dialog.heard(what); });
    if (!heard)
      ADD_FAILURE() << "no \"" << what << "\" among " << ::testing::PrintToString(dialog.events);
    return heard;
  }
  // Lets everything that is due happen: a full turn of loop, peers and loop again, several times.
  void settle(Duration time = 60ms) {
    const auto deadline = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < deadline) {
      su_root_step(loop.root(), 2);
      for (SipPeer* peer : peers) peer->poll();
    }
  }

  // An INVITE of ours to a peer.
  sip::OutgoingInvite outgoing_to(const SipPeer& peer, bool with_offer = true) {
    sip::OutgoingInvite invite;
    invite.request_uri = "sip:callee@" + peer.host_port();
    invite.next_hop = {sip::Transport::Udp, peer.address().host(), peer.address().port(),
                       peer.address()};
    invite.from.user = "+14255550100";
    invite.from.display = "Reception";
    if (with_offer) invite.sdp = kOffer;
    return invite;
  }
  RecordedDialog& call(const sip::OutgoingInvite& invite) {
    outgoing.push_back(std::make_unique<RecordedDialog>());
    RecordedDialog& recorded = *outgoing.back();
    recorded.in_own_call = true;
    recorded.dialog = agent->invite(invite, recorded);
    recorded.in_own_call = false;
    EXPECT_TRUE(recorded.dialog);
    return recorded;
  }

  // An INVITE of a peer's that is a trunk.
  PeerDialog dialog_from(SipPeer& peer, const std::string& user = "+14255550123") {
    trunks[peer.host_port()] = "carrier";
    const std::string number = std::to_string(++dialogs_made);
    return PeerDialog{.peer = peer,
                      .call_id = "call" + number + "@peer",
                      .from_tag = "from" + number,
                      .to_tag = {},
                      .uri = "sip:" + user + "@" + udp().to_string(),
                      .target = {},
                      .last_branch = {}};
  }
  RecordedDialog& wait_for_invite() {
    const size_t before = taken;
    EXPECT_TRUE(until([&] { return incoming.size() > before; })) << "no INVITE reached the handler";
    return *incoming.at(taken++);
  }
  bool all_dialogs_gone() {
    return until([&] { return agent->open_dialogs() == 0; });
  }
  double counter(const std::string& line_start) {
    const std::string text = metrics.expose();
    const auto at = text.find("\n" + line_start);
    if (at == std::string::npos) return 0;
    return std::stod(text.substr(text.find(' ', at + line_start.size())));
  }

  // SipDirectory
  std::optional<std::string> trunk_of(const SocketAddress& source) const override {
    if (everyone_is_trunk) return everyone_is_trunk;
    const auto it = trunks.find(source.to_string());
    if (it == trunks.end()) return std::nullopt;
    return it->second;
  }
  std::optional<sip::PhoneAccount> phone(std::string_view username) const override {
    const auto it = phones.find(username);
    if (it == phones.end()) return std::nullopt;
    return it->second;
  }
  bool always_admitted(std::string_view user) const override { return user == "911"; }
  std::vector<sip::DigestAlgorithm> decoy_digest(uint64_t pick) const override {
    if (phones.empty()) return {};
    return std::next(phones.begin(), static_cast<long>(pick % phones.size()))->second.digest;
  }

  // InviteHandler
  sip::DialogObserver* on_invite(const sip::Invite& invite,
                                 std::unique_ptr<sip::Dialog> dialog) override {
    if (refuse_with) {
      dialog->refuse(*refuse_with, "Refused");
      return nullptr;
    }
    incoming.push_back(std::make_unique<RecordedDialog>());
    incoming.back()->invite = invite;
    incoming.back()->dialog = std::move(dialog);
    return incoming.back().get();
  }

  Metrics metrics;
  SystemClock clock;
  SystemRandom random;
  sip::SofiaLoop loop;
  sip::Registrar registrar;
  std::unique_ptr<sip::SipAgent> agent;
  std::vector<SipPeer*> peers;
  std::map<std::string, std::string> trunks;
  std::map<std::string, sip::PhoneAccount, std::less<>> phones;
  std::vector<std::unique_ptr<RecordedDialog>> incoming, outgoing;
  std::optional<int> refuse_with;
  std::optional<std::string> everyone_is_trunk;
  size_t taken = 0;
  int dialogs_made = 0;
};

}  // namespace gw::test
