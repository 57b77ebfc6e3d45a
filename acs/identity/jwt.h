#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "acs/identity/pem.h"
#include "base/result.h"

namespace gw::acs::identity {

// The key that signs our tokens, and the one algorithm that goes with it (RFC 7518 3.1): what a
// token's header says about itself never chooses how it is verified. Owned by the TokenService; any
// thread.
class SigningKey {
 public:
  // EC P-256 (ES256) or RSA of at least 2048 bits (RS256), from a PEM file that only its owner can
  // read. Makes the file with a new EC key when it is absent.
  static Result<SigningKey> load_or_make(const std::string& path);
  // The same, but the key that is made is RSA of 2048 bits: where others verify by RS256 alone.
  static Result<SigningKey> load_or_make_rsa(const std::string& path);

  std::string_view algorithm() const { return rsa_ ? "RS256" : "ES256"; }
  const std::string& id() const { return id_; }  // kid: a digest of the public key.

  std::string sign(std::string_view text) const;
  bool verify(std::string_view text, std::string_view signature) const;

  // The public half of an RSA key, as RFC 7517 writes it; null for another kind.
  nlohmann::json public_jwk() const;

 private:
  SigningKey(Owned<EVP_PKEY> key, bool rsa);
  static Result<SigningKey> load_or_make(const std::string& path, bool rsa);

  Owned<EVP_PKEY> key_;
  bool rsa_ = false;
  std::string id_;
};

// RFC 7515 compact serialisation.
std::string encode_jwt(const SigningKey& key, const nlohmann::json& claims);

// A token taken apart, nothing verified: whoever reads it decides what its words are worth.
struct JwtParts {
  nlohmann::json header;         // An object without "crit": we understand no extension.
  std::string_view signed_text;  // Of the token that came in.
  std::string signature;
  std::string_view claims;  // Encoded; see read_claims().
};
Result<JwtParts> split_jwt(std::string_view token);
Result<nlohmann::json> read_claims(const JwtParts& parts);

// RS256 with an RSA key, ES256 with one of P-256.
bool verify_signature(EVP_PKEY* key, std::string_view text, std::string_view signature);

// The claims of a token that this key has signed, as a JSON object. What is in them is the caller's
// to judge.
Result<nlohmann::json> verify_jwt(const SigningKey& key, std::string_view token);

}  // namespace gw::acs::identity
