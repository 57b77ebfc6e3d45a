#pragma once

#include <optional>

#include "sip/load_shedder.h"
#include "sip/phone_rates.h"
#include "sip/registrar.h"
#include "sip/sip_core.h"
#include "sip/sip_view.h"
#include "sip/source_guard.h"

namespace gw::sip {

// What every request outside dialogs is measured by before anybody asks who sent it: where it came
// from, how large it is, how busy we are. In this order: access list and bans, rates, bounds of the
// message, what makes no sense, load. Calls for help pass the first two and the last by allowances
// of their own. Owned by Inbound; signalling thread.
class Gatekeeper {
 public:
  Gatekeeper(SipCore& core, const SipConfig& config, SipDirectory& directory,
             const Registrar& registrar);
  ~Gatekeeper();

  // Nothing: it may come in. A rejection of status 0 is silence.
  std::optional<Rejection> refuses(const msg_t& message, const sip_t& request,
                                   const SocketAddress& source, bool trunk);
  // After its digest.
  std::optional<Rejection> refuses_phone(const sip_t& request, const PhoneAccount& phone);

  SourceGuard& guard() { return guard_; }
  void set_config(const SipConfig& config);

  // Strangers may provoke lines of log as they like: not for each.
  bool may_log() { return lines_.take(10, 100, core_.clock.now()); }
  std::string retry_after();  // A header line; spread, so that not all come back at once.

 private:
  bool is_emergency(const sip_t& request) const;
  bool sheds(const sip_t& request, const SocketAddress& source) const;
  bool is_registered(const sip_t& request, const SocketAddress& source) const;

  SipCore& core_;
  SipDirectory& directory_;
  const Registrar& registrar_;
  SourceLimits limits_;
  SourceGuard guard_;
  PhoneRates phones_;
  LoadShedder load_;
  TokenBucket lines_;
};

}  // namespace gw::sip
