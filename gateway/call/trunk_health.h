#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "gateway/config/config.h"
#include "sip/invite.h"

namespace gw {

// How each address of each trunk fares: what OPTIONS and real calls met there. An address that is
// down is tried after all others, and when nothing else is left. What is down is asked again by
// OPTIONS; without OPTIONS it counts as unknown after half a minute, so that a call finds out.
// Owned by App; signalling thread.
class TrunkHealth {
 public:
  enum class State { Unknown, Up, Down };

  TrunkHealth(const Clock& clock, Metrics& metrics, Log log)
      : clock_(clock), metrics_(metrics), log_(std::move(log)) {}

  // It said something. 503 means "not now": down for as long as Retry-After says.
  void answered(const std::string& trunk, const sip::NextHop& hop, int status,
                Duration retry_after = {});
  // It said nothing, or could not be reached: down until it answers, or for `how_long`.
  void failed(const std::string& trunk, const sip::NextHop& hop, std::string_view why,
              Duration how_long = kPenalty);

  State state(std::string_view trunk) const;  // Up when any of its addresses is, down when all are.
  bool is_down(std::string_view trunk, const sip::NextHop& hop) const;

  struct Address {
    std::string address;  // "udp:192.0.2.1:5060"
    State state = State::Unknown;
    int status = 0;   // Of its last answer; 0 = none yet.
    std::string why;  // It is down.
  };
  std::vector<Address> addresses(std::string_view trunk) const;

  void keep_only(const config::Config& config);  // After a reload.
  void expire();                                 // Every second or so.

  static constexpr Duration kPenalty = 30s;

 private:
  struct Known {
    State state = State::Unknown;
    int status = 0;
    std::string why;
    TimePoint until{};  // While it is down: until then.
    bool busy = false;  // It said 503 to a call: an OPTIONS that is answered proves nothing.
    TimePoint heard{};
  };
  struct Trunk {
    State state = State::Unknown;
    std::map<std::string, Known> known;
  };
  Known& known(const std::string& trunk, const sip::NextHop& hop);
  void look_again(const std::string& trunk, const std::string& why);

  const Clock& clock_;
  Metrics& metrics_;
  const Log log_;
  std::map<std::string, Trunk, std::less<>> trunks_;
};

std::string_view to_string(TrunkHealth::State state);  // "unknown", "up", "down"
std::string to_string(const sip::NextHop& hop);        // "tls:192.0.2.1:5061"

}  // namespace gw
