#pragma once

#include <memory>
#include <string>

#include "acs/identity/token_service.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/result.h"
#include "gateway/config/config.h"
#include "gateway/ops/store.h"

namespace gw {

// What the gateway makes itself and keeps in [state] dir: the database, the token signing key, the first-start certificate,
// the access key, the resource id, the identities of users. The daemon and the command line open it alike.
class State {
 public:
  static Result<std::unique_ptr<State>> open(const config::Config& config, const Clock& clock, Random& random, Log log);

  // Fills in what the configuration leaves to the state: identities, users that were added, certificates, access keys.
  Result<void> complete(config::Config& config);

  // The claim `edge` of tokens: where their users find us. Nothing is known of a port 0 before it is bound.
  void set_edge(const config::Config& config, const SocketAddress& listener, bool tls);

  ops::Store& store() { return *store_; }
  acs::identity::TokenService& tokens() { return *tokens_; }

 private:
  State(std::string folder, const Clock& clock, Random& random);
  Result<void> find_resource_id(const config::Config& config);
  Result<void> complete_users(config::Config& config);
  Result<void> complete_certificates(config::Config& config);
  Result<void> complete_access_keys(config::Config& config);

  const std::string folder_;
  const Clock& clock_;
  Random& random_;
  std::string resource_id_;
  std::unique_ptr<ops::Store> store_;
  std::unique_ptr<acs::identity::TokenService> tokens_;
};

}  // namespace gw
