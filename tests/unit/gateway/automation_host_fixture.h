#pragma once

#include "gateway/call/automation_host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sip/resolver.h"
#include "tests/unit/gateway/kept_usage.h"
#include "tests/unit/support/fake_edge.h"
#include "tests/unit/support/fake_media_engine.h"

namespace gw {

namespace ca = acs::call_automation;
namespace edge = acs::edge;
using acs::events::CallEvent;
using policy::PartyKind;
using ::testing::ElementsAre;

inline constexpr const char* kAlice = "8:acs:res_alice";
inline constexpr const char* kBob = "8:acs:res_bob";
inline constexpr const char* kEcho = "8:echo123";
inline constexpr const char* kDesk =  // Made by a back end: no device, no user of the directory.
    "8:acs:11111111-2222-3333-4444-555555555555_66666666-7777-8888-9999-000000000000";
inline constexpr const char* kCallback = "https://app.example/cb";

class Records final : public CallRecorder {
 public:
  void record(const Call& call) override { ended.push_back(call.cause().cause); }
  void record(const RefusedCall& call) override { refused.push_back(call.cause.cause); }
  std::vector<policy::Cause> ended, refused;
};

// The gateway's calls with users whose devices do what the test says, and an app that is the test.
class AutomationHostTest : public testing::Test {
 protected:
  AutomationHostTest() {
    config::Config config;
    config.calls.max_duration = Duration{};
    config.users = {user("alice", kAlice), user("bob", kBob), user("echo", kEcho)};
    config.users.back().echo = true;
    config.numbers.owned = {"+14255550100"};
    config.numbers.emergency = {};
    config::App& app = config.apps.emplace_back();
    app.name = "ivr";
    app.webhook = "https://app.example/incoming";
    app.calls_to = {kDesk};
    config::Route& route = config.routes.emplace_back();
    route.name = "to the ivr";
    route.from = {"users"};
    route.to = "700";
    route.targets = {"app:ivr", "user:bob"};
    config_ = std::make_shared<const config::Config>(std::move(config));
    control_.emplace(services_, resolver_, records_, config_, Log{});
    AutomationHost::Needs needs{services_, *control_, "res", {}, {}, {}, {}, {}, Log{}};
    needs.tell = [this](const std::string& uri, CallEvent event) {
      EXPECT_EQ(uri, kCallback);
      told_.push_back(std::move(event));
    };
    needs.offer = [this](const config::App&, acs::events::IncomingCall call) {
      offered_.push_back(std::move(call));
    };
    needs.reachable = [this](const std::string&) { return reachable_; };
    needs.fetch = [this](const std::string&, auto done) { fetches_.push_back(done); };
    needs.stream_token = [] { return "token"; };
    host_.emplace(std::move(needs));
    edge_.present = {"tab1"};
  }
  ~AutomationHostTest() override {
    host_->let_go();
    control_.reset();
  }

  static config::User user(const char* name, const char* id) {
    config::User out;
    out.name = name;
    out.id = id;
    return out;
  }
  // What was posted, and what that posted.
  void run() {
    loop_.after(10ms, [this] { loop_.stop(); });
    loop_.run();
  }
  template <class Command>
  ca::Outcome ask(Command command, const std::string& connection = "") {
    auto outcome = host_->perform(connection, std::move(command));
    run();
    return outcome;
  }
  std::string create(std::vector<std::string> targets) {
    ca::CreateCall command;
    command.targets = std::move(targets);
    command.callback_uri = kCallback;
    command.context = "ctx";
    const auto outcome = ask(std::move(command));
    EXPECT_TRUE(outcome) << (outcome ? "" : outcome.error().message);
    return outcome ? std::get<ca::CallProperties>(*outcome).connection_id : "";
  }
  // The user who was rung last accepts, refuses, hangs up.
  void accepts() {
    control_->on_edge(
        edge::Accepted{{"tab1", ++request_}, edge_.rung.back().call_id, false, "offer", 1});
    run();
  }
  void rejects() {
    control_->on_edge(edge::Rejected{{"tab1", ++request_}, edge_.rung.back().call_id, true});
    run();
  }
  void hangs_up(const std::string& call_id) {
    control_->on_edge(edge::HungUp{{"tab1", ++request_}, call_id, false});
    run();
  }
  // Alice dials the app.
  void alice_calls(const std::string& number = "700") {
    edge::Invited invited;
    invited.request = {"tab1", ++request_};
    invited.identity = kAlice;
    invited.call_id = "alice-1";
    invited.to = {{number.starts_with("8:") ? number : "4:" + number, ""}};
    invited.context = {"00FF;encoding=hex", {{"X-MS-Custom-Leg", "1"}}};
    invited.offer = "offer";
    control_->on_edge(invited);
    run();
  }
  std::string answer() {
    ca::AnswerCall command;
    command.incoming_call_context = offered_.back().incoming_call_context;
    command.callback_uri = kCallback;
    const auto outcome = ask(std::move(command));
    EXPECT_TRUE(outcome) << (outcome ? "" : outcome.error().message);
    return outcome ? std::get<ca::CallProperties>(*outcome).connection_id : "";
  }
  std::vector<std::string> types() const {
    std::vector<std::string> out;
    for (const CallEvent& event : told_) out.push_back(event.type);
    return out;
  }
  std::vector<std::string> participants(const std::string& connection) {
    const auto outcome = ask(ca::ListParticipants{}, connection);
    std::vector<std::string> out;
    if (!outcome) return out;
    for (const auto& one : std::get<ca::Participants>(*outcome).all) out.push_back(one.who);
    return out;
  }
  static std::string code(const ca::Outcome& outcome) {
    return outcome ? "" : std::to_string(outcome.error().status) + " " + outcome.error().code;
  }

  Metrics metrics_;
  SystemClock clock_;
  SystemRandom random_;
  sip::SofiaLoop loop_{metrics_};
  sip::Registrar registrar_{clock_, metrics_, {}};
  sip::Resolver resolver_{loop_, random_, metrics_};
  test::FakeMediaEngine media_;
  test::FakeEdge edge_;
  test::KeptUsage usage_;
  Services services_{loop_, media_, nullptr, &edge_, registrar_, clock_, random_, metrics_, usage_};
  Records records_;
  config::Snapshot config_;
  std::vector<CallEvent> told_;
  std::vector<acs::events::IncomingCall> offered_;
  std::vector<std::function<void(Result<media::ClipPtr>)>> fetches_;
  bool reachable_ = true;
  uint32_t request_ = 0;
  std::optional<CallControl> control_;
  std::optional<AutomationHost> host_;
};

}  // namespace gw
