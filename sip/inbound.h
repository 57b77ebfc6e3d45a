#pragma once

#include <map>
#include <optional>
#include <string>

#include "sip/digest_auth.h"
#include "sip/gatekeeper.h"
#include "sip/registrar.h"
#include "sip/sip_agent.h"
#include "sip/sip_core.h"
#include "sip/sip_view.h"
#include "sip/subscription.h"

namespace gw::sip {

// Everything that belongs to no dialog and no transaction meets this first: who is it, may it, and
// only then is anything kept for it. Refusals are stateless. Owned by the agent; signalling thread.
class Inbound {
 public:
  Inbound(SipCore& core, const SipConfig& config, SipDirectory& directory, InviteHandler& handler,
          Registrar& registrar);

  static int on_message(nta_agent_magic_t* self, nta_agent_t* agent, msg_t* message, sip_t* sip);

  void set_accepting(bool accepting);
  void line_changed(std::string_view key) { subscriptions_.line_changed(key); }
  void set_config(const SipConfig& config);
  SourceGuard& guard() { return gatekeeper_.guard(); }
  bool is_ours(const url_t& uri) const;  // What phones may register at and dial.

 private:
  struct Request {  // One that is being looked at.
    MsgPtr message;
    const sip_t& sip;
    const Listener* listener;
    SocketAddress source;
    std::optional<std::string> trunk;
  };

  void on_request(MsgPtr message, const sip_t& sip);
  bool admit(Request& request);  // False: refused, or passed over in silence.
  void on_invite(Request& request);
  void on_register(Request& request);
  void on_options(Request& request);
  void on_subscribe(Request& request);

  // The phone that the request's digest proves; none after a challenge was sent.
  std::optional<PhoneAccount> authenticated(Request& request, const sip_addr_t& claimed);
  std::optional<Replaces> replaces_of(const sip_t& sip) const;
  void challenge(Request& request, const sip_addr_t& claimed, bool stale);
  // The algorithms of a user, whether there is one or not.
  std::vector<DigestAlgorithm> algorithms(std::string_view username,
                                          const std::optional<PhoneAccount>& account) const;
  void reject(Request& request, const Rejection& rejection);

  SipCore& core_;
  SipDirectory& directory_;
  InviteHandler& handler_;
  Registrar& registrar_;
  SipConfig config_;
  DigestServer digest_;
  Gatekeeper gatekeeper_;
  Subscriptions subscriptions_;
  bool accepting_ = true;
};

}  // namespace gw::sip
