#include "gateway/config/certificate_check.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

namespace gw::config {
namespace {

constexpr int kWarnDays = 14;  // Time for a person to act after automatic renewal has failed.

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

// OpenSSL would ask the terminal for a passphrase.
int no_passphrase(char*, int, int, void*) {
  return 0;
}

std::optional<CertificateProblem> check_dates(const X509& certificate) {
  if (X509_cmp_current_time(X509_get0_notBefore(&certificate)) > 0) {
    return CertificateProblem{false, false, "the certificate is not valid yet"};
  }
  int days = 0, seconds = 0;
  if (!ASN1_TIME_diff(&days, &seconds, nullptr, X509_get0_notAfter(&certificate))) {
    return CertificateProblem{false, false, "the certificate's end cannot be read"};
  }
  if (days < 0 || seconds < 0)
    return CertificateProblem{false, false, "the certificate has expired"};
  if (days >= kWarnDays) return std::nullopt;
  return CertificateProblem{false, true,
                            "the certificate expires in " + std::to_string(days) + " days"};
}

}  // namespace

std::optional<CertificateProblem> check_certificate(const std::string& certificate_file,
                                                    const std::string& key_file) {
  const std::unique_ptr<BIO, Free> certificate_in(BIO_new_file(certificate_file.c_str(), "r"));
  const std::unique_ptr<BIO, Free> key_in(BIO_new_file(key_file.c_str(), "r"));
  std::unique_ptr<X509, Free> certificate;
  std::unique_ptr<EVP_PKEY, Free> key;
  if (certificate_in)
    certificate.reset(PEM_read_bio_X509(certificate_in.get(), nullptr, no_passphrase, nullptr));
  if (key_in) key.reset(PEM_read_bio_PrivateKey(key_in.get(), nullptr, no_passphrase, nullptr));
  const bool matches =
      certificate && key && X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  if (!certificate)
    return CertificateProblem{false, false, certificate_file + " holds no PEM certificate"};
  if (!key)
    return CertificateProblem{true, false, key_file + " holds no PEM key without a passphrase"};
  if (!matches)
    return CertificateProblem{true, false, key_file + " is not the key of " + certificate_file};
  return check_dates(*certificate);
}

}  // namespace gw::config
