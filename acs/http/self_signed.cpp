#include "acs/http/self_signed.h"

#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>

#include "acs/identity/pem.h"
#include "base/net.h"

namespace gw::acs::http {
using identity::Owned;
namespace {

constexpr long kDay = 24 * 3600;
constexpr long kLifetime = 397 * kDay;  // The longest that browsers accept.
constexpr long kRenewBefore = 7 * kDay;

bool still_good(const SelfSigned& wanted, const Clock& clock) {
  if (::access(wanted.key.c_str(), R_OK) != 0) return false;
  const Owned<BIO> file(BIO_new_file(wanted.certificate.c_str(), "r"));
  if (!file) return false;
  const Owned<X509> certificate(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr));
  if (!certificate) return false;
  time_t soon = static_cast<time_t>(unix_ms(clock.wall()) / 1000 + kRenewBefore);
  return X509_cmp_time(X509_get0_notAfter(certificate.get()), &soon) > 0;
}

// A name that could add another entry to the list, or an option to OpenSSL, is left out.
bool plain_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_' || c == ':' || c == '*';
  });
}

std::string alternative_names(const std::vector<std::string>& names) {
  std::string list = "DNS:localhost,IP:127.0.0.1,IP:::1";
  for (const std::string& name : names) {
    if (!plain_name(name) || name == "localhost") continue;
    const auto address = SocketAddress::parse(name);
    if (address && address->any()) continue;  // 0.0.0.0 is where we listen, not who we are.
    list += address ? ",IP:" + address->host() : ",DNS:" + name;
  }
  return list;
}

bool extend(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

Owned<X509> make(EVP_PKEY* key, const SelfSigned& wanted, const Clock& clock) {
  Owned<X509> certificate(X509_new());
  X509* x = certificate.get();
  X509_set_version(x, X509_VERSION_3);
  unsigned char serial[16];
  RAND_bytes(serial, sizeof serial);
  serial[0] &= 0x7f;  // RFC 5280 4.1.2.2: positive.
  BIGNUM* number = BN_bin2bn(serial, sizeof serial, nullptr);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x));
  BN_free(number);
  const time_t now = static_cast<time_t>(unix_ms(clock.wall()) / 1000);
  X509_time_adj_ex(X509_getm_notBefore(x), 0, -3600, const_cast<time_t*>(&now));
  X509_time_adj_ex(X509_getm_notAfter(x), 0, kLifetime, const_cast<time_t*>(&now));
  X509_set_pubkey(x, key);
  X509_NAME* name = X509_get_subject_name(x);
  const auto* common = reinterpret_cast<const unsigned char*>("acs-gateway");
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, common, -1, -1, 0);
  X509_set_issuer_name(x, name);
  const bool extended = extend(x, NID_basic_constraints, "critical,CA:FALSE") &&
                        extend(x, NID_key_usage, "critical,digitalSignature") &&
                        extend(x, NID_ext_key_usage, "serverAuth,clientAuth") &&
                        extend(x, NID_subject_key_identifier, "hash") &&
                        extend(x, NID_subject_alt_name, alternative_names(wanted.names));
  if (!extended || X509_sign(x, key, EVP_sha256()) == 0) return nullptr;
  return certificate;
}

}  // namespace

Result<bool> ensure_self_signed(const SelfSigned& wanted, const Clock& clock) {
  if (still_good(wanted, clock)) return false;
  const Owned<EVP_PKEY> key = identity::make_p256_key();
  const Owned<X509> certificate = key ? make(key.get(), wanted, clock) : nullptr;
  if (!certificate) return fail(ErrorCode::Internal, "OpenSSL made no certificate");
  // The key first: a certificate without its key would look complete at the next start.
  auto key_written = identity::write_file(wanted.key, identity::to_pem(key.get()), 0600);
  if (!key_written) return tl::unexpected(key_written.error());
  auto written =
      identity::write_file(wanted.certificate, identity::to_pem(certificate.get()), 0644);
  if (!written) return tl::unexpected(written.error());
  return true;
}

}  // namespace gw::acs::http
