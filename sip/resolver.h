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

// Where is this SIP host (RFC 3263)? A literal answers at once; with a port A and AAAA; without one SRV of the transport, then
// A and AAAA on the default port. Queries run on the loop; nothing blocks. Owned by App; signalling thread.
class Resolver {
 public:
  struct Query {
    std::string host;         // "sip.acme.example", "192.0.2.1", "2001:db8::1"
    uint16_t port = 0;        // 0 = none given: SRV, else 5060 or 5061.
    std::optional<Transport> transport;  // None = UDP, then TCP.
  };
  struct Options {
    std::string servers;      // "192.0.2.53:53,..."; empty = the system's.
    Duration timeout = 4s;    // Of a whole query.
    size_t max_hops = 16;     // More targets than this are not tried anyway.
  };
  // Hops in the order to try them (SRV priority, weight; IPv4 and IPv6 as the resolver sorts them). Never empty when ok.
  using Done = std::function<void(Result<std::vector<NextHop>>)>;

  Resolver(SofiaLoop& loop, Random& random, Metrics& metrics, Options options);
  Resolver(SofiaLoop& loop, Random& random, Metrics& metrics);
  ~Resolver();  // Queries under way are dropped without a callback.

  void resolve(const Query& query, Done done);  // `done` never runs inside this call.

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace gw::sip
