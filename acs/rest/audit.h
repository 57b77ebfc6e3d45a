#pragma once

#include <string>
#include <vector>

#include "acs/identity/token_service.h"
#include "acs/rest/authenticator.h"
#include "base/log.h"

namespace gw::acs::rest {

// One line for each thing that gives or takes rights: who, for whom, which. Never a token.
class Audit {
 public:
  explicit Audit(Log log) : log_(std::move(log)) {}

  void created(const Caller& by, const std::string& identity) const {
    log_.info("identity was created", {{"by", by.name}, {"identity", identity}});
  }
  void deleted(const Caller& by, const std::string& identity) const {
    log_.info("identity was deleted", {{"by", by.name}, {"identity", identity}});
  }
  void issued(const Caller& by, const std::string& identity,
              const std::vector<identity::Scope>& scopes, const identity::Token& token) const {
    log_.info("token was issued", {{"by", by.name},
                                   {"identity", identity},
                                   {"scopes", identity::join(scopes)},
                                   {"expires", iso8601(token.expires)}});
  }
  void revoked(const Caller& by, const std::string& identity) const {
    log_.info("tokens were revoked", {{"by", by.name}, {"identity", identity}});
  }

 private:
  const Log log_;
};

}  // namespace gw::acs::rest
