#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "gateway/config/config.h"
#include "sip/resolver.h"
#include "sip/sip_agent.h"

namespace gw {

// Our registrations at carriers that want one (`register = true`; RFC 3261 10): refreshed when 50
// to 90 % of what was granted is over, tried at the registrar's next address when one does not
// answer, then again with a growing pause. Owned by App; signalling thread.
class TrunkRegistrations {
 public:
  enum class State { Registering, Registered, Failed };

  TrunkRegistrations(sip::SipAgent& agent, sip::Resolver& resolver, const Clock& clock,
                     Random& random, Metrics& metrics, Log log);

  void set_config(config::Snapshot config);  // Trunks that went are taken off their registrar.
  void look();   // Every second or so: registers those whose time has come.
  void leave();  // We stop: every registration is taken back, as far as there is time.

  struct Status {
    State state = State::Registering;
    int status = 0;   // Of the last answer.
    std::string why;  // It failed.
    Duration left{};  // Of a registration in force.
  };
  std::optional<Status> status(std::string_view trunk) const;  // None: it does not register.

  // The trunk whose registrar sits at this address (over UDP: and port): calls come from there.
  std::optional<std::string> trunk_of(const SocketAddress& source) const;

 private:
  struct Registration {
    std::string registrar, username, network;  // As configured when it began.
    std::string request_uri, call_id;
    sip::Credentials credentials;
    sip::NameAddr address;
    sip::Resolver::Query query;
    Duration wanted{};
    State state = State::Registering;
    int status = 0;
    std::string why;
    bool busy = false;  // A name or a REGISTER is under way.
    TimePoint due{}, until{};
    unsigned failures = 0;
    std::vector<sip::NextHop> more_hops;  // Not asked yet this time.
    std::optional<sip::NextHop> at;       // Who granted it.
  };
  using Registrations = std::map<std::string, Registration, std::less<>>;

  std::optional<Registration> make(const config::Trunk& trunk) const;
  void begin(const std::string& trunk, Registration& registration);
  void send(const std::string& trunk, Registration& registration, const sip::NextHop& hop,
            Duration expires);
  void on_answer(const std::string& trunk, const sip::NextHop& hop, const sip::Enrolment& answer);
  void granted(const std::string& trunk, Registration& registration, const sip::NextHop& hop,
               Duration expires);
  void failed(const std::string& trunk, Registration& registration, const sip::Enrolment& answer);
  void take_back(const Registration& registration);
  void show(const std::string& trunk, const Registration& registration);
  Duration spread(Duration whole, double from, double to);

  sip::SipAgent& agent_;
  sip::Resolver& resolver_;
  const Clock& clock_;
  Random& random_;
  Metrics& metrics_;
  const Log log_;
  // An answer that comes late finds us gone.
  const std::shared_ptr<char> alive_ = std::make_shared<char>();
  Registrations registrations_;
};

std::string_view to_string(
    TrunkRegistrations::State state);  // "registering", "registered", "failed"

}  // namespace gw
