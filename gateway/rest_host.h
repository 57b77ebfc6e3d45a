#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "acs/call_automation/call_automation_api.h"
#include "acs/http/http_server.h"
#include "acs/identity/identity_store.h"
#include "acs/identity/user_directory.h"
#include "acs/rest/identity_api.h"
#include "acs/rest/phone_numbers_api.h"
#include "acs/rest/rest_door.h"
#include "acs/rest/sip_routing_api.h"
#include "acs/rest/users_api.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "gateway/config/config.h"
#include "gateway/state.h"

namespace gw {

// The served REST API over what the gateway knows: its directory, its store, its trunks. Owned by
// App; made before the web server starts, gone after it stopped. What its APIs look at lives on the
// Asio thread and is replaced there.
class RestHost {
 public:
  struct Needs {
    acs::http::HttpServer& http;
    State& state;
    const Clock& clock;
    Random& random;
    Metrics& metrics;
    Log log;
    std::function<void(const std::string& identity)> revoke;  // Any thread.
    // Checks, stores and brings it into force; answers on any thread.
    std::function<void(acs::rest::SipRouting, std::function<void(Result<void>)>)> adopt_routing;
    // What apps ask of calls; answers on any thread.
    std::function<void(const std::string& connection, acs::call_automation::Command,
                       std::function<void(acs::call_automation::Outcome)>)>
        automate;
  };
  RestHost(Needs needs, const config::Config& config);
  ~RestHost();

  // A configuration comes into force. Signalling thread.
  void publish(const config::Config& config);

 private:
  struct View;
  class StoredIdentities;
  class Calls;

  static View view_of(const config::Config& config, State& state);
  void take(View view);  // On the Asio thread, or before it starts.

  const Needs needs_;
  std::unique_ptr<StoredIdentities> identities_;
  acs::identity::UserDirectory directory_;
  std::vector<acs::rest::OwnedNumber> numbers_;
  acs::rest::SipRouting routing_;
  acs::rest::RestDoor door_;
  std::unique_ptr<acs::rest::IdentityApi> identity_api_;
  std::unique_ptr<acs::rest::PhoneNumbersApi> phone_numbers_api_;
  std::unique_ptr<acs::rest::SipRoutingApi> sip_routing_api_;
  std::unique_ptr<acs::rest::UsersApi> users_api_;
  std::unique_ptr<Calls> calls_;
  std::unique_ptr<acs::call_automation::CallAutomationApi> call_automation_api_;
};

}  // namespace gw
