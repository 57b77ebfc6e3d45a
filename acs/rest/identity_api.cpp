#include "acs/rest/identity_api.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "acs/rest/token_request.h"

namespace gw::acs::rest {
namespace {

using http::Request;
using http::Respond;
using http::Response;
using nlohmann::json;

constexpr ApiVersions kVersions{"2021-03-07", "2025-06-30"};
constexpr std::string_view kPrefix = "/identities/";

Response no_content() {
  Response response;
  response.status = 204;
  return response;
}

Response not_found() {
  return to_response({404, "IdentityNotFound", "The identity is not known here."});
}

Response not_stored() {
  return to_response({503, "ServiceUnavailable", "The identity could not be stored or read."});
}

json token_json(const identity::Token& token) {
  return {{"token", token.jwt}, {"expiresOn", iso8601(token.expires)}};
}

}  // namespace

IdentityApi::IdentityApi(RestDoor& door, Needs needs) : needs_(std::move(needs)) {
  const RestDoor::Api api{"identity", kVersions};
  door.serve("POST /identities", api,
             [this](const Request& request, const Caller& caller, Respond respond) {
               create(request, caller, std::move(respond));
             });
  door.serve("/identities/", api,
             [this](const Request& request, const Caller& caller, Respond respond) {
               one(request, caller, std::move(respond));
             });
  door.serve("POST /teamsUser/:exchangeAccessToken", api,
             [](const Request&, const Caller&, Respond respond) {
               respond(to_response({501, "NotSupported",
                                    "This gateway has no Teams users to exchange tokens for."}));
             });
}

void IdentityApi::create(const Request& request, const Caller& caller, Respond respond) {
  const auto wanted = read_token_request(request.body, "createTokenWithScopes");
  if (!wanted) return respond(to_response(wanted.error()));
  const std::string id = identity::make_identity(needs_.tokens.resource_id(), needs_.random);
  needs_.store.create(
      id, needs_.clock.wall(),
      [this, id, wanted = *wanted, caller, respond = std::move(respond)](Result<bool> kept) {
        if (!kept) return respond(not_stored());
        needs_.audit.created(caller, id);
        json answer = {{"identity", {{"id", id}}}};
        if (!wanted.scopes.empty()) {
          const auto token =
              needs_.tokens.issue(id, wanted.scopes, wanted.lifetime.value_or(needs_.lifetime));
          needs_.audit.issued(caller, id, wanted.scopes, token);
          answer["accessToken"] = token_json(token);
        }
        respond(Response::json(201, answer.dump()));
      });
}

// "/identities/8:acs:..." and the verbs behind it.
void IdentityApi::one(const Request& request, const Caller& caller, Respond respond) {
  std::string id = request.path.substr(kPrefix.size());
  std::string verb;
  if (const size_t slash = id.find('/'); slash != std::string::npos) {
    verb = id.substr(slash + 1);
    id.resize(slash);
  }
  const bool post = request.method == "POST";
  if (!identity::is_acs_identity(id)) return respond(not_found());
  if (post && verb == ":issueAccessToken") return issue(id, request, caller, std::move(respond));
  if (post && verb == ":revokeAccessTokens") return revoke(id, caller, std::move(respond));
  if (request.method == "DELETE" && verb.empty()) return remove(id, caller, std::move(respond));
  const bool path = verb.empty() || verb == ":issueAccessToken" || verb == ":revokeAccessTokens";
  respond(path ? to_response({405, "MethodNotAllowed", "This path does not take that method."})
               : to_response({404, "NotFound", "There is nothing at this path."}));
}

void IdentityApi::with_known(const std::string& id, Respond respond,
                             std::function<void(Respond)> then) {
  if (needs_.directory.by_identity(id)) return then(std::move(respond));
  needs_.store.find(
      id, [respond = std::move(respond), then = std::move(then)](Result<bool> found) mutable {
        if (!found) return respond(not_stored());
        if (!*found) return respond(not_found());
        then(std::move(respond));
      });
}

void IdentityApi::issue(const std::string& id, const Request& request, const Caller& caller,
                        Respond respond) {
  const auto wanted = read_token_request(request.body, "scopes");
  if (!wanted) return respond(to_response(wanted.error()));
  if (wanted->scopes.empty()) {
    return respond(to_response({400, "ValidationError", "The scopes are missing.", "scopes"}));
  }
  with_known(id, std::move(respond), [this, id, wanted = *wanted, caller](const Respond& answer) {
    const auto token =
        needs_.tokens.issue(id, wanted.scopes, wanted.lifetime.value_or(needs_.lifetime));
    needs_.audit.issued(caller, id, wanted.scopes, token);
    answer(Response::json(200, token_json(token).dump()));
  });
}

void IdentityApi::revoke(const std::string& id, const Caller& caller, Respond respond) {
  with_known(id, std::move(respond), [this, id, caller](Respond answer) {
    needs_.revoke(id);
    needs_.audit.revoked(caller, id);
    needs_.store.flush([answer = std::move(answer)](Result<bool> kept) {
      answer(kept ? no_content() : not_stored());
    });
  });
}

void IdentityApi::remove(const std::string& id, const Caller& caller, Respond respond) {
  if (needs_.directory.by_identity(id)) {
    return respond(to_response({403, "Forbidden",
                                "The identity is a user's of the operator's directory and is "
                                "deleted there."}));
  }
  with_known(id, std::move(respond), [this, id, caller](Respond answer) {
    needs_.revoke(id);
    needs_.store.remove(id, [this, id, caller, answer = std::move(answer)](Result<bool> removed) {
      if (!removed) return answer(not_stored());
      needs_.audit.deleted(caller, id);
      answer(no_content());
    });
  });
}

}  // namespace gw::acs::rest
