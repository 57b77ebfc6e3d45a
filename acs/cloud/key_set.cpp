#include "acs/cloud/key_set.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "acs/identity/base64.h"

namespace gw::acs::cloud {
namespace {

using nlohmann::json;

constexpr size_t kMaxKeys = 32;       // Publishers have two to ten.
constexpr size_t kMaxModulus = 1024;  // Octets: 8192 bits.
constexpr int kMinRsaBits = 2048;

struct FreeParams {
  void operator()(OSSL_PARAM_BLD* p) const { OSSL_PARAM_BLD_free(p); }
  void operator()(OSSL_PARAM* p) const { OSSL_PARAM_free(p); }
  void operator()(BIGNUM* p) const { BN_free(p); }
};
template <class T>
using Params = std::unique_ptr<T, FreeParams>;

std::string jwk_text(const json& key, const char* name) {
  const auto it = key.find(name);
  return it != key.end() && it->is_string() ? it->get<std::string>() : std::string();
}

Params<BIGNUM> number(const json& key, const char* name) {
  const auto octets = identity::base64url_decode(jwk_text(key, name));
  if (!octets || octets->empty() || octets->size() > kMaxModulus) return nullptr;
  return Params<BIGNUM>(BN_bin2bn(reinterpret_cast<const unsigned char*>(octets->data()),
                                  static_cast<int>(octets->size()), nullptr));
}

std::shared_ptr<EVP_PKEY> built(const char* type, OSSL_PARAM_BLD* builder) {
  const Params<OSSL_PARAM> params(OSSL_PARAM_BLD_to_param(builder));
  const identity::Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  const bool made = params && context && EVP_PKEY_fromdata_init(context.get()) == 1 &&
                    EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) == 1;
  ERR_clear_error();
  if (!made) return nullptr;
  return {key, identity::OpenSslFree()};
}

std::shared_ptr<EVP_PKEY> rsa(const json& jwk) {
  const Params<BIGNUM> modulus = number(jwk, "n"), exponent = number(jwk, "e");
  const Params<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  if (!modulus || !exponent || BN_num_bits(modulus.get()) < kMinRsaBits ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1) {
    return nullptr;
  }
  return built("RSA", builder.get());
}

std::shared_ptr<EVP_PKEY> p256(const json& jwk) {
  const auto x = identity::base64url_decode(jwk_text(jwk, "x"));
  const auto y = identity::base64url_decode(jwk_text(jwk, "y"));
  if (jwk_text(jwk, "crv") != "P-256" || !x || !y || x->size() != 32 || y->size() != 32)
    return nullptr;
  const std::string point = "\x04" + *x + *y;  // Uncompressed; OpenSSL refuses what is not on it.
  const Params<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  if (OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) !=
          1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                       point.size()) != 1) {
    return nullptr;
  }
  return built("EC", builder.get());
}

std::optional<PublishedKey> read(const json& jwk) {
  if (!jwk.is_object()) return std::nullopt;
  const std::string use = jwk_text(jwk, "use"), algorithm = jwk_text(jwk, "alg");
  if (!use.empty() && use != "sig") return std::nullopt;
  const bool is_rsa = jwk_text(jwk, "kty") == "RSA";
  if (!is_rsa && jwk_text(jwk, "kty") != "EC") return std::nullopt;
  PublishedKey key{jwk_text(jwk, "kid"), is_rsa ? "RS256" : "ES256", nullptr};
  if (!algorithm.empty() && algorithm != key.algorithm) return std::nullopt;
  key.key = is_rsa ? rsa(jwk) : p256(jwk);
  if (!key.key) return std::nullopt;
  return key;
}

}  // namespace

Result<std::vector<PublishedKey>> parse_key_set(std::string_view text_of_set) {
  const json set = json::parse(text_of_set, nullptr, false);
  const auto keys = set.is_object() ? set.find("keys") : set.end();
  if (!set.is_object() || keys == set.end() || !keys->is_array()) {
    return fail(ErrorCode::Protocol, "the published keys are no JWK set");
  }
  std::vector<PublishedKey> out;
  for (const json& jwk : *keys) {
    if (out.size() == kMaxKeys) break;
    if (auto key = read(jwk)) out.push_back(std::move(*key));
  }
  if (out.empty()) return fail(ErrorCode::Protocol, "none of the published keys can be used");
  return out;
}

}  // namespace gw::acs::cloud
