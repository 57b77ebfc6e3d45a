#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/result.h"
#include "sip/invite.h"

namespace gw::sip {

class SofiaLoop;

// Where is this SIP host (RFC 3263)? A literal answers at once; with a port A and AAAA; with a
// transport its SRV; with neither what NAPTR names in its order, without NAPTR the SRV of UDP, then
// of TCP; without SRV A and AAAA on the default port. Queries run on the loop, nothing blocks;
// answers are kept for their TTL, half a minute at most, and serve on for an hour while no name
// server answers. Owned by App; signalling thread.
class Resolver {
 public:
  struct Query {
    std::string host;   // "sip.acme.example", "192.0.2.1", "2001:db8::1", "[2001:db8::1]"
    uint16_t port = 0;  // 0 = none given: SRV, else 5060 or 5061.
    std::optional<Transport> transport;  // None = what NAPTR says, else UDP, then TCP.
  };
  struct Options {
    std::string servers;       // "192.0.2.53:53,..."; empty = the system's.
    Duration timeout = 3s;     // Of a whole query.
    size_t max_hops = 16;      // More targets than this nobody would wait for.
    size_t max_queries = 256;  // Under way at once.
  };
  // Hops in the order to try them (SRV priority and weight, then as RFC 6724 sorts addresses);
  // never empty when ok. Their host is the one asked for, not the SRV target: it is what a
  // certificate must bear (RFC 5922 4). NotFound: no such host. Timeout, Unavailable: no answer, or
  // not now.
  using Done = std::function<void(Result<std::vector<NextHop>>)>;

  // Throws std::runtime_error when the name servers make no sense; at start-up only.
  Resolver(SofiaLoop& loop, Random& random, Metrics& metrics, Options options);
  Resolver(SofiaLoop& loop, Random& random, Metrics& metrics);
  ~Resolver();  // Queries under way are dropped without a callback.

  void resolve(const Query& query, Done done);  // `done` never runs inside this call.

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace gw::sip
