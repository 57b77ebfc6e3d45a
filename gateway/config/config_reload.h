#pragma once

#include <string>
#include <vector>

#include "gateway/config/config.h"

namespace gw::config {

// What a reload changes, for the log: one line a key. Secrets are named, never shown.
struct Difference {
  std::vector<std::string> changes;  // "calls.ring_timeout: "2m" -> "30s"", "phone.103: added",
                                     // "phone.101.password: changed"
  std::vector<std::string> restart;  // Keys among them that take effect at the next start only.
};

Difference compare(const Config& before, const Config& now);

}  // namespace gw::config
