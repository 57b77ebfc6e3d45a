#include "acs/events/callback_signer.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace gw::acs::events {

using nlohmann::json;

Result<std::unique_ptr<CallbackSigner>> CallbackSigner::load(const std::string& key_path,
                                                             std::string resource_id,
                                                             const Clock& clock, Random& random) {
  auto key = identity::SigningKey::load_or_make_rsa(key_path);
  if (!key) return tl::unexpected(key.error());
  if (key->public_jwk().is_null()) {
    return fail(ErrorCode::InvalidArgument, "key " + key_path + ": must be RSA, for RS256");
  }
  return std::unique_ptr<CallbackSigner>(
      new CallbackSigner(std::move(*key), std::move(resource_id), clock, random));
}

CallbackSigner::CallbackSigner(identity::SigningKey key, std::string resource_id,
                               const Clock& clock, Random& random)
    : key_(std::move(key)), resource_id_(std::move(resource_id)), clock_(clock), random_(random) {}

std::string CallbackSigner::token(Duration lifetime) const {
  const int64_t now = unix_ms(clock_.wall()) / 1000;
  return identity::encode_jwt(key_, {{"iss", kIssuer},
                                     {"aud", resource_id_},
                                     {"iat", now},
                                     {"nbf", now},
                                     {"exp", now + to_ms(lifetime) / 1000},
                                     {"jti", random_.uuid()}});
}

std::string CallbackSigner::keys() const {
  return json{{"keys", json::array({key_.public_jwk()})}}.dump();
}

std::string CallbackSigner::openid_configuration(const std::string& base) const {
  return json{{"issuer", kIssuer},
              {"jwks_uri", base + "/calling/keys"},
              {"response_types_supported", {"id_token"}},
              {"subject_types_supported", {"pairwise"}},
              {"id_token_signing_alg_values_supported", {"RS256"}}}
      .dump();
}

}  // namespace gw::acs::events
