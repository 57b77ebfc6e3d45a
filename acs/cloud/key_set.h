#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "acs/identity/pem.h"
#include "base/result.h"

namespace gw::acs::cloud {

// One key that somebody publishes (RFC 7517): RSA of at least 2048 bits for RS256, P-256 for ES256.
// The algorithm is the key's: what a token says about itself never chooses it.
struct PublishedKey {
  std::string id;
  std::string_view algorithm;  // "RS256", "ES256"
  std::shared_ptr<EVP_PKEY> key;
};

// A JWK set. Keys for other uses, of other kinds or too weak are left out; a set without any key
// that can be used is an error. Pure.
Result<std::vector<PublishedKey>> parse_key_set(std::string_view json);

}  // namespace gw::acs::cloud
