#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "gateway/config/config.h"
#include "sip/resolver.h"
#include "sip/sip_agent.h"

namespace gw {

// Is a trunk there? Asks each trunk's first target by OPTIONS every options_interval (RFC 3261 11): any answer means up, silence
// or a transport failure means down. What it finds is shown and logged; a trunk that is down is still tried. Owned by App;
// signalling thread.
class TrunkWatch {
 public:
  enum class State { Unknown, Up, Down };

  TrunkWatch(sip::SipAgent& agent, sip::Resolver& resolver, const Clock& clock, Metrics& metrics, Log log);

  void set_config(config::Snapshot config);
  void look();                                   // Every second or so: asks those whose time has come.
  State state(std::string_view trunk) const;

 private:
  struct Watched {
    State state = State::Unknown;
    TimePoint next{};
    bool asking = false;
  };
  void ask(const config::Trunk& trunk, Watched& watched);
  void on_status(const std::string& trunk, int status);

  sip::SipAgent& agent_;
  sip::Resolver& resolver_;
  const Clock& clock_;
  Metrics& metrics_;
  const Log log_;
  const std::shared_ptr<char> alive_ = std::make_shared<char>();  // An answer that comes late finds us gone.
  config::Snapshot config_;
  std::map<std::string, Watched, std::less<>> trunks_;
};

std::string_view to_string(TrunkWatch::State state);   // "unknown", "up", "down"

}  // namespace gw
