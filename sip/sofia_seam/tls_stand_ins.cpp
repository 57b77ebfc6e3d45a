#include "sip/sofia_seam/tls_stand_ins.h"

namespace gw::sip::seam {
namespace {

// SSL_set_bio takes both ends.
bool join(SSL* a, SSL* b) {
  BIO* left = nullptr;
  BIO* right = nullptr;
  if (BIO_new_bio_pair(&left, 0, &right, 0) != 1) return false;
  SSL_set_bio(a, left, left);
  SSL_set_bio(b, right, right);
  return true;
}

SslPtr handshake_with_itself(const TlsIdentity& identity) {
  SslPtr server(SSL_new(identity.server.get()));
  SslPtr client(SSL_new(identity.client.get()));
  if (!server || !client || !join(server.get(), client.get())) return nullptr;
  SSL_set_verify(server.get(), SSL_VERIFY_NONE, nullptr);
  SSL_set_verify(client.get(), SSL_VERIFY_NONE, nullptr);
  // Four flights at most; a chain longer than the pipe takes a few turns more.
  for (int turn = 0; turn < 64; ++turn) {
    SSL_connect(client.get());
    if (SSL_accept(server.get()) == 1 && SSL_connect(client.get()) == 1) return server;
  }
  return nullptr;
}

}  // namespace

Result<StandIns> make_stand_ins(const TlsIdentity& identity) {
  StandIns out;
  out.done = handshake_with_itself(identity);
  if (!out.done) {
    return fail(ErrorCode::InvalidArgument,
                "the certificate cannot complete a handshake: " + openssl_error());
  }
  out.wants_read.reset(SSL_new(identity.client.get()));
  out.wants_write.reset(SSL_new(identity.client.get()));
  BIO* narrow = nullptr;
  BIO* other_end = nullptr;
  if (!out.wants_read || !out.wants_write || BIO_new_bio_pair(&narrow, 1, &other_end, 1) != 1) {
    return fail(ErrorCode::Internal, "no memory for TLS: " + openssl_error());
  }
  out.drain.reset(other_end);
  SSL_set_bio(out.wants_write.get(), narrow, narrow);
  // Empty memory must read as "later", not as the end.
  BIO* nothing = BIO_new(BIO_s_mem());
  BIO* nowhere = BIO_new(BIO_s_mem());
  if (nothing == nullptr || nowhere == nullptr) {
    BIO_free(nothing);
    BIO_free(nowhere);
    return fail(ErrorCode::Internal, "no memory for TLS");
  }
  BIO_set_mem_eof_return(nothing, -1);
  SSL_set_bio(out.wants_read.get(), nothing, nowhere);

  const auto outcome = [](SSL* ssl) { return SSL_get_error(ssl, SSL_connect(ssl)); };
  const bool as_wanted = outcome(out.done.get()) == SSL_ERROR_NONE &&
                         outcome(out.wants_read.get()) == SSL_ERROR_WANT_READ &&
                         outcome(out.wants_write.get()) == SSL_ERROR_WANT_WRITE;
  if (!as_wanted) return fail(ErrorCode::Internal, "TLS stand-ins misbehave: " + openssl_error());
  return out;
}

}  // namespace gw::sip::seam
