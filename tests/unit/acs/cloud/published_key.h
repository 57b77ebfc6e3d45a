#pragma once

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <nlohmann/json.hpp>
#include <string>

#include "acs/identity/base64.h"
#include "acs/identity/pem.h"

namespace gw::test {

// An issuer's RSA key: what it publishes, and tokens signed with it.
class IssuerKey {
 public:
  explicit IssuerKey(std::string id, unsigned bits = 2048)
      : id_(std::move(id)), key_(EVP_RSA_gen(bits)) {}

  nlohmann::json jwk() const {
    return {{"kty", "RSA"}, {"use", "sig"},     {"alg", "RS256"},
            {"kid", id_},   {"n", number("n")}, {"e", number("e")}};
  }

  std::string token(const nlohmann::json& claims, nlohmann::json header = nullptr) const {
    if (header.is_null()) header = {{"alg", "RS256"}, {"kid", id_}, {"typ", "JWT"}};
    const std::string text = acs::identity::base64url_encode(header.dump()) + "." +
                             acs::identity::base64url_encode(claims.dump());
    return text + "." + acs::identity::base64url_encode(sign(text));
  }

 private:
  std::string number(const char* name) const {
    BIGNUM* value = nullptr;
    EVP_PKEY_get_bn_param(key_.get(), name, &value);
    std::string octets(static_cast<size_t>(BN_num_bytes(value)), '\0');
    BN_bn2bin(value, reinterpret_cast<unsigned char*>(octets.data()));
    BN_free(value);
    return acs::identity::base64url_encode(octets);
  }
  std::string sign(const std::string& text) const {
    const acs::identity::Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
    EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get());
    const auto* in = reinterpret_cast<const unsigned char*>(text.data());
    size_t size = 0;
    EVP_DigestSign(context.get(), nullptr, &size, in, text.size());
    std::string out(size, '\0');
    EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, in,
                   text.size());
    out.resize(size);
    return out;
  }

  const std::string id_;
  acs::identity::Owned<EVP_PKEY> key_;
};

// Made once: a key costs a second under sanitizers.
inline const IssuerKey& issuer_key() {
  static const IssuerKey key("key-1");
  return key;
}
inline const IssuerKey& next_issuer_key() {
  static const IssuerKey key("key-2");
  return key;
}

inline std::string key_set(std::initializer_list<const IssuerKey*> keys) {
  nlohmann::json set = {{"keys", nlohmann::json::array()}};
  for (const IssuerKey* key : keys) set["keys"].push_back(key->jwk());
  return set.dump();
}

}  // namespace gw::test
