#include "acs/cloud/token_check.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <utility>

#include "acs/identity/jwt.h"
#include "acs/rest/authorization.h"
#include "base/text.h"

namespace gw::acs::cloud {
namespace {

using nlohmann::json;

constexpr int64_t kLeeway = 300;  // Seconds that two clocks may differ, as in request signing.

bool is(const json& claims, const char* name, std::string_view wanted) {
  const auto it = claims.find(name);
  if (it == claims.end()) return false;
  if (it->is_string()) return same_letters(it->get_ref<const std::string&>(), wanted);
  // RFC 7519 4.1.3: an audience may be several.
  return it->is_array() && std::ranges::any_of(*it, [&](const json& one) {
           return one.is_string() && same_letters(one.get_ref<const std::string&>(), wanted);
         });
}

std::string without_slash(std::string text) {
  if (text.ends_with('/')) text.pop_back();
  return text;
}

std::string text(const json& object, const char* name) {
  const auto it = object.find(name);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

}  // namespace

std::string_view TokenCheck::judge(const json& claims) const {
  const int64_t now = unix_ms(clock_.wall()) / 1000;
  const auto moment = [&](const char* name) -> std::optional<int64_t> {
    const auto it = claims.find(name);
    if (it == claims.end() || !it->is_number()) return std::nullopt;
    const auto seconds = it->get<double>();
    if (!(seconds > 0 && seconds < 1e11)) return std::nullopt;
    return static_cast<int64_t>(seconds);
  };
  if (without_slash(text(claims, "iss")) != without_slash(expected_.issuer)) return "issuer";
  if (!is(claims, "aud", expected_.audience)) return "audience";
  const auto expires = moment("exp"), begins = moment("nbf");
  if (!expires || now > *expires + kLeeway) return "expired";
  if (begins && now + kLeeway < *begins) return "not_yet";
  return "";
}

void TokenCheck::check(std::string_view authorization, Verdict verdict) {
  if (authorization.empty()) return verdict("no_token");
  const auto credential = rest::parse_authorization(authorization);
  if (!credential || credential->scheme != rest::Authorization::Scheme::Bearer) {
    return verdict("no_token");
  }
  auto token = std::make_shared<std::string>(credential->signature);
  const auto parts = identity::split_jwt(*token);
  if (!parts) return verdict("malformed");
  // Claims first: what is not for us need not make us fetch keys.
  const auto claims = identity::read_claims(*parts);
  if (!claims) return verdict("malformed");
  if (const std::string_view refusal = judge(*claims); !refusal.empty()) return verdict(refusal);
  const std::string key_id = text(parts->header, "kid");
  if (key_id.empty()) return verdict("key");
  keys_.find(key_id, [token, verdict = std::move(verdict)](const PublishedKey* key) {
    if (!key) return verdict("key");
    const auto again = identity::split_jwt(*token);
    if (!again || text(again->header, "alg") != key->algorithm) return verdict("algorithm");
    const bool good =
        identity::verify_signature(key->key.get(), again->signed_text, again->signature);
    verdict(good ? "" : "signature");
  });
}

}  // namespace gw::acs::cloud
