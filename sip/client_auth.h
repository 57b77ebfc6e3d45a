#pragma once

#include <optional>
#include <string>

#include "base/random.h"
#include "sip/digest_auth.h"
#include "sip/invite.h"
#include "sip/sofia_sip.h"

namespace gw::sip {

// Our credentials in one dialog: answers 401 and 407, each server once, and signs the later
// requests of the dialog.
class ClientAuth {
 public:
  void use(const std::optional<Credentials>& credentials, Random& random) {
    if (!credentials) return;
    server_.emplace(*credentials, random);
    proxy_.emplace(*credentials, random);
  }

  // Header lines for a request under the challenges so far; empty before any.
  std::string lines(std::string_view method, std::string_view uri);

  // Header lines that answer a 401 or 407; none when it cannot be answered, or was already.
  std::optional<std::string> answer(const sip_t& response, std::string_view method,
                                    std::string_view uri);

 private:
  std::optional<DigestClient> server_, proxy_;
};

}  // namespace gw::sip
