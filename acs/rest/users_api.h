#pragma once

#include <functional>
#include <string>
#include <vector>

#include "acs/identity/identity_store.h"
#include "acs/identity/token_service.h"
#include "acs/identity/user_directory.h"
#include "acs/rest/audit.h"
#include "acs/rest/rest_door.h"
#include "base/clock.h"

namespace gw::acs::rest {

// The gateway's own API, for back ends that know their users by e-mail:
//   POST /users:identify {"email"}   -> {acsId, token, expiresOn, created, user}
//   GET  /users/ID/calls?skip&top    -> {"calls":[CDR...], "nextLink"}; ID is an identity or a name
// Opened by an API key or an access key; a user's own calls by the user's token too.
// Owned by App; Asio thread.
class UsersApi {
 public:
  struct Needs {
    identity::TokenService& tokens;
    identity::IdentityStore& store;
    const identity::UserDirectory& directory;
    Duration lifetime;
    const Clock& clock;
    Audit audit;
    // CDRs as JSON, newest first, of whoever bears one of these names in them.
    std::function<void(const std::string& user, size_t skip, size_t limit,
                       std::function<void(Result<std::vector<std::string>>)>)>
        calls;
  };

  UsersApi(RestDoor& door, Needs needs);

 private:
  void identify(const http::Request& request, const Caller& caller, const http::Respond& respond);
  void calls(const http::Request& request, const Caller& caller, const http::Respond& respond);

  const Needs needs_;
};

}  // namespace gw::acs::rest
