#pragma once

#include <sofia-sip/msg.h>
#include <sofia-sip/nta.h>
#include <sofia-sip/su_alloc.h>

#include <memory>

namespace gw::sip {

// Owners of Sofia's C objects. Nothing in sip/ destroys one by hand. All of the signalling thread.
struct SofiaDelete {
  void operator()(su_home_t* home) const { su_home_unref(home); }
  void operator()(msg_t* msg) const { msg_destroy(msg); }  // Drops one reference.
  void operator()(nta_agent_t* agent) const { nta_agent_destroy(agent); }
  void operator()(nta_leg_t* leg) const { nta_leg_destroy(leg); }
  // Without a final response Sofia answers 500 for us. The transaction itself lingers for its
  // timers.
  void operator()(nta_incoming_t* transaction) const { nta_incoming_destroy(transaction); }
  // No callback after this; an INVITE without a final response stays until one comes or Timer B.
  void operator()(nta_outgoing_t* transaction) const { nta_outgoing_destroy(transaction); }
};

using HomePtr = std::unique_ptr<su_home_t, SofiaDelete>;
using MsgPtr = std::unique_ptr<msg_t, SofiaDelete>;
using AgentPtr = std::unique_ptr<nta_agent_t, SofiaDelete>;
using LegPtr = std::unique_ptr<nta_leg_t, SofiaDelete>;
using IncomingPtr = std::unique_ptr<nta_incoming_t, SofiaDelete>;
using OutgoingPtr = std::unique_ptr<nta_outgoing_t, SofiaDelete>;

inline HomePtr make_home() {
  return HomePtr(static_cast<su_home_t*>(su_home_new(sizeof(su_home_t))));
}

}  // namespace gw::sip
