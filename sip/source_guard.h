#pragma once

#include <array>
#include <functional>
#include <list>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/net.h"
#include "base/token_bucket.h"
#include "sip/sip_agent.h"

namespace gw::sip {

// What becomes of an out-of-dialog request before anything is spent on it.
enum class Admission {
  Pass,
  Refuse,   // Over its rate: 503 with Retry-After. At most once a second of one source, then
            // Silence.
  Silence,  // Denied, banned, a scanner, or still over its rate: not a byte goes back.
};

// Keeps floods, password guessers and scanners out: an access list, a token bucket for each source
// address, and bans that grow. A source is banned for failed digests, for going on over its rate,
// and for scanning. Keyed by address without port, never by subnet; loopback is not exempt. Trunks
// are not asked for here: their own limits hold.
//
// A source that passed a digest within the hour is *known*: it is limited, but only failed digests
// (more of them) ban it, since anybody can send datagrams in its name. Owned by the Gatekeeper;
// signalling thread; pure but for the clock.
class SourceGuard {
 public:
  // About 12 MB; the source seen longest ago makes room.
  static constexpr size_t kMaxSources = 65'536;

  SourceGuard(const SourceLimits& limits, const Clock& clock, Metrics& metrics,
              size_t max_sources = kMaxSources);

  Admission admit(const SocketAddress& source, std::string_view user_agent);
  // A call for help has allowances of its own: one of its source, and one that all strangers share.
  // A ban holds for strangers only. False: it is a request like any other.
  bool admit_emergency(const SocketAddress& source);

  void digest_failed(const SocketAddress& source);  // DigestVerdict::Failed
  void digest_passed(const SocketAddress& source);  // Or is registered since before our start.
  // A challenge was sent. Phones answer it; who asks for many and answers none is scanning, and
  // whether the names it asked for exist does not show.
  void challenged(const SocketAddress& source);
  void malformed(const SocketAddress& source);

  bool denied(const SocketAddress& source) const;  // By the access list.
  bool banned(const SocketAddress& source) const;
  bool known(const SocketAddress& source) const;

  std::vector<BannedSource> bans();
  bool lift(const SocketAddress& source);  // False: it was not banned.
  std::function<void(const BannedSource&)> on_ban;

  void set_limits(const SourceLimits& limits) { limits_ = limits; }
  size_t sources() const { return by_source_.size(); }

 private:
  enum class Why { Digest, Rate, Scan };

  // How much came together within a time.
  struct Tally {
    unsigned count = 0;
    TimePoint since{};
    unsigned add(unsigned more, Duration window, TimePoint now);
  };
  struct Source {
    TokenBucket requests, emergencies;
    Tally failures, refusals, suspicion;
    TimePoint refused{}, passed{}, banned_until{}, last_ban{};
    unsigned bans = 0;
    Why why{};
    std::list<SocketAddress>::iterator age;
  };

  Source& source(const SocketAddress& address);
  void make_room(TimePoint now);
  bool known(const Source& source, TimePoint now) const;
  void suspect(const SocketAddress& address, unsigned weight);
  void ban(const SocketAddress& address, Source& source, Why why, TimePoint now);
  BannedSource shown(const SocketAddress& host, const Source& source, TimePoint now) const;

  SourceLimits limits_;
  const Clock& clock_;
  const size_t max_sources_;
  std::unordered_map<SocketAddress, Source> by_source_;
  std::list<SocketAddress> oldest_first_;
  std::unordered_set<SocketAddress> banned_;  // Those whose ban has ended may still be among them.
  TokenBucket strangers_emergencies_;

  Counter& over_rate_;
  Counter& scanners_;
  Counter& refused_banned_;
  Counter& refused_denied_;
  std::array<Counter*, 3> bans_;  // By Why.
};

// User agents of scanners and brute-force tools; they get silence.
bool is_scanner(std::string_view user_agent);

}  // namespace gw::sip
