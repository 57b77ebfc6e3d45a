#include "sip/sofia_seam/tls_identity.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cctype>
#include <map>
#include <mutex>
#include <set>

#include "base/text.h"

namespace gw::sip::seam {
namespace {

// Forward secrecy and SHA-2 only; the CBC suites are what older desk phones and Microsoft's list
// end with.
constexpr char kCiphers[] =
    "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+SHA384:ECDHE+SHA256:!CAMELLIA:!ARIA:!aNULL";
constexpr int kMaxChain = 8;

std::mutex& identities_mutex() {
  static std::mutex mutex;
  return mutex;
}

std::map<std::string, std::shared_ptr<const TlsIdentity>>& identities() {
  static std::map<std::string, std::shared_ptr<const TlsIdentity>> all;
  return all;
}

// The certificate that bears the name a client asks for; the listener's own when there is none.
int serve_name(SSL* ssl, int*, void*) {
  const char* host = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (host == nullptr) return SSL_TLSEXT_ERR_NOACK;
  X509* own = SSL_get_certificate(ssl);
  if (own != nullptr && X509_check_host(own, host, 0, 0, nullptr) == 1) return SSL_TLSEXT_ERR_OK;
  if (const auto other = find_identity_for(host)) SSL_set_SSL_CTX(ssl, other->server.get());
  return SSL_TLSEXT_ERR_OK;
}

Result<void> load_files(SSL_CTX* context, const TlsFiles& files) {
  if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1) {
    return fail(ErrorCode::InvalidArgument,
                "cannot use the certificate " + files.certificate + ": " + openssl_error());
  }
  if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return fail(ErrorCode::InvalidArgument,
                "cannot use the key " + files.key + ": " + openssl_error());
  }
  if (SSL_CTX_check_private_key(context) != 1) {
    return fail(ErrorCode::InvalidArgument, "the key " + files.key + " is not the certificate's");
  }
  const bool trusted = files.ca.empty()
                           ? SSL_CTX_set_default_verify_paths(context) == 1
                           : SSL_CTX_load_verify_locations(context, files.ca.c_str(), nullptr) == 1;
  if (!trusted) {
    return fail(ErrorCode::InvalidArgument,
                "cannot read the CAs " + files.ca + ": " + openssl_error());
  }
  return {};
}

Result<ContextPtr> make_context(const TlsFiles& files, bool server) {
  ContextPtr context(SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()));
  if (!context) return fail(ErrorCode::Internal, "SSL_CTX_new: " + openssl_error());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  if (SSL_CTX_set_cipher_list(context.get(), kCiphers) != 1) {
    return fail(ErrorCode::Internal, "no cipher suite left: " + openssl_error());
  }
  SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE |
                                         SSL_OP_IGNORE_UNEXPECTED_EOF);
  // Thousands of phones stay connected and silent.
  SSL_CTX_set_mode(context.get(), SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_verify_depth(context.get(), kMaxChain);
  if (auto loaded = load_files(context.get(), files); !loaded) {
    return tl::unexpected(loaded.error());
  }
  if (!server) {
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    return context;
  }
  int verify = SSL_VERIFY_NONE;
  switch (files.clients) {
    case ClientCertificates::Off: break;
    case ClientCertificates::Optional: verify = SSL_VERIFY_PEER; break;
    case ClientCertificates::Required:
      verify = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
      break;
  }
  SSL_CTX_set_verify(context.get(), verify, nullptr);
  if (verify != SSL_VERIFY_NONE && !files.ca.empty()) {
    SSL_CTX_set_client_CA_list(context.get(), SSL_load_client_CA_file(files.ca.c_str()));
  }
  // Tickets, no session table: resumption costs us no memory.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  static constexpr unsigned char kSessionContext[] = "acs-gateway sip";
  SSL_CTX_set_session_id_context(context.get(), kSessionContext, sizeof kSessionContext - 1);
  SSL_CTX_set_tlsext_servername_callback(context.get(), serve_name);
  return context;
}

}  // namespace

std::string openssl_error() {
  std::string text = "unknown";
  if (const unsigned long error = ERR_get_error(); error != 0) {
    const char* reason = ERR_reason_error_string(error);
    text = reason != nullptr ? reason : "error " + std::to_string(error);
  }
  ERR_clear_error();
  return text;
}

bool TlsIdentity::bears(const std::string& host) const {
  X509* own = SSL_CTX_get0_certificate(server.get());
  return own != nullptr && X509_check_host(own, host.data(), host.size(), 0, nullptr) == 1;
}

std::string called_name(const std::string& name, const std::string& host) {
  return name + '\n' + lower_case(host);  // No name of ours has a line feed.
}

std::shared_ptr<const TlsIdentity> find_identity(const std::string& name) {
  const std::lock_guard lock(identities_mutex());
  const auto found = identities().find(name);
  return found == identities().end() ? nullptr : found->second;
}

std::shared_ptr<const TlsIdentity> find_identity_for(const std::string& host) {
  const std::lock_guard lock(identities_mutex());
  for (const auto& [name, identity] : identities()) {
    if (identity->bears(host)) return identity;
  }
  return nullptr;
}

}  // namespace gw::sip::seam

namespace gw::sip {

Result<void> set_tls_identity(const std::string& name, const TlsFiles& files, TlsFailed failed) {
  ERR_clear_error();
  auto identity = std::make_shared<seam::TlsIdentity>();
  identity->name = name;
  identity->failed = std::move(failed);
  auto server = seam::make_context(files, true);
  if (!server) return tl::unexpected(server.error());
  auto client = seam::make_context(files, false);
  if (!client) return tl::unexpected(client.error());
  identity->server = std::move(*server);
  identity->client = std::move(*client);
  const std::lock_guard lock(seam::identities_mutex());
  seam::identities()[name] = std::move(identity);
  return {};
}

Result<void> set_called_identity(const std::string& name, const std::string& host,
                                 const TlsFiles& files, TlsFailed failed) {
  return set_tls_identity(seam::called_name(name, host), files, std::move(failed));
}

void keep_called_identities(const std::string& name, const std::vector<std::string>& hosts) {
  std::set<std::string> wanted;
  for (const std::string& host : hosts) wanted.insert(seam::called_name(name, host));
  const std::lock_guard lock(seam::identities_mutex());
  std::erase_if(seam::identities(), [&](const auto& entry) {
    return entry.first.starts_with(name + '\n') && !wanted.contains(entry.first);
  });
}

void forget_tls_identity(const std::string& name) {
  keep_called_identities(name, {});
  const std::lock_guard lock(seam::identities_mutex());
  seam::identities().erase(name);
}

}  // namespace gw::sip
