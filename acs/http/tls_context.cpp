#include "acs/http/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cstring>
#include <string_view>

namespace gw::acs::http {
namespace asio = boost::asio;
namespace {

std::string openssl_error() {
  char text[160] = "no detail";
  if (const unsigned long code = ERR_get_error()) ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return text;
}

// HTTP/1.1 is what we speak; a client that insists on another protocol goes on without ALPN.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned in_size, void*) {
  static constexpr unsigned char kOurs[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kOurs, sizeof kOurs - 1, in, in_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

void restrict_versions(SSL_CTX* ctx) {
  SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);  // 34 kB less for each idle socket.
}

}  // namespace

Result<std::shared_ptr<asio::ssl::context>> load_tls(const std::string& certificate,
                                                     const std::string& key) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  SSL_CTX* ctx = context->native_handle();
  restrict_versions(ctx);
  SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, nullptr);
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(ctx, certificate.c_str()) != 1) {
    return fail(ErrorCode::InvalidArgument, "certificate " + certificate + ": " + openssl_error());
  }
  if (SSL_CTX_use_PrivateKey_file(ctx, key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(ctx) != 1) {
    return fail(ErrorCode::InvalidArgument, "key " + key + ": " + openssl_error());
  }
  return context;
}

Result<std::shared_ptr<asio::ssl::context>> load_trust(const std::string& more_authorities) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  SSL_CTX* ctx = context->native_handle();
  restrict_versions(ctx);
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, nullptr);
  ERR_clear_error();
  // A system without authorities can still reach those of the file.
  if (SSL_CTX_set_default_verify_paths(ctx) != 1) ERR_clear_error();
  if (!more_authorities.empty() &&
      SSL_CTX_load_verify_locations(ctx, more_authorities.c_str(), nullptr) != 1) {
    return fail(ErrorCode::InvalidArgument,
                "certificate authorities " + more_authorities + ": " + openssl_error());
  }
  return context;
}

}  // namespace gw::acs::http
