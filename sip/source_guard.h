#pragma once

#include <list>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/net.h"
#include "sip/sip_agent.h"

namespace gw::sip {

// What becomes of an out-of-dialog request before anything is spent on it.
enum class Admission {
  Pass,
  Refuse,   // Over its rate: 503 with Retry-After. At most once a second of one source, then
            // Silence.
  Silence,  // Banned, a scanner, or still over its rate: not a byte goes back.
};

// Keeps floods, password guessers and scanners out: a token bucket for each source address, a ban
// that grows after failed digests. Keyed by address without port, never by subnet; loopback is not
// exempt. A trunk's requests are not asked for here: its own limits hold. Owned by the agent;
// signalling thread; pure but for the clock.
class SourceGuard {
 public:
  static constexpr size_t kMaxSources =
      65'536;  // About 10 MB; the source seen longest ago makes room.

  SourceGuard(const SourceLimits& limits, const Clock& clock, Metrics& metrics,
              size_t max_sources = kMaxSources);

  Admission admit(const SocketAddress& source, std::string_view user_agent);

  void digest_failed(const SocketAddress& source);  // DigestVerdict::Failed
  void digest_passed(
      const SocketAddress& source);  // An office behind one address is forgiven more.

  bool banned(const SocketAddress& source) const;
  void set_limits(const SourceLimits& limits) { limits_ = limits; }
  size_t sources() const { return by_source_.size(); }

 private:
  struct Source {
    double tokens = 0;
    TimePoint filled{}, refused{}, failing_since{}, passed{}, banned_until{}, last_ban{};
    unsigned failures = 0, bans = 0;
    std::list<SocketAddress>::iterator age;
  };

  Source& source(const SocketAddress& address);
  bool take_token(Source& source, TimePoint now);

  SourceLimits limits_;
  const Clock& clock_;
  const size_t max_sources_;
  std::unordered_map<SocketAddress, Source> by_source_;
  std::list<SocketAddress> oldest_first_;

  Counter& over_rate_;
  Counter& scanners_;
  Counter& banned_;
  Counter& bans_;
};

// User agents of scanners and brute-force tools; they get silence.
bool is_scanner(std::string_view user_agent);

}  // namespace gw::sip
