#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "acs/call_automation/call_commands.h"
#include "acs/events/call_event.h"
#include "base/log.h"
#include "gateway/call/app_connection.h"
#include "gateway/call/call_control.h"

namespace gw {

// What applications may do to calls: calls that are routed to an app are offered at its webhook,
// and what it asks over the served Call Automation API is done here. Owned by App, gone after the
// calls; signalling thread.
class AutomationHost final : public AppDoor, public AppDriver {
 public:
  static constexpr size_t kMostConnections = 10'000;

  struct Needs {
    Services& services;
    CallControl& control;
    std::string resource_id;
    // To an app's callback, in order of one connection.
    std::function<void(const std::string& uri, acs::events::CallEvent event)> tell;
    // To an app's webhook; an error when it takes none now.
    std::function<void(const config::App& app, acs::events::IncomingCall call)> offer;
    std::function<bool(const std::string& app)> reachable;
    std::function<void(const std::string& url, std::function<void(Result<media::ClipPtr>)>)> fetch;
    std::function<std::string()> stream_token;
    Log log;
  };

  explicit AutomationHost(Needs needs);
  ~AutomationHost() override;

  acs::call_automation::Outcome perform(const std::string& connection,
                                        acs::call_automation::Command command);

  // Before the calls go: nobody holds them any more.
  void let_go() { connections_.clear(); }

  size_t connections() const { return connections_.size(); }
  size_t offers() const { return offers_.size(); }

  // AppDoor
  tl::expected<std::unique_ptr<Leg>, policy::HangupCause> leg_to(Call& call,
                                                                 const policy::Routed& routed,
                                                                 const policy::Party& app) override;

 private:
  using Outcome = acs::call_automation::Outcome;
  // A call that rings at an app.
  struct Offer {
    CallId call;
    AppLeg* leg = nullptr;
    std::string correlation_id, from, to;
  };

  // AppDriver
  void on_leg_over(AppLeg& leg) override;
  void on_clip_ended(AppLeg& leg, uint64_t serial) override;

  Outcome on(acs::call_automation::CreateCall& command);
  Outcome on(acs::call_automation::AnswerCall& command);
  Outcome on(acs::call_automation::RedirectCall& command);
  Outcome on(acs::call_automation::RejectCall& command);
  Outcome on(acs::call_automation::ConnectCall& command);

  tl::expected<Offer, acs::rest::RestError> take_offer(const std::string& context) const;
  AppConnection& add(AppConnection::Facts facts, Call& call, AppLeg& leg);
  policy::Dialled passed_on(const Call& call, policy::Dialled dialled) const;

  const Needs needs_;
  std::map<std::string, Offer> offers_;  // By incomingCallContext.
  std::map<std::string, std::unique_ptr<AppConnection>> connections_;
  const std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace gw
