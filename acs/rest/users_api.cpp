#include "acs/rest/users_api.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

namespace gw::acs::rest {
namespace {

using http::Request;
using http::Respond;
using http::Response;
using nlohmann::json;

constexpr std::string_view kUserPrefix = "/users/", kCalls = "/calls";
constexpr size_t kHistoryPage = 50, kLargestPage = 200, kMaxSkip = 1'000'000;
constexpr size_t kMaxEmail = 254;  // RFC 5321 4.5.3.1.3

size_t number_of(const Request& request, const char* key, size_t otherwise, size_t most) {
  const auto text = request.query_value(key);
  size_t value = otherwise;
  if (text) std::from_chars(text->data(), text->data() + text->size(), value);
  return std::min(value, most);
}

json user_json(const identity::DirectoryUser& user) {
  return {{"name", user.name},
          {"email", user.email},
          {"displayName", user.display_name},
          {"extension", user.extension},
          {"numbers", user.numbers},
          {"alternateCallerIds", user.caller_ids}};
}

}  // namespace

UsersApi::UsersApi(RestDoor& door, Needs needs) : needs_(std::move(needs)) {
  door.serve("POST /users:identify", {"users", {}, RestDoor::Credential::ApiKey},
             [this](const Request& request, const Caller& caller, const Respond& respond) {
               identify(request, caller, respond);
             });
  door.serve("GET /users/", {"users", {}, RestDoor::Credential::ApiKeyOrUser},
             [this](const Request& request, const Caller& caller, const Respond& respond) {
               calls(request, caller, respond);
             });
}

void UsersApi::identify(const Request& request, const Caller& caller, const Respond& respond) {
  const json body = json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  const bool has = body.is_object() && body.contains("email") && body["email"].is_string();
  const std::string email = has ? body["email"].get<std::string>() : std::string();
  if (email.empty() || email.size() > kMaxEmail) {
    return respond(
        to_response({400, "ValidationError", R"(The body is {"email":"..."}.)", "email"}));
  }
  const identity::DirectoryUser* user = needs_.directory.by_email(email);
  if (!user) {
    return respond(to_response({404, "UserNotFound", "No user has this e-mail address.", "email"}));
  }
  // The answer comes when the directory may be another one: a copy.
  needs_.store.create(
      user->identity, needs_.clock.wall(),
      [this, user = *user, caller, respond](const Result<bool>& created) {
        if (!created) {
          return respond(to_response(
              {503, "ServiceUnavailable", "The identity could not be stored or read."}));
        }
        const std::vector<identity::Scope> scopes{identity::Scope::Voip};
        const auto token = needs_.tokens.issue(user.identity, scopes, needs_.lifetime);
        if (*created) needs_.audit.created(caller, user.identity);
        needs_.audit.issued(caller, user.identity, scopes, token);
        respond(Response::json(200, json{{"acsId", user.identity},
                                         {"token", token.jwt},
                                         {"expiresOn", iso8601(token.expires)},
                                         {"created", *created},
                                         {"user", user_json(user)}}
                                        .dump()));
      });
}

void UsersApi::calls(const Request& request, const Caller& caller, const Respond& respond) {
  std::string who = request.path.substr(kUserPrefix.size());
  if (!who.ends_with(kCalls) || who.size() == kCalls.size()) {
    return respond(to_response({404, "NotFound", "There is nothing at this path."}));
  }
  who.resize(who.size() - kCalls.size());
  const identity::DirectoryUser* user = needs_.directory.by_identity(who);
  if (!user) user = needs_.directory.by_name(who);
  const std::string identity = user ? user->identity : who;
  if (!caller.identity.empty() && caller.identity != identity) {
    return respond(to_response({403, "Forbidden", "A user sees their own calls only."}));
  }
  if (!user && !identity::is_acs_identity(who)) {
    return respond(to_response({404, "UserNotFound", "The user is not known here."}));
  }
  const size_t skip = number_of(request, "skip", 0, kMaxSkip);
  const size_t top = std::max<size_t>(1, number_of(request, "top", kHistoryPage, kLargestPage));
  // CDRs name users of the directory by name, others by identity.
  needs_.calls(
      user ? user->name : who, skip, top + 1,
      [skip, top, identity, respond](const Result<std::vector<std::string>>& found) {
        if (!found) {
          return respond(to_response({503, "ServiceUnavailable", "The calls could not be read."}));
        }
        std::string body = "{\"calls\":[";
        for (size_t i = 0; i < std::min(top, found->size()); ++i) {
          body += (i == 0 ? "" : ",") + (*found)[i];
        }
        body += "]";
        if (found->size() > top) {
          const json next = "/users/" + identity + "/calls?skip=" + std::to_string(skip + top) +
                            "&top=" + std::to_string(top);
          body += ",\"nextLink\":" + next.dump();
        }
        respond(Response::json(200, body + "}"));
      });
}

}  // namespace gw::acs::rest
