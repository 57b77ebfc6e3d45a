#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/token_bucket.h"
#include "sip/sip_agent.h"

namespace gw::sip {

// How often one phone may register and call, however many addresses it uses: asked once its digest
// has passed, so there are no more entries than phones. Owned by the Gatekeeper; signalling thread;
// pure.
class PhoneRates {
 public:
  explicit PhoneRates(const Clock& clock) : clock_(clock) {}

  bool may_register(std::string_view phone, const SourceLimits& limits) {
    return take(registers_, phone, limits.registers_per_phone);
  }
  bool may_invite(std::string_view phone, const SourceLimits& limits) {
    return take(invites_, phone, limits.invites_per_phone);
  }
  void forget() {  // Phones may have gone from the configuration.
    registers_.clear();
    invites_.clear();
  }

 private:
  using Buckets = std::unordered_map<std::string, TokenBucket>;

  bool take(Buckets& buckets, std::string_view phone, double per_second) {
    return per_second <= 0 || buckets[std::string(phone)].take(
                                  per_second, std::max(1.0, 10 * per_second), clock_.now());
  }

  const Clock& clock_;
  Buckets registers_, invites_;
};

}  // namespace gw::sip
