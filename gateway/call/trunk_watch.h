#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "gateway/call/trunk_health.h"
#include "gateway/config/config.h"
#include "sip/resolver.h"
#include "sip/sip_agent.h"

namespace gw {

// Asks every address of every trunk by OPTIONS, each options_interval, and sooner while one is down
// (RFC 3261 11): any answer but 503 means up, silence or a transport failure down. What it finds
// goes to TrunkHealth. Owned by App; signalling thread.
class TrunkWatch {
 public:
  TrunkWatch(sip::SipAgent& agent, sip::Resolver& resolver, TrunkHealth& health,
             const Clock& clock);

  void set_config(config::Snapshot config);
  void look();  // Every second or so: asks those whose time has come.

 private:
  struct Watched {
    TimePoint next{};
    unsigned asking = 0;  // Names looked up and OPTIONS out.
  };
  void ask(const config::Trunk& trunk, Watched& watched);
  void ask_address(const std::string& trunk, const std::string& uri, const sip::NextHop& hop);
  void heard(const std::string& trunk);

  sip::SipAgent& agent_;
  sip::Resolver& resolver_;
  TrunkHealth& health_;
  const Clock& clock_;
  // An answer that comes late finds us gone.
  const std::shared_ptr<char> alive_ = std::make_shared<char>();
  config::Snapshot config_;
  std::map<std::string, Watched, std::less<>> trunks_;
};

}  // namespace gw
