#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "acs/cloud/published_keys.h"
#include "base/clock.h"

namespace gw::acs::cloud {

// Whether a callback or a WebSocket upgrade comes from ACS: a bearer token (RFC 7519) of the
// issuer, for our resource, in force, signed with a published key. Owned by the CloudService; on
// its thread alone.
class TokenCheck {
 public:
  struct Expected {
    std::string issuer;
    std::string audience;  // The resource's immutable id, a GUID in any letter case.
  };
  // "" = accepted, else the reason: a word for the metric, "expired".
  using Verdict = std::function<void(std::string_view refusal)>;

  TokenCheck(Expected expected, PublishedKeys& keys, const Clock& clock)
      : expected_(std::move(expected)), keys_(keys), clock_(clock) {}

  // The value of an Authorization header.
  void check(std::string_view authorization, Verdict verdict);

 private:
  std::string_view judge(const nlohmann::json& claims) const;

  const Expected expected_;
  PublishedKeys& keys_;
  const Clock& clock_;
};

}  // namespace gw::acs::cloud
