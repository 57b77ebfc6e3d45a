#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace gw::test {

// A certificate with its key (P-256), made on the spot.
struct TestCertificate {
  std::shared_ptr<X509> certificate;
  std::shared_ptr<EVP_PKEY> key;
};

// subject_alt_name as openssl.cnf writes it, e.g. "DNS:sip.example.com,IP:127.0.0.1"; empty for
// none. Without an issuer it signs itself.
inline TestCertificate make_certificate(const std::string& common_name,
                                        const std::string& subject_alt_name = "",
                                        const TestCertificate* issuer = nullptr,
                                        bool authority = false, long valid_from_s = -3600,
                                        long valid_to_s = 86'400) {
  static long serial = 1;
  TestCertificate out{{X509_new(), X509_free}, {EVP_EC_gen("P-256"), EVP_PKEY_free}};
  X509* x = out.certificate.get();
  X509_set_version(x, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
  X509_gmtime_adj(X509_getm_notBefore(x), valid_from_s);
  X509_gmtime_adj(X509_getm_notAfter(x), valid_to_s);
  X509_set_pubkey(x, out.key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                             0);
  X509* parent = issuer != nullptr ? issuer->certificate.get() : x;
  X509_set_issuer_name(x, X509_get_subject_name(parent));
  const auto extend = [&](int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, parent, x, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    X509_add_ext(x, extension, -1);
    X509_EXTENSION_free(extension);
  };
  extend(NID_basic_constraints, authority ? "critical,CA:TRUE" : "CA:FALSE");
  if (!subject_alt_name.empty()) extend(NID_subject_alt_name, subject_alt_name);
  EVP_PKEY* signer = issuer != nullptr ? issuer->key.get() : out.key.get();
  X509_sign(x, signer, EVP_sha256());
  return out;
}

// PEM files in a directory that goes with it.
class PemFiles {
 public:
  PemFiles() {
    char name[] = "/tmp/gw-pem-XXXXXX";
    directory_ = ::mkdtemp(name);
  }
  ~PemFiles() { std::filesystem::remove_all(directory_); }
  PemFiles(const PemFiles&) = delete;
  PemFiles& operator=(const PemFiles&) = delete;

  std::string certificates(const std::string& name,
                           const std::vector<TestCertificate>& chain) const {
    return write(name, [&](FILE* file) {
      for (const auto& one : chain) PEM_write_X509(file, one.certificate.get());
    });
  }
  std::string key(const std::string& name, const TestCertificate& of) const {
    return write(name, [&](FILE* file) {
      PEM_write_PrivateKey(file, of.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
  }
  const std::string& directory() const { return directory_; }

 private:
  template <class F>
  std::string write(const std::string& name, F&& body) const {
    const std::string path = directory_ + "/" + name;
    FILE* file = std::fopen(path.c_str(), "w");
    body(file);
    std::fclose(file);
    return path;
  }

  std::string directory_;
};

}  // namespace gw::test
