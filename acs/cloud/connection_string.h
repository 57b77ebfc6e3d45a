#pragma once

#include <string>

#include "base/masked.h"
#include "base/result.h"

namespace gw::acs::cloud {

// Where an ACS resource is and the key that its requests are signed with. The key is a secret: it
// is never logged.
struct Resource {
  std::string origin;     // "https://contoso.communication.azure.com", no slash at the end.
  std::string authority;  // As Host says it: with the port when it is not the scheme's own.
  Masked key;             // Decoded octets.
  bool tls = true;
};

// "endpoint=https://NAME.communication.azure.com/;accesskey=BASE64" as the portal shows it; names
// in any letter case, in this order and nothing else, like Azure's own clients. Errors name no part
// of the key.
Result<Resource> parse_connection_string(const Masked& text);

}  // namespace gw::acs::cloud
