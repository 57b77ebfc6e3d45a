#include "acs/identity/jwt.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

#include "acs/identity/base64.h"

namespace gw::acs::identity {
namespace {

constexpr size_t kMaxToken = 8192;  // Ours have about 600 bytes.
constexpr size_t kHalf = 32;        // RFC 7518 3.4: R and S, 32 octets each.
constexpr unsigned kRsaBits = 2048;

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string digest_of_public_key(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  if (size > 0)
    EVP_Digest(der, static_cast<size_t>(size), digest.data(), nullptr, EVP_sha256(), nullptr);
  OPENSSL_free(der);
  return base64url_encode({reinterpret_cast<const char*>(digest.data()), 16});
}

// OpenSSL speaks DER, JWT speaks R || S.
std::string der_to_raw(std::string_view der) {
  const unsigned char* in = bytes(der);
  ECDSA_SIG* signature = d2i_ECDSA_SIG(nullptr, &in, static_cast<long>(der.size()));
  std::string raw(2 * kHalf, '\0');
  if (!signature) return raw;
  auto* out = reinterpret_cast<unsigned char*>(raw.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(signature), out, kHalf);
  BN_bn2binpad(ECDSA_SIG_get0_s(signature), out + kHalf, kHalf);
  ECDSA_SIG_free(signature);
  return raw;
}

std::optional<std::string> raw_to_der(std::string_view raw) {
  if (raw.size() != 2 * kHalf) return std::nullopt;
  ECDSA_SIG* signature = ECDSA_SIG_new();
  ECDSA_SIG_set0(signature, BN_bin2bn(bytes(raw), kHalf, nullptr),
                 BN_bin2bn(bytes(raw) + kHalf, kHalf, nullptr));
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature, &der);
  ECDSA_SIG_free(signature);
  if (size <= 0) return std::nullopt;
  std::string out(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return out;
}

Result<Owned<EVP_PKEY>> read_key(const std::string& path) {
  const Owned<BIO> file(BIO_new_file(path.c_str(), "r"));
  if (!file) return fail(ErrorCode::Io, "key " + path + ": cannot be read");
  Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(file.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (!key)
    return fail(ErrorCode::InvalidArgument,
                "key " + path + ": is not an unencrypted PEM private key");
  return key;
}

bool is_p256(EVP_PKEY* key) {
  char group[32] = {};
  return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
         EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) == 1 &&
         std::string_view(group) == "prime256v1";
}

Error malformed(std::string detail) {
  return {ErrorCode::Unauthorized, "malformed: " + std::move(detail)};
}

std::optional<nlohmann::json> parse_object(std::string_view encoded) {
  const auto text = base64url_decode(encoded);
  if (!text) return std::nullopt;
  auto object = nlohmann::json::parse(*text, nullptr, false);
  if (!object.is_object()) return std::nullopt;
  return object;
}

}  // namespace

SigningKey::SigningKey(Owned<EVP_PKEY> key, bool rsa)
    : key_(std::move(key)), rsa_(rsa), id_(digest_of_public_key(key_.get())) {}

Result<SigningKey> SigningKey::load_or_make(const std::string& path) {
  return load_or_make(path, false);
}

Result<SigningKey> SigningKey::load_or_make_rsa(const std::string& path) {
  return load_or_make(path, true);
}

Result<SigningKey> SigningKey::load_or_make(const std::string& path, bool rsa) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno != ENOENT) return fail(ErrorCode::Io, "key " + path + ": " + std::strerror(errno));
    Owned<EVP_PKEY> made = rsa ? Owned<EVP_PKEY>(EVP_RSA_gen(kRsaBits)) : make_p256_key();
    if (!made) return fail(ErrorCode::Internal, "OpenSSL made no key");
    if (auto written = write_file(path, to_pem(made.get()), 0600); !written)
      return tl::unexpected(written.error());
    return SigningKey(std::move(made), rsa);
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return fail(ErrorCode::Forbidden,
                "key " + path + ": others can read it; chmod 600 and think about a new one");
  }
  auto key = read_key(path);
  if (!key) return tl::unexpected(key.error());
  if (is_p256(key->get())) return SigningKey(std::move(*key), false);
  if (EVP_PKEY_get_base_id(key->get()) == EVP_PKEY_RSA && EVP_PKEY_get_bits(key->get()) >= 2048) {
    return SigningKey(std::move(*key), true);
  }
  return fail(ErrorCode::InvalidArgument,
              "key " + path + ": must be EC P-256 or RSA of at least 2048 bits");
}

std::string SigningKey::sign(std::string_view text) const {
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  size_t size = 0;
  std::string signature;
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes(text), text.size()) != 1) {
    return signature;
  }
  signature.resize(size);
  EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                 bytes(text), text.size());
  signature.resize(size);
  return rsa_ ? signature : der_to_raw(signature);
}

bool SigningKey::verify(std::string_view text, std::string_view signature) const {
  return verify_signature(key_.get(), text, signature);
}

bool verify_signature(EVP_PKEY* key, std::string_view text, std::string_view signature) {
  std::string der;
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC) {
    auto converted = raw_to_der(signature);
    if (!converted) return false;
    der = std::move(*converted);
    signature = der;
  }
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  const bool good = EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
                    EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(text),
                                     text.size()) == 1;
  ERR_clear_error();
  return good;
}

nlohmann::json SigningKey::public_jwk() const {
  if (!rsa_) return nullptr;
  const auto number = [&](const char* name) {
    BIGNUM* value = nullptr;
    if (EVP_PKEY_get_bn_param(key_.get(), name, &value) != 1) return std::string();
    std::string bytes(static_cast<size_t>(BN_num_bytes(value)), '\0');
    BN_bn2bin(value, reinterpret_cast<unsigned char*>(bytes.data()));
    BN_free(value);
    return base64url_encode(bytes);
  };
  return {{"kty", "RSA"},
          {"use", "sig"},
          {"alg", "RS256"},
          {"kid", id_},
          {"n", number(OSSL_PKEY_PARAM_RSA_N)},
          {"e", number(OSSL_PKEY_PARAM_RSA_E)}};
}

std::string encode_jwt(const SigningKey& key, const nlohmann::json& claims) {
  const nlohmann::json header = {{"alg", key.algorithm()}, {"kid", key.id()}, {"typ", "JWT"}};
  std::string text = base64url_encode(header.dump()) + "." + base64url_encode(claims.dump());
  text += "." + base64url_encode(key.sign(text));
  return text;
}

Result<JwtParts> split_jwt(std::string_view token) {
  if (token.size() > kMaxToken) return tl::unexpected(malformed("too long"));
  const size_t first = token.find('.');
  const size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) {
    return tl::unexpected(malformed("not three parts"));
  }
  auto header = parse_object(token.substr(0, first));
  if (!header) return tl::unexpected(malformed("header"));
  // RFC 7515 4.1.11: extensions that must be understood, and we understand none.
  if (header->contains("crit")) return tl::unexpected(malformed("crit"));
  auto signature = base64url_decode(token.substr(second + 1));
  if (!signature) return tl::unexpected(Error{ErrorCode::Unauthorized, "wrong signature"});
  return JwtParts{std::move(*header), token.substr(0, second), std::move(*signature),
                  token.substr(first + 1, second - first - 1)};
}

Result<nlohmann::json> read_claims(const JwtParts& parts) {
  auto claims = parse_object(parts.claims);
  if (!claims) return tl::unexpected(malformed("claims"));
  return std::move(*claims);
}

Result<nlohmann::json> verify_jwt(const SigningKey& key, std::string_view token) {
  const auto parts = split_jwt(token);
  if (!parts) return tl::unexpected(parts.error());
  const auto algorithm = parts->header.find("alg");
  if (algorithm == parts->header.end() || *algorithm != key.algorithm()) {
    return tl::unexpected(Error{ErrorCode::Unauthorized, "wrong algorithm"});
  }
  if (!key.verify(parts->signed_text, parts->signature)) {
    return tl::unexpected(Error{ErrorCode::Unauthorized, "wrong signature"});
  }
  return read_claims(*parts);
}

}  // namespace gw::acs::identity
