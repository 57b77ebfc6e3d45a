#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace gw::acs::http {

struct SelfSigned {
  std::string certificate, key;    // Where the PEM files go; the key with mode 0600.
  std::vector<std::string> names;  // DNS names and addresses besides localhost, 127.0.0.1 and ::1.
};

// Makes an ECDSA P-256 certificate for a first start, unless both files are there and the
// certificate is valid for another week. ECDSA because one RSA signature costs twenty times as
// much. True: it was made now.
Result<bool> ensure_self_signed(const SelfSigned& wanted, const Clock& clock);

}  // namespace gw::acs::http
