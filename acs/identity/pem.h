#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace gw::acs::identity {

struct OpenSslFree {
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(EVP_PKEY_CTX* p) const { EVP_PKEY_CTX_free(p); }
  void operator()(EVP_MD_CTX* p) const { EVP_MD_CTX_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
  void operator()(BIO* p) const { BIO_free_all(p); }
};
template <class T>
using Owned = std::unique_ptr<T, OpenSslFree>;

Owned<EVP_PKEY> make_p256_key();
std::string to_pem(EVP_PKEY* key);
std::string to_pem(X509* certificate);

// Never a half-written file under the final name, and never a secret that others could read for a
// moment.
Result<void> write_file(const std::string& path, std::string_view content, mode_t mode);

}  // namespace gw::acs::identity
