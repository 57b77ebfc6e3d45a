#include "acs/rest/token_request.h"

#include <nlohmann/json.hpp>

namespace gw::acs::rest {
namespace {

using nlohmann::json;

constexpr size_t kMaxScopes = 16;  // There are five.
constexpr int64_t kShortest = 60, kLongest = 1440;

tl::unexpected<RestError> invalid(std::string target, std::string message) {
  return tl::unexpected(RestError{400, "ValidationError", std::move(message), std::move(target)});
}

tl::expected<std::vector<identity::Scope>, RestError> read_scopes(const json& list,
                                                                  const char* key) {
  std::vector<identity::Scope> scopes;
  if (!list.is_array()) return invalid(key, "The scopes are a list of strings.");
  if (list.size() > kMaxScopes) return invalid(key, "There are too many scopes.");
  for (const json& name : list) {
    const auto scope =
        name.is_string() ? identity::parse_scope(name.get<std::string>()) : std::nullopt;
    if (!scope) {
      return invalid(key,
                     "A scope is one of chat, chat.join, chat.join.limited, voip and voip.join.");
    }
    scopes.push_back(*scope);
  }
  return scopes;
}

}  // namespace

tl::expected<TokenRequest, RestError> read_token_request(std::string_view body,
                                                         const char* scopes_key) {
  TokenRequest out;
  if (body.empty()) return out;
  const json parsed = json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_object()) return invalid("", "The request body is no JSON object.");
  if (const auto list = parsed.find(scopes_key); list != parsed.end() && !list->is_null()) {
    auto scopes = read_scopes(*list, scopes_key);
    if (!scopes) return tl::unexpected(scopes.error());
    out.scopes = std::move(*scopes);
  }
  const auto minutes = parsed.find("expiresInMinutes");
  if (minutes == parsed.end() || minutes->is_null()) return out;
  if (!minutes->is_number_integer() || *minutes < kShortest || *minutes > kLongest) {
    return invalid("expiresInMinutes", "expiresInMinutes lies between 60 and 1440.");
  }
  out.lifetime = std::chrono::minutes(minutes->get<int64_t>());
  return out;
}

}  // namespace gw::acs::rest
