#pragma once

#include <memory>
#include <string>

#include "acs/identity/token_service.h"
#include "acs/rest/sip_routing.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/result.h"
#include "gateway/config/config.h"
#include "gateway/ops/store.h"

namespace gw {

// What the gateway makes itself and keeps in [state] dir: the database, the token signing key, the
// first-start certificate, the access key, the resource id, the identities of users. The daemon and
// the command line open it alike.
class State {
 public:
  static Result<std::unique_ptr<State>> open(const config::Config& config, const Clock& clock,
                                             Random& random, Log log);

  // Fills in what the configuration leaves to the state: identities, users that were added,
  // certificates, access keys.
  Result<void> complete(config::Config& config);

  // `token rotate-key`: a new key signs; the old one's tokens stay good until they expire.
  Result<void> rotate_token_key();

  // The claim `edge` of tokens: where their users find us. Nothing is known of a port 0 before it
  // is bound.
  void set_edge(const config::Config& config, const SocketAddress& listener, bool tls);

  // What apps set over REST and the store keeps (PATCH /sip).
  acs::rest::SipRouting sip_routing();
  static constexpr const char* kSipRouting = "sip_routing";  // Its key in the store.

  // Where the store keeps the identity of a phone at the ACS resource.
  static std::string identity_key(const config::Config& config, const std::string& username);

  WallTime first_start() const { return first_start_; }

  ops::Store& store() { return *store_; }
  acs::identity::TokenService& tokens() { return *tokens_; }

 private:
  State(std::string folder, const Clock& clock, Random& random, Log log);
  Result<void> find_resource_id(const config::Config& config);
  Result<void> complete_users(config::Config& config);
  Result<void> complete_certificates(config::Config& config);
  Result<void> complete_access_keys(config::Config& config);
  Result<void> complete_routing(config::Config& config);
  Result<void> complete_cloud(config::Config& config);
  Result<void> find_first_start();
  std::string token_key() const;

  const std::string folder_;
  const Clock& clock_;
  Random& random_;
  const Log log_;
  std::string resource_id_;
  WallTime first_start_{};
  std::unique_ptr<ops::Store> store_;
  std::unique_ptr<acs::identity::TokenService> tokens_;
};

}  // namespace gw
