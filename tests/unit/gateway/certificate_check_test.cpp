#include "gateway/config/certificate_check.h"

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdio>

#include "tests/unit/gateway/config_folder.h"

namespace gw::config {
namespace {

// A self-signed P-256 certificate that is valid from `from` to `to`, in days from now.
void make(const std::string& certificate_file, const std::string& key_file, int from, int to) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_time_adj_ex(X509_getm_notBefore(certificate), from, 0, nullptr);
  X509_time_adj_ex(X509_getm_notAfter(certificate), to, 0, nullptr);
  X509_set_pubkey(certificate, key);
  X509_sign(certificate, key, EVP_sha256());
  std::FILE* out = std::fopen(certificate_file.c_str(), "w");
  PEM_write_X509(out, certificate);
  std::fclose(out);
  out = std::fopen(key_file.c_str(), "w");
  PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(out);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

TEST(CertificateCheck, names_what_is_wrong) {
  test::ConfigFolder folder;
  const auto file = [&](const char* name) { return folder.file(name); };
  make(file("good.pem"), file("good.key"), -1, 365);
  make(file("old.pem"), file("old.key"), -365, -1);
  make(file("early.pem"), file("early.key"), 1, 365);
  make(file("soon.pem"), file("soon.key"), -365, 5);
  const struct {
    const char *certificate, *key, *text;
    bool in_key, warning;
  } cases[] = {
      {"good.pem", "good.key", "", false, false},
      {"old.pem", "old.key", "the certificate has expired", false, false},
      {"early.pem", "early.key", "the certificate is not valid yet", false, false},
      {"soon.pem", "soon.key", "the certificate expires in ", false, true},
      {"good.pem", "old.key", "old.key is not the key of ", true, false},
      {"good.key", "good.key", "good.key holds no PEM certificate", false, false},
      {"good.pem", "good.pem", "good.pem holds no PEM key", true, false},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(std::string(c.certificate) + " " + c.key);
    const auto problem = check_certificate(file(c.certificate), file(c.key));
    ASSERT_EQ(problem.has_value(), *c.text != '\0');
    if (!problem) continue;
    EXPECT_NE(problem->text.find(c.text), std::string::npos) << problem->text;
    EXPECT_EQ(problem->in_key, c.in_key);
    EXPECT_EQ(problem->warning, c.warning);
  }
}

}  // namespace
}  // namespace gw::config
