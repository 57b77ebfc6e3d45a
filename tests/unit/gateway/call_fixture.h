#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/call/call.h"
#include "tests/unit/gateway/kept_usage.h"
#include "tests/unit/support/fake_leg.h"
#include "tests/unit/support/fake_media_engine.h"
#include "tests/unit/support/manual_clock.h"

namespace gw::test {

using policy::Cause;
using policy::Party;
using policy::PartyKind;

inline const Party kCaller{PartyKind::Phone, "101"};
inline const Party kAlice{PartyKind::User, "alice"};
inline const Party kBob{PartyKind::Phone, "102"};
inline const Party kTrunk{PartyKind::Trunk, "acme"};

// A call between fakes: the test is the owner, and plays every party.
class CallTest : public testing::Test, public CallOwner {
 protected:
  CallTest() {
    config::Config config;
    config.calls.ring_timeout = 20ms;
    config.calls.max_duration = Duration{};
    config.trunks.push_back({.name = "acme", .targets = {"127.0.0.1:5070"}});
    config_ = std::make_shared<const config::Config>(std::move(config));
  }

  // Phone 102 sends its calls on.
  void bob_forwards(config::Forwarding forwarding, std::vector<std::string> others = {"103"}) {
    config::Config config = *config_;
    config::Phone bob;
    bob.username = bob.extension = "102";
    bob.forwarding = std::move(forwarding);
    config.phones = {bob};
    for (const std::string& name : others) {
      config::Phone other;
      other.username = other.extension = name;
      config.phones.push_back(other);
    }
    config_ = std::make_shared<const config::Config>(std::move(config));
  }

  Call& begin(std::vector<policy::Rank> ranks) {
    policy::Decision decision;
    decision.ring_timeout = ring_timeout_;
    decision.accepted = true;
    decision.ranks = std::move(ranks);
    call_ = std::make_unique<Call>(
        services_, *this, config_, CallId{"c1"},
        policy::Routed{{kCaller, "201", "", "", "", "", {}, false, {}, 70}, std::move(decision)},
        Log{});
    auto caller = std::make_unique<FakeLeg>(kCaller, PortId{100}, *call_);
    caller_ = caller.get();
    call_->begin(std::move(caller));
    return *call_;
  }

  tl::expected<std::vector<std::unique_ptr<Leg>>, policy::HangupCause> legs_for(
      Call& call, const policy::Routed&, const Party& party) override {
    if (absent_ == party)
      return tl::unexpected(policy::HangupCause{Cause::NotRegistered, 0, 0, "absent"});
    std::vector<std::unique_ptr<Leg>> legs;
    auto leg = std::make_unique<FakeLeg>(party, PortId{200 + legs_.size()}, call);
    leg->ready = !slow_media_;
    legs_[party.name] = leg.get();
    legs.push_back(std::move(leg));
    return legs;
  }
  void on_port_opened(Call&, PortId port) override { open_.push_back(port); }
  void on_transfer_wanted(Call& call, Leg& leg, const TransferRequest& request) override {
    call.transfer(leg, to(Party{PartyKind::Phone, request.number}));
  }
  PartyName name_of(const Call&, const Leg& leg) const override { return {leg.party().name, ""}; }
  void on_call_finished(Call& call) override {
    ++finished_;
    recorded_parties_ = call.parties().size();
    loop_.stop();
  }

  static policy::Routed to(const Party& party) {
    policy::Decision decision;
    decision.accepted = true;
    decision.normalised = party.name;
    decision.ranks = {{{party}}};
    return {{kCaller, party.name, "", "", "", "", {}, false, {}, 70}, std::move(decision)};
  }
  // Turns the loop a few times: what was posted happens.
  void settle() {
    loop_.after(5ms, [this] { loop_.stop(); });
    loop_.run();
  }

  // Runs the loop until the call has finished.
  void run_to_the_end() {
    // Another call's end may have stopped the loop too.
    for (int turns = 0, before = finished_; finished_ == before && turns < 10; ++turns) loop_.run();
  }
  void close_all_ports() {
    for (const PortId port : open_) call_->on_media(media::PortClosed{port, {}});
  }

  Metrics metrics_;
  SystemClock clock_;
  SystemRandom random_;
  sip::SofiaLoop loop_{metrics_};
  sip::Registrar registrar_{clock_, metrics_, {}};
  test::FakeMediaEngine media_;
  test::KeptUsage usage_;
  Services services_{loop_,  media_,  nullptr,  nullptr, registrar_,
                     clock_, random_, metrics_, usage_};
  config::Snapshot config_;
  std::optional<Party> absent_;
  Duration ring_timeout_{};
  bool slow_media_ = false;
  std::map<std::string, FakeLeg*> legs_;
  std::vector<PortId> open_;
  int finished_ = 0;
  size_t recorded_parties_ = 0;
  uint64_t next_port_ = 200;
  std::unique_ptr<Call> call_;
  FakeLeg* caller_ = nullptr;
};

// A second call of the same kind, between others, and both talking.
class JoinedCallsTest : public CallTest {
 protected:
  void SetUp() override {
    begin({{{kAlice}}});
    legs_["alice"]->answers();
    policy::Decision decision;
    decision.accepted = true;
    decision.ranks = {{{kBob}}};
    const Party carol{PartyKind::Phone, "103"};
    other_ = std::make_unique<Call>(
        services_, *this, config_, CallId{"c2"},
        policy::Routed{{carol, "102", "", "", "", "", {}, false, {}, 70}, std::move(decision)},
        Log{});
    auto caller = std::make_unique<FakeLeg>(carol, PortId{300}, *other_);
    carol_ = caller.get();
    other_->begin(std::move(caller));
    legs_["102"]->answers();
    bob_ = legs_["102"];
    alice_ = legs_["alice"];
  }
  void join() { call_->take_in(*other_); }

  std::unique_ptr<Call> other_;
  FakeLeg* carol_ = nullptr;
  FakeLeg* bob_ = nullptr;
  FakeLeg* alice_ = nullptr;
};

}  // namespace gw::test
