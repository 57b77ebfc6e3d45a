#pragma once

#include <functional>
#include <string>

#include "acs/call_automation/call_commands.h"
#include "acs/rest/repeatability.h"
#include "acs/rest/rest_door.h"

namespace gw::acs::call_automation {

// Azure's Call Automation API (2026-03-12 and before): reads what an app asks and writes what it is
// told; the seam does it. Owned by App; Asio thread.
class CallAutomationApi {
 public:
  struct Needs {
    // Runs what it is given where calls live; its answers come back on the Asio thread.
    CallAutomation& calls;
    const Clock& clock;
  };

  CallAutomationApi(rest::RestDoor& door, Needs needs);

 private:
  struct Order {
    std::string connection;
    Command command;
    unsigned status = 200;  // When all is well.
    std::string context;
  };

  void serve(rest::RestDoor& door, const std::string& path,
             std::function<tl::expected<Order, rest::RestError>(const http::Request&)> read);
  void perform(const http::Request& request, const rest::Caller& caller, http::Respond respond,
               tl::expected<Order, rest::RestError> order);

  const Needs needs_;
  rest::Repeatability repeated_;
};

}  // namespace gw::acs::call_automation
