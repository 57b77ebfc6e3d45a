#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/ids.h"
#include "sip/client_auth.h"
#include "sip/sip_agent.h"
#include "sip/sip_core.h"

namespace gw::sip {

// Requests of ours outside any dialog: OPTIONS to a trunk's targets, REGISTER at its registrar.
// Each is answered once, from the loop, by its final response or by what became of it. Part of the
// agent; signalling thread.
class OutsideRequests {
 public:
  explicit OutsideRequests(SipCore& core) : core_(core) {}
  ~OutsideRequests() { close(); }

  bool open();   // Once the stack is up. False: it refused.
  void close();  // Nobody is told of what is under way.

  void options(const OutgoingOptions& options, std::function<void(int status)> done);
  void enrol(const OutgoingRegister& request, std::function<void(const Enrolment&)> done);

 private:
  struct Request {
    OutsideRequests* owner = nullptr;
    uint64_t id = 0;
    OutgoingPtr transaction;
    TimerId deadline{};
    bool silent = false;  // The deadline passed.
    // Reads the final response while it is there (nullptr: it never left) and says what to tell.
    std::function<std::function<void()>(const sip_t* response)> read;

    // Of a REGISTER, to send it again with credentials.
    OutgoingRegister enrolment;
    const Listener* listener = nullptr;
    std::string from, to, contact, call_id, uri;
    ClientAuth auth;
  };

  Request& add();
  void send_enrolment(Request& request, const std::string& auth);
  void on_response(Request& request, const sip_t* response);
  void end(uint64_t id, const sip_t* response);

  SipCore& core_;
  LegPtr leg_;
  std::unordered_map<uint64_t, Request> requests_;
  uint64_t last_id_ = 0;
};

}  // namespace gw::sip
