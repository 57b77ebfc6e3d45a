#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sip/invite.h"
#include "sip/sip_agent.h"
#include "sip/sofia_ptr.h"

namespace gw::sip {

// One bound address of the agent.
struct Listener {
  ListenAddress bound;
  std::string ident;  // Sofia's name for it: requests leave by the listener that a dialog began on.
  std::string
      host;  // What Contact and Via say; empty = bound to every address, so it depends on the peer.
};

// The agent's listeners: which one reaches whom, what Contact says there, which hosts are ours.
// Owned by the agent; signalling thread.
class Listeners {
 public:
  // Resolves the ports that are 0 (UDP and TCP on one host share one) and binds everything.
  Result<void> open(nta_agent_t& agent, const SipConfig& config, const std::string& tls_identity);

  const std::vector<Listener>& all() const { return listeners_; }

  // By a listener of that network; of none when it is empty, of any network when there is no other.
  // nullptr: nothing of that transport and address family is bound there.
  const Listener* towards(Transport transport, const SocketAddress& peer,
                          std::string_view network) const;
  const Listener* of(nta_agent_t& agent,
                     msg_t& message) const;  // The one that a message arrived on.

  // "<sip:101@192.0.2.1:5060;transport=tcp>". `own_host`: how this peer wants us called; empty =
  // our address.
  std::string contact(const Listener& listener, std::string_view user, const SocketAddress& peer,
                      std::string_view own_host = {}) const;
  // Our host as that peer should know it.
  std::string host(const Listener& listener, const SocketAddress& peer) const;

  bool is_own_host(std::string_view host) const;  // Lower case, without brackets.

 private:
  Result<void> bind(nta_agent_t& agent, Listener& listener, const SipConfig& config,
                    const std::string& tls_identity);

  std::vector<Listener> listeners_;
  std::vector<std::string> own_hosts_;
};

// Somebody known uses this connection: it stays open for as long as a registration may last.
void keep_connection(nta_agent_t& agent, msg_t& message);
void keep_connection(const nta_outgoing_t* transaction);

SocketAddress source_of(
    msg_t& message);  // The peer that a received message came from; empty for one of our own.

// Did the peer itself answer this? Sofia answers for those that do not: 408 by its timers, 503 for
// its transport.
bool came_from_peer(const nta_outgoing_t* transaction);

// Sofia's route for a next hop: sip:NAME:PORT;transport=tls;maddr=IP. No name is looked up, a TLS
// peer is verified as NAME.
std::string route_of(const NextHop& hop);

}  // namespace gw::sip
