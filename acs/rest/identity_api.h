#pragma once

#include <functional>
#include <string>

#include "acs/identity/identity_store.h"
#include "acs/identity/token_service.h"
#include "acs/identity/user_directory.h"
#include "acs/rest/audit.h"
#include "acs/rest/rest_door.h"
#include "base/clock.h"
#include "base/random.h"

namespace gw::acs::rest {

// Azure's Identity API: identities and their tokens. An identity is known when an app made it or
// when it is a user's of the operator's directory; the latter's cannot be deleted from here.
// Owned by App; Asio thread.
class IdentityApi {
 public:
  struct Needs {
    identity::TokenService& tokens;
    identity::IdentityStore& store;
    const identity::UserDirectory& directory;
    std::function<void(const std::string& identity)> revoke;  // Tokens and live sessions.
    Duration lifetime;                                        // Of a token that asks for none.
    const Clock& clock;
    Random& random;
    Audit audit;
  };

  IdentityApi(RestDoor& door, Needs needs);

 private:
  void create(const http::Request& request, const Caller& caller, http::Respond respond);
  void one(const http::Request& request, const Caller& caller, http::Respond respond);
  void issue(const std::string& id, const http::Request& request, const Caller& caller,
             http::Respond respond);
  void revoke(const std::string& id, const Caller& caller, http::Respond respond);
  void remove(const std::string& id, const Caller& caller, http::Respond respond);

  // Runs `then` when the identity is known, and answers 404 itself when it is not.
  void with_known(const std::string& id, http::Respond respond,
                  std::function<void(http::Respond)> then);

  const Needs needs_;
};

}  // namespace gw::acs::rest
