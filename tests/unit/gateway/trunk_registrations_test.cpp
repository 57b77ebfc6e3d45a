#include "gateway/call/trunk_registrations.h"

#include <gtest/gtest.h>
#include <sofia-sip/su_wait.h>

#include "sip/sofia_loop.h"
#include "tests/unit/support/manual_clock.h"

namespace gw {
namespace {

using State = TrunkRegistrations::State;

// A registrar that answers what a test tells it to.
class FakeRegistrar final : public sip::SipAgent {
 public:
  std::vector<sip::ListenAddress> listening() const override { return {}; }
  std::unique_ptr<sip::Dialog> invite(const sip::OutgoingInvite&, sip::DialogObserver&) override {
    return nullptr;
  }
  void options(const sip::OutgoingOptions&, std::function<void(int)>) override {}
  void enrol(const sip::OutgoingRegister& request,
             std::function<void(const sip::Enrolment&)> done) override {
    asked.push_back(request);
    waiting = std::move(done);
  }
  void set_accepting(bool) override {}
  void set_config(const sip::SipConfig&) override {}
  size_t open_dialogs() const override { return 0; }

  void answer(sip::Enrolment enrolment) { std::exchange(waiting, {})(enrolment); }

  std::vector<sip::OutgoingRegister> asked;
  std::function<void(const sip::Enrolment&)> waiting;
};

class TrunkRegistrationsTest : public testing::Test {
 protected:
  TrunkRegistrationsTest() {
    config::Trunk trunk;
    trunk.name = "acme";
    trunk.targets = {"127.0.0.1:5070"};
    trunk.registers = true;
    trunk.username = "gateway";
    trunk.password = Masked("secret");
    set(trunk);
  }
  void set(config::Trunk trunk) {
    auto config = std::make_shared<config::Config>();
    config->trunks.push_back(std::move(trunk));
    registrations.set_config(config);
  }
  // Looks, and lets the name be found; true when a REGISTER went out.
  bool asks() {
    const size_t before = agent.asked.size();
    registrations.look();
    for (int turn = 0; turn < 20; ++turn) su_root_step(loop.root(), 1);
    return agent.asked.size() > before;
  }
  static sip::Enrolment granted(Duration expires) { return {200, false, "OK", expires, {}, {}}; }
  static sip::Enrolment refused(int status, Duration retry_after = {}) {
    return {status, false, "No", {}, {}, retry_after};
  }

  Metrics metrics;
  SystemRandom random;
  test::ManualClock clock;
  sip::SofiaLoop loop{metrics};
  sip::Resolver resolver{loop, random, metrics};
  FakeRegistrar agent;
  TrunkRegistrations registrations{agent, resolver, clock, random, metrics, {}};
};

TEST_F(TrunkRegistrationsTest,
       registers_at_the_first_target_and_refreshes_between_50_and_90_percent) {
  ASSERT_TRUE(asks());
  EXPECT_EQ(agent.asked[0].request_uri, "sip:127.0.0.1:5070");
  EXPECT_EQ(agent.asked[0].address.user, "gateway");
  EXPECT_EQ(agent.asked[0].expires, 1h);
  agent.answer(granted(1000s));
  EXPECT_EQ(registrations.status("acme")->state, State::Registered);
  clock.advance(499s);
  EXPECT_FALSE(asks());
  clock.advance(401s);
  ASSERT_TRUE(asks());
  EXPECT_EQ(agent.asked[1].call_id, agent.asked[0].call_id);
}

TEST_F(TrunkRegistrationsTest, tries_again_with_growing_pauses_and_is_forgiven_by_a_success) {
  std::vector<Duration> pauses;
  ASSERT_TRUE(asks());
  for (int n = 0; n < 6; ++n) {
    agent.answer({503, true, "no answer", {}, {}, {}});
    EXPECT_EQ(registrations.status("acme")->state, State::Failed);
    Duration pause{};
    while (!asks()) {
      clock.advance(500ms);
      pause += 500ms;
      ASSERT_LT(pause, 6min);
    }
    pauses.push_back(pause);
  }
  EXPECT_LE(pauses[0], 2s);
  for (size_t n = 1; n < pauses.size(); ++n) EXPECT_GT(pauses[n], pauses[n - 1]);
  agent.answer(granted(60s));
  clock.advance(60s);
  ASSERT_TRUE(asks());
  agent.answer({503, true, "no answer", {}, {}, {}});
  clock.advance(2s);
  EXPECT_TRUE(asks());
}

TEST_F(TrunkRegistrationsTest, a_wrong_password_is_not_tried_like_a_guess) {
  ASSERT_TRUE(asks());
  agent.answer(refused(403));
  clock.advance(40s);
  EXPECT_FALSE(asks());
  clock.advance(20s);
  EXPECT_TRUE(asks());
}

TEST_F(TrunkRegistrationsTest, retry_after_is_kept_and_423_asked_for_longer_at_once) {
  ASSERT_TRUE(asks());
  agent.answer(refused(503, 120s));
  clock.advance(119s);
  EXPECT_FALSE(asks());
  clock.advance(1s);
  ASSERT_TRUE(asks());
  agent.answer({423, false, "Interval Too Brief", {}, 2h, {}});
  ASSERT_EQ(agent.asked.size(), 3U);
  EXPECT_EQ(agent.asked[2].expires, 2h);
}

TEST_F(TrunkRegistrationsTest, a_failed_refresh_costs_nothing_until_what_was_granted_is_over) {
  ASSERT_TRUE(asks());
  agent.answer(granted(100s));
  clock.advance(90s);
  ASSERT_TRUE(asks());
  agent.answer({503, true, "no answer", {}, {}, {}});
  EXPECT_EQ(registrations.status("acme")->state, State::Registered);
  clock.advance(10s);
  asks();
  EXPECT_EQ(registrations.status("acme")->state, State::Failed);
}

TEST_F(TrunkRegistrationsTest, calls_from_who_granted_it_are_the_trunks) {
  const SocketAddress there = *SocketAddress::parse("127.0.0.1:5070"),
                      stranger = *SocketAddress::parse("127.0.0.1:40000");
  EXPECT_FALSE(registrations.trunk_of(there));
  ASSERT_TRUE(asks());
  agent.answer(granted(100s));
  EXPECT_EQ(registrations.trunk_of(there), "acme");
  EXPECT_FALSE(registrations.trunk_of(stranger));
}

TEST_F(TrunkRegistrationsTest, a_trunk_that_goes_is_taken_off_its_registrar) {
  ASSERT_TRUE(asks());
  agent.answer(granted(100s));
  registrations.set_config(std::make_shared<config::Config>());
  ASSERT_EQ(agent.asked.size(), 2U);
  EXPECT_EQ(agent.asked[1].expires, Duration{});
  EXPECT_FALSE(registrations.status("acme"));
}

}  // namespace
}  // namespace gw
