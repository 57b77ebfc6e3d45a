#pragma once

#include <memory>
#include <optional>
#include <string>

#include "acs/identity/jwt.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"

namespace gw::acs::events {

// Proves to apps that a callback or a media stream comes from this gateway: a JWT by RS256 as
// Azure's (issuer, the resource id as audience), and the documents by which apps find the key
// (OpenID Connect Discovery, RFC 7517). Azure's issuer stays, because apps compare it with that
// text; what they trust is the key's URL. Owned by App; any thread: nothing changes after load.
class CallbackSigner {
 public:
  static constexpr const char* kIssuer = "https://acscallautomation.communication.azure.com";
  static constexpr Duration kCallbackLifetime = 5min, kStreamLifetime = 24h;

  // Reads the key, or makes one at first start.
  static Result<std::unique_ptr<CallbackSigner>> load(const std::string& key_path,
                                                      std::string resource_id, const Clock& clock,
                                                      Random& random);

  std::string token(Duration lifetime) const;
  std::string keys() const;                                         // {"keys":[...]}
  std::string openid_configuration(const std::string& base) const;  // `base`: "https://host:8443".

 private:
  CallbackSigner(identity::SigningKey key, std::string resource_id, const Clock& clock,
                 Random& random);

  const identity::SigningKey key_;
  const std::string resource_id_;
  const Clock& clock_;
  Random& random_;
};

}  // namespace gw::acs::events
