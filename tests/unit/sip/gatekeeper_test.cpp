#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "sip/digest_auth.h"
#include "sip/message_bounds.h"
#include "tests/unit/support/sip_digest.h"
#include "tests/unit/support/sip_rig.h"
#include "tests/unit/support/sip_tcp_peer.h"

// What is refused before anybody is asked who he is, seen from outside.
namespace gw::test {
namespace {

class GatekeeperTest : public ::testing::Test {
 protected:
  SipRig& start(const std::function<void(sip::SipConfig&)>& change = {}) {
    sip::SipConfig config = SipRig::config();
    config.limits.ban = 1h;
    if (change) change(config);
    rig.reset();  // Two agents would share this thread.
    rig = std::make_unique<SipRig>(config);
    rig->peers = {&phone, &other};
    rig->phones["101"] = {
        .username = "101", .password = "demo-101", .digest = {}, .max_devices = 5};
    rig->phones["102"] = {.username = "102",
                          .password = "demo-102",
                          .digest = {sip::DigestAlgorithm::Md5},
                          .max_devices = 5};
    return *rig;
  }

  std::string request(SipPeer& from, const std::string& method, const std::string& to,
                      const std::string& user = "101", const std::string& extra = {},
                      const std::string& body = {}) {
    const std::string uri = method == "REGISTER" ? "sip:pbx.test" : "sip:" + to + "@pbx.test";
    const std::string n = std::to_string(++cseq);
    return method + " " + uri + " SIP/2.0\r\nVia: SIP/2.0/UDP " + from.host_port() +
           ";branch=z9hG4bKg" + n + ";rport\r\nMax-Forwards: 70\r\nFrom: <sip:" + user +
           "@pbx.test>;tag=f\r\nTo: <sip:" + to + "@pbx.test>\r\nCall-ID: gate" + n +
           "\r\nCSeq: " + n + " " + method + "\r\nContact: <sip:" + user + "@" + from.host_port() +
           ">\r\n" + extra + SipPeer::body_of(body);
  }
  static std::string over_tcp(std::string text) {
    return text.replace(text.find("SIP/2.0/UDP"), 11, "SIP/2.0/TCP");
  }
  int answer(SipPeer& from, const std::string& text) {
    from.inbox.clear();
    from.send(text, rig->udp());
    return rig->expect_that(from, "answer", [](const SipText& m) { return m.status() >= 200; })
        .status();
  }
  bool silent(SipPeer& from, const std::string& text) {
    rig->settle(20ms);
    from.inbox.clear();
    from.send(text, rig->udp());
    rig->settle();
    return from.inbox.empty();
  }
  SipText with_digest(SipPeer& from, const std::string& method, const std::string& to) {
    from.inbox.clear();
    from.send(request(from, method, to), rig->udp());
    const SipText challenge = rig->expect(from, 401, method);
    const std::string uri = method == "REGISTER" ? "sip:pbx.test" : "sip:" + to + "@pbx.test";
    from.send(request(from, method, to, "101",
                      authorization(challenge, "MD5", "101", "demo-101", method, uri),
                      method == "INVITE" ? kOffer : ""),
              rig->udp());
    return rig->expect_that(from, "answer to " + method,
                            [](const SipText& m) { return m.status() >= 100; });
  }
  double refused(const std::string& reason) {
    return rig->counter("gw_sip_refused_total{reason=\"" + reason + "\"}");
  }

  std::unique_ptr<SipRig> rig;
  SipPeer phone, other{"127.0.0.66"};
  int cseq = 0;
};

TEST_F(GatekeeperTest, a_flood_is_banned_its_neighbours_are_not_and_the_ban_can_be_lifted) {
  start([](sip::SipConfig& c) {
    c.limits.requests_per_second = 5;
    c.limits.over_rate = 50;
  });
  for (int i = 0; i < 100; ++i) {
    other.send(request(other, i % 2 ? "REGISTER" : "INVITE", "101"), rig->udp());
    if (i % 10 == 0) rig->settle(5ms);
  }
  ASSERT_TRUE(rig->until([&] { return !rig->agent->bans().empty(); }));
  EXPECT_EQ(rig->agent->bans()[0].address.host(), "127.0.0.66");
  EXPECT_EQ(rig->agent->bans()[0].reason, "rate");
  EXPECT_EQ(rig->counter("gw_sip_bans_total{reason=\"rate\"}"), 1);
  EXPECT_TRUE(silent(other, request(other, "OPTIONS", "x")));
  EXPECT_EQ(answer(phone, request(phone, "OPTIONS", "x")), 200);
  EXPECT_TRUE(rig->agent->lift_ban(other.address()));
  rig->settle(500ms);  // Two tokens.
  EXPECT_EQ(answer(other, request(other, "OPTIONS", "x")), 200);
}

TEST_F(GatekeeperTest,
       what_cannot_be_read_counts_against_the_rate_too_and_gets_silence_after_a_ban) {
  start([](sip::SipConfig& c) {
    c.limits.requests_per_second = 5;
    c.limits.over_rate = 50;
  });
  const auto unreadable = [&] {
    std::string text = request(other, "INVITE", "101");
    return text.erase(text.find("Call-ID:"), text.find("CSeq:") - text.find("Call-ID:"));
  };
  EXPECT_EQ(answer(other, unreadable()), 400);
  for (int i = 0; i < 100; ++i) {
    other.send(unreadable(), rig->udp());
    if (i % 10 == 0) rig->settle(5ms);
  }
  ASSERT_TRUE(rig->until([&] { return !rig->agent->bans().empty(); }));
  EXPECT_TRUE(silent(other, unreadable()));
}

TEST_F(GatekeeperTest, names_that_nobody_answers_for_are_a_scan_whether_they_exist_or_not) {
  for (const char* user : {"101", "999"}) {
    start([](sip::SipConfig& c) { c.limits.scans = 20; });
    for (int i = 0; i < 19; ++i) {
      EXPECT_EQ(answer(other, request(other, "REGISTER", user, user)), 401) << i;
    }
    EXPECT_EQ(answer(other, request(other, "REGISTER", user, user)), 401);
    EXPECT_TRUE(silent(other, request(other, "REGISTER", user, user))) << user;
    EXPECT_EQ(rig->agent->bans().at(0).reason, "scan");
  }
}

TEST_F(GatekeeperTest, a_stranger_cannot_flood_or_guess_by_way_of_an_emergency_number) {
  start([](sip::SipConfig& c) {
    c.limits.requests_per_second = 5;
    c.limits.over_rate = 50;
  });
  for (int i = 0; i < 100; ++i) {
    other.send(request(other, "INVITE", "911"), rig->udp());
    if (i % 10 == 0) rig->settle(5ms);
  }
  ASSERT_TRUE(rig->until([&] { return !rig->agent->bans().empty(); }));
  EXPECT_TRUE(silent(other, request(other, "INVITE", "911")));

  start([](sip::SipConfig& c) { c.limits.failed_digests = 5; });
  for (int i = 0; i < 5; ++i) {
    const std::string guess =
        "Authorization: Digest username=\"101\", realm=\"pbx.test\", nonce=\"x\", "
        "uri=\"sip:911@pbx.test\", response=\"00000000000000000000000000000000\"\r\n";
    EXPECT_EQ(answer(other, request(other, "INVITE", "911", "101", guess)), 401) << i;
  }
  EXPECT_TRUE(silent(other, request(other, "INVITE", "911")));
  // Who is known is heard in spite of a ban, for help and for nothing else.
  EXPECT_EQ(with_digest(phone, "REGISTER", "101").status(), 200);
  for (int i = 0; i < 20; ++i) {
    answer(phone,
           request(phone, "REGISTER", "101", "101",
                   "Authorization: Digest username=\"101\", realm=\"pbx.test\", nonce=\"x\", "
                   "uri=\"sip:pbx.test\", response=\"00000000000000000000000000000000\"\r\n"));
  }
  EXPECT_TRUE(silent(phone, request(phone, "OPTIONS", "x")));
  with_digest(phone, "INVITE", "911");
  EXPECT_EQ(rig->wait_for_invite().invite->request_user, "911");
}

TEST_F(GatekeeperTest, denied_sources_get_silence_and_trunks_are_always_heard) {
  start([](sip::SipConfig& c) {
    c.limits.allow = {*AddressRange::parse("127.0.0.1"), *AddressRange::parse("127.0.0.64/26")};
    c.limits.deny = {*AddressRange::parse("127.0.0.66")};
  });
  EXPECT_TRUE(silent(other, request(other, "OPTIONS", "x")));
  EXPECT_TRUE(silent(other, request(other, "INVITE", "911")));
  EXPECT_EQ(answer(phone, request(phone, "OPTIONS", "x")), 200);
  rig->trunks[other.host_port()] = "carrier";
  EXPECT_EQ(answer(other, request(other, "OPTIONS", "x")), 200);
  EXPECT_GE(rig->counter("gw_sip_source_refused_total{reason=\"denied\"}"), 1);
}

TEST_F(GatekeeperTest, new_connections_of_denied_sources_are_dropped) {
  start([](sip::SipConfig& c) { c.limits.deny = {*AddressRange::parse("127.0.0.0/8")}; });
  SipTcpPeer stranger(rig->agent->listening()[1].address);
  EXPECT_TRUE(rig->until([&] {
    stranger.poll();
    return stranger.closed_by_agent;
  }));
  rig->everyone_is_trunk = "carrier";
  SipTcpPeer carrier(rig->agent->listening()[1].address);
  carrier.send(over_tcp(request(phone, "OPTIONS", "x")));
  EXPECT_TRUE(rig->until([&] {
    carrier.poll();
    return !carrier.inbox.empty();
  }));
}

TEST_F(GatekeeperTest, a_ban_drops_new_connections_and_leaves_open_ones) {
  start([](sip::SipConfig& c) { c.limits.failed_digests = 1; });
  SipTcpPeer open(rig->agent->listening()[1].address);
  open.send(over_tcp(request(phone, "OPTIONS", "x")));
  ASSERT_TRUE(rig->until([&] {
    open.poll();
    return !open.inbox.empty();
  }));
  answer(phone, request(phone, "REGISTER", "101", "101",
                        "Authorization: Digest username=\"101\", realm=\"pbx.test\", nonce=\"x\", "
                        "uri=\"sip:pbx.test\", response=\"00000000000000000000000000000000\"\r\n"));
  ASSERT_EQ(rig->agent->bans().size(), 1u);
  SipTcpPeer another(rig->agent->listening()[1].address);
  EXPECT_TRUE(rig->until([&] {
    another.poll();
    return another.closed_by_agent;
  }));
  open.poll();
  EXPECT_FALSE(open.closed_by_agent);
}

TEST_F(GatekeeperTest, one_phone_registers_and_calls_no_more_often_than_it_may) {
  start([](sip::SipConfig& c) {
    c.limits.registers_per_phone = 0.001;
    c.limits.invites_per_phone = 0.001;
  });
  EXPECT_EQ(with_digest(phone, "REGISTER", "101").status(), 200);
  EXPECT_EQ(with_digest(other, "REGISTER", "101").status(), 503) << "from wherever";
  with_digest(phone, "INVITE", "201");
  rig->wait_for_invite();
  EXPECT_EQ(with_digest(other, "INVITE", "201").status(), 503);
  with_digest(other, "INVITE", "911");
  EXPECT_EQ(rig->wait_for_invite().invite->request_user, "911");
  EXPECT_EQ(refused("phone_rate"), 2);
}

TEST_F(GatekeeperTest, an_unknown_user_is_challenged_as_some_phone_is_and_always_the_same) {
  start();
  std::set<size_t> sizes;
  for (int i = 0; i < 40; ++i) {
    const std::string name = "9" + std::to_string(i);
    size_t first = 0;
    for (int again = 0; again < 2; ++again) {
      phone.inbox.clear();
      phone.send(request(phone, "REGISTER", name, name), rig->udp());
      const size_t size = rig->expect(phone, 401, "REGISTER").all("WWW-Authenticate").size();
      if (again == 0) first = size;
      EXPECT_EQ(size, first) << name;
    }
    sizes.insert(first);
  }
  EXPECT_EQ(sizes, (std::set<size_t>{1, 2})) << "as 102 and as 101";
}

TEST_F(GatekeeperTest, a_wrong_password_and_an_unknown_user_cost_the_same_and_look_the_same) {
  start([](sip::SipConfig& c) { c.limits.failed_digests = 1'000; });
  const auto tried = [&](const std::string& user) {
    phone.inbox.clear();
    phone.send(request(phone, "REGISTER", user, user), rig->udp());
    const SipText challenge = rig->expect(phone, 401, "REGISTER");
    phone.send(request(phone, "REGISTER", user, user,
                       authorization(challenge, "MD5", user, "wrong", "REGISTER", "sip:pbx.test")),
               rig->udp());
    const uint64_t before = sip::hashes_computed();
    SipText refusal = rig->expect(phone, 401, "REGISTER");
    std::string names;
    for (const auto& [name, value] : refusal.headers) names += name + " ";
    return std::pair(sip::hashes_computed() - before, names);
  };
  const auto known = tried("102");
  EXPECT_GE(known.first, 4u);
  bool compared = false;
  for (int i = 0; i < 40; ++i) {
    const auto unknown = tried("9" + std::to_string(i));
    EXPECT_EQ(unknown.first, known.first);
    compared |= unknown.second == known.second;
  }
  EXPECT_TRUE(compared) << "none was offered what 102 is";
}

TEST_F(GatekeeperTest, what_is_too_large_is_refused_by_what_is_too_large_about_it) {
  start();
  std::string many;
  for (int i = 0; i < 130; ++i) many += "X-" + std::to_string(i) + ": y\r\n";
  const std::string big(9'000, 'x');
  EXPECT_EQ(answer(phone, request(phone, "OPTIONS", "x", "101", many)), 513);
  EXPECT_EQ(answer(phone, request(phone, "OPTIONS", "x", "101", "X-Big: " + big + "\r\n")), 513);
  std::string wide;
  for (int i = 0; i < 5; ++i)
    wide += "X-" + std::to_string(i) + ": " + std::string(7'000, 'x') + "\r\n";
  EXPECT_EQ(answer(phone, request(phone, "OPTIONS", "x", "101", wide)), 513);
  EXPECT_EQ(answer(phone, request(phone, "INVITE", "201", "101", {}, std::string(33'000, 'v'))),
            413);
  EXPECT_EQ(answer(phone, request(phone, "OPTIONS", std::string(1'100, 'x'))), 414);
  EXPECT_EQ(answer(phone, request(phone, "REGISTER", "101", std::string(1'100, 'x'))), 400);
  EXPECT_EQ(refused("bounds"), 6);
  // An INVITE as large as honest ones get.
  std::string rich;
  for (int i = 0; i < 40; ++i)
    rich += "X-" + std::to_string(i) + ": " + std::string(200, 'y') + "\r\n";
  EXPECT_EQ(answer(phone, request(phone, "INVITE", "201", "101",
                                  "Identity: " + std::string(4'000, 'x') + "\r\n" + rich, kOffer)),
            401);
  EXPECT_EQ(refused("bounds"), 6);
}

TEST_F(GatekeeperTest, answers_show_no_address_of_ours_behind_the_nat_and_no_version) {
  start([](sip::SipConfig& c) { c.advertise = "198.51.100.7"; });
  std::vector<std::string> requests{
      request(phone, "OPTIONS", "x"), request(phone, "REGISTER", "101"),
      request(phone, "INVITE", "201"), request(phone, "PUBLISH", "x")};
  for (const std::string& text : requests) {
    phone.inbox.clear();
    phone.send(text, rig->udp());
    const SipText refusal =
        rig->expect_that(phone, "answer", [](const SipText& m) { return m.status() >= 200; });
    EXPECT_EQ(refusal.header("Server"), "acs-gateway");
    for (const auto& [name, value] : refusal.headers) {
      EXPECT_EQ(value.find(rig->udp().to_string()), std::string::npos) << name << ": " << value;
      if (name != "Via") {
        EXPECT_EQ(value.find("127.0.0.1"), std::string::npos) << name << ": " << value;
      }
    }
  }
  with_digest(phone, "INVITE", "201");
  RecordedDialog& call = rig->wait_for_invite();
  phone.inbox.clear();
  call.call([](sip::Dialog& d) { return d.answer(kAnswer); });
  const SipText ok = rig->expect(phone, 200, "INVITE");
  EXPECT_NE(ok.header("Contact").find("198.51.100.7"), std::string::npos);
  for (const auto& [name, value] : ok.headers) {
    if (name != "Via") {
      EXPECT_EQ(value.find("127.0.0.1"), std::string::npos) << name << ": " << value;
    }
  }
}

TEST_F(GatekeeperTest, long_lists_of_values_are_no_flood_of_headers) {
  start();
  std::string list = "Supported: a0";
  for (int i = 1; i < 60; ++i) list += ", a" + std::to_string(i);
  EXPECT_EQ(answer(phone, request(phone, "OPTIONS", "x", "101", list + "\r\n")), 200);
  std::string routes = "History-Info: <sip:a@b>;index=1";
  for (int i = 0; i < 5; ++i) routes += ", <sip:a@b>;index=1.1";
  EXPECT_EQ(answer(phone, request(phone, "OPTIONS", "x", "101", routes + "\r\n")), 200);
}

TEST_F(GatekeeperTest, a_late_loop_refuses_new_calls_but_none_for_help_and_nothing_in_dialogs) {
  start([](sip::SipConfig& c) { c.shed_lag = 100ms; });
  SipPeer carrier;
  rig->peers.push_back(&carrier);
  PeerDialog caller = rig->dialog_from(carrier);
  carrier.send(caller.request("INVITE", kOffer), rig->udp());
  RecordedDialog& live = rig->wait_for_invite();
  live.call([](sip::Dialog& d) { return d.answer(kAnswer), true; });
  const SipText ok = rig->expect(carrier, 200, "INVITE");
  caller.to_tag = ok.to_tag();
  carrier.send(caller.request("ACK", {}, {}, caller.cseq), rig->udp());

  // What keeps the thread is as good as a thousand requests.
  const auto overload = [&] {
    rig->loop.post([] { std::this_thread::sleep_for(300ms); });
    rig->until([&] { return rig->counter("gw_sip_shedding") >= 1; });
  };
  overload();
  phone.send(request(phone, "OPTIONS", "x"), rig->udp());
  EXPECT_FALSE(rig->expect(phone, 503, "OPTIONS").header("Retry-After").empty());
  overload();
  EXPECT_EQ(answer(phone, request(phone, "INVITE", "201")), 503);
  overload();
  EXPECT_EQ(answer(phone, request(phone, "SUBSCRIBE", "201")), 503);
  overload();
  EXPECT_EQ(answer(phone, request(phone, "INVITE", "911")), 401) << "who calls for help is asked";
  overload();
  PeerDialog another = rig->dialog_from(carrier);
  carrier.send(another.request("INVITE", kOffer), rig->udp());
  rig->expect(carrier, 503, "INVITE");
  EXPECT_GE(refused("shed"), 4);

  ++caller.cseq;
  carrier.send(caller.request("BYE"), rig->udp());
  rig->expect(carrier, 200, "BYE");
  rig->event(live, "ended by them");
  // It passes.
  EXPECT_TRUE(rig->until([&] { return rig->counter("gw_sip_shedding") == 0; }));
  EXPECT_EQ(answer(phone, request(phone, "OPTIONS", "x")), 200);
}

}  // namespace
}  // namespace gw::test
