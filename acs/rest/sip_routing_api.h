#pragma once

#include <functional>
#include <string>

#include "acs/rest/rest_door.h"
#include "acs/rest/sip_routing.h"

namespace gw::acs::rest {

// Azure's SIP Routing API: GET and PATCH /sip, POST /sip:testRoutesWithNumber. What it configures
// is the gateway's own trunks and routes. Owned by App; Asio thread.
class SipRoutingApi {
 public:
  struct Needs {
    std::function<SipRouting()> current;  // With the operator's own trunks, marked as fixed.
    // Stores it and brings it into force; answers on the Asio thread what became of it.
    std::function<void(SipRouting, std::function<void(Result<void>)>)> adopt;
  };

  SipRoutingApi(RestDoor& door, Needs needs);

 private:
  void patch(const http::Request& request, const Caller& caller, http::Respond respond);
  void test(const http::Request& request, http::Respond respond);

  const Needs needs_;
  bool busy_ = false;  // One change at a time: the next begins with what this one made.
};

}  // namespace gw::acs::rest
