#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "acs/http/http_server.h"
#include "base/clock.h"
#include "base/masked.h"

namespace gw::acs::rest {

// Who asked. `name` tells callers apart in the audit log, in metrics and in rate limits, and says
// nothing of a key: "access-key-1", "api-key-2", "user".
struct Caller {
  std::string name;
  std::string identity{};  // Of a user who came with a token: "8:acs:..."; empty = a back end.
};

// Why a request was not let in. `reason` is the metric's label.
struct Denial {
  std::string_view reason;
  std::string_view message;  // For the developer at the other end; never what was expected.
};

struct Verdict {
  bool accepted = false;
  Caller caller;
  std::string signature{};  // Of a request that was signed, decoded: its copies have the same.
  Denial denial;
};

// Azure's HMAC-SHA256 scheme, verified: x-ms-date within five minutes of our clock, the body's
// SHA-256 in x-ms-content-sha256, and a signature over verb, target with query, and the signed
// headers by one of the active keys (two while they are being exchanged).
//
// A copy of a request is good here for as long as its date is, five minutes either way: what was
// performed before is Replays' matter.
//
// Bearer tokens are the users': none opens this door. Pure; immutable.
class Authenticator {
 public:
  // Base64 keys. What cannot be decoded opens nothing.
  Authenticator(const std::vector<Masked>& access_keys, const std::vector<Masked>& api_keys);

  Verdict by_signature(const http::Request& request, WallTime now) const;

  // The gateway's own API: "api-key: KEY" of a back end that has no Azure SDK, or a signature.
  Verdict by_api_key(const http::Request& request, WallTime now) const;

 private:
  std::vector<std::string> access_keys_;  // Decoded.
  std::vector<std::string> api_keys_;     // SHA-256 of each: compared in constant time and length.
};

}  // namespace gw::acs::rest
