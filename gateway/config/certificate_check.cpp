#include "gateway/config/certificate_check.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <ctime>

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

std::unique_ptr<X509, Free> read_first(const std::string& file) {
  const std::unique_ptr<BIO, Free> in(BIO_new_file(file.c_str(), "r"));
  std::unique_ptr<X509, Free> certificate;
  if (in) certificate.reset(PEM_read_bio_X509(in.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  return certificate;
}

int certificates_in(const std::string& file) {
  const std::unique_ptr<BIO, Free> in(BIO_new_file(file.c_str(), "r"));
  int count = 0;
  while (in && count < 8) {
    const std::unique_ptr<X509, Free> one(
        PEM_read_bio_X509(in.get(), nullptr, no_passphrase, nullptr));
    if (!one) break;
    ++count;
  }
  ERR_clear_error();
  return count;
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

std::vector<CertificateProblem> check_public_certificate(const std::string& certificate_file,
                                                         const std::string& host) {
  std::vector<CertificateProblem> problems;
  const auto certificate = read_first(certificate_file);
  if (!certificate) return problems;  // Said already.
  const auto refuse = [&](std::string text) {
    problems.push_back({false, false, std::move(text)});
  };
  const auto doubt = [&](std::string text) { problems.push_back({false, true, std::move(text)}); };
  if (X509_check_host(certificate.get(), host.data(), host.size(), 0, nullptr) != 1) {
    refuse("the certificate does not bear the name " + host);
  }
  const EVP_PKEY* key = X509_get0_pubkey(certificate.get());
  if (!key || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA || EVP_PKEY_get_bits(key) < 2048) {
    refuse("the certificate's key is not RSA of 2048 bits or more, which its cipher suites need");
  }
  const bool self_signed = X509_NAME_cmp(X509_get_subject_name(certificate.get()),
                                         X509_get_issuer_name(certificate.get())) == 0;
  if (self_signed) {
    refuse(
        "the certificate is self-signed: one of a CA in the Microsoft Trusted Root Program is "
        "wanted");
  } else if (certificates_in(certificate_file) < 2) {
    doubt("the file holds no intermediate certificate: the full chain must be sent");
  }
  const uint32_t usage = X509_get_extended_key_usage(certificate.get());
  if (usage != UINT32_MAX && !(usage & XKU_SSL_SERVER)) {
    refuse("the certificate is not for servers (extended key usage)");
  }
  if (usage != UINT32_MAX && !(usage & XKU_SSL_CLIENT)) {
    doubt(
        "the certificate is not for clients (extended key usage), but it is shown on connections "
        "that the gateway opens");
  }
  ERR_clear_error();
  return problems;
}

std::optional<WallTime> certificate_end(const std::string& file) {
  const auto certificate = read_first(file);
  tm end{};
  if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &end) != 1)
    return std::nullopt;
  return WallTime(std::chrono::seconds(timegm(&end)));
}

}  // namespace gw::config
