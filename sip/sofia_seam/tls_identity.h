#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

#include "sip/sofia_seam/tls_config.h"

namespace gw::sip::seam {

struct OpenSslDelete {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
using ContextPtr = std::unique_ptr<SSL_CTX, OpenSslDelete>;
using SslPtr = std::unique_ptr<SSL, OpenSslDelete>;
using X509Ptr = std::unique_ptr<X509, OpenSslDelete>;
using BioPtr = std::unique_ptr<BIO, OpenSslDelete>;

// One certificate with its key, as server and as client. Immutable once made; connections keep the
// one they began with.
struct TlsIdentity {
  std::string name;
  ContextPtr server, client;
  TlsFailed failed;

  bool bears(const std::string& host) const;  // Does our certificate name this host?
};

// What an agent's identity for one called host is kept under.
std::string called_name(const std::string& name, const std::string& host);

// The identity now kept under `name`; nullptr when there is none. Any thread.
std::shared_ptr<const TlsIdentity> find_identity(const std::string& name);

// The one whose certificate names `host`; nullptr when none does. Any thread.
std::shared_ptr<const TlsIdentity> find_identity_for(const std::string& host);

// OpenSSL's oldest complaint of this thread, and an empty queue.
std::string openssl_error();

}  // namespace gw::sip::seam
