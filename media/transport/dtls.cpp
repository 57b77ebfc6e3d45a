#include "media/transport/dtls.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>

#include "base/assert.h"

namespace gw::media {

// The BIO that OpenSSL writes flights to: one write is one datagram.
struct DtlsBio {
  static constexpr long kMtu = 1200;  // Fits IPv6's minimum and every tunnel browsers expect.

  static int write(BIO* bio, const char* data, int size) {
    auto* session = static_cast<DtlsSession*>(BIO_get_data(bio));
    const auto datagram = std::as_bytes(std::span(data, static_cast<size_t>(size)));
    if (session->sealing_) {
      session->farewell_.assign(datagram.begin(), datagram.end());
    } else if (session->sink_ != nullptr && !session->to_.empty()) {
      session->sink_->send(datagram, session->to_);
    }
    return size;  // What is lost here is lost as on any network: DTLS repeats it.
  }
  static long ctrl(BIO*, int command, long, void*) {
    switch (command) {
      case BIO_CTRL_FLUSH: return 1;
      case BIO_CTRL_DGRAM_QUERY_MTU: return kMtu;
      case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD: return 28;
      default: return 0;  // Of some 80 commands only these ask something of a datagram sink.
    }
  }
  static BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagrams");
      BIO_meth_set_write(m, write);
      BIO_meth_set_ctrl(m, ctrl);
      BIO_meth_set_create(m, [](BIO* bio) {
        BIO_set_init(bio, 1);
        return 1;
      });
      return m;
    }();
    return made;
  }
};

namespace {

// GCM first: 1.3 us a packet with Debian's libsrtp against 3-15 us of AES_CM.
constexpr const char* kProfiles =
    "SRTP_AEAD_AES_128_GCM:SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80";
constexpr long kCertificateDays = 365;

struct KeyFree {
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
};
struct CertificateFree {
  void operator()(X509* p) const { X509_free(p); }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, KeyFree>;
using CertificatePtr = std::unique_ptr<X509, CertificateFree>;

std::string fingerprint_of(X509* certificate, const EVP_MD* hash) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_digest(certificate, hash, digest.data(), &size) != 1) return {};
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    if (i > 0) text += ':';
    text += kDigits[digest[i] >> 4];
    text += kDigits[digest[i] & 15];
  }
  return text;
}

const EVP_MD* hash_named(std::string_view name) {
  if (name == "sha-256") return EVP_sha256();
  if (name == "sha-384") return EVP_sha384();
  if (name == "sha-512") return EVP_sha512();
  return nullptr;  // RFC 8122 5: MD5 and MD2 are forbidden; SHA-1 proves nothing any more.
}

CertificatePtr self_signed(EVP_PKEY* key) {
  CertificatePtr certificate(X509_new());
  X509* x = certificate.get();
  if (x == nullptr || X509_set_version(x, 2) != 1) return nullptr;
  uint64_t serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial >> 1);
  X509_gmtime_adj(X509_getm_notBefore(x), -24L * 3600);
  X509_gmtime_adj(X509_getm_notAfter(x), kCertificateDays * 24L * 3600);
  X509_NAME* name = X509_get_subject_name(x);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("acs-gateway"), -1, -1, 0);
  X509_set_issuer_name(x, name);
  if (X509_set_pubkey(x, key) != 1 || X509_sign(x, key, EVP_sha256()) == 0) return nullptr;
  return certificate;
}

// RFC 6347 4.2.4.1 suggests 1 s; a lost flight would clip the first word. 100, 200, 400 ms, ...
unsigned next_timer(SSL*, unsigned previous_us) {
  constexpr unsigned kFirst = 100'000, kMost = 3'000'000;
  return previous_us == 0 ? kFirst : std::min(previous_us * 2, kMost);
}

}  // namespace

Result<std::unique_ptr<DtlsContext>> DtlsContext::create() {
  std::unique_ptr<DtlsContext> context(new DtlsContext);
  const KeyPtr key(EVP_EC_gen("P-256"));
  if (!key) return fail(ErrorCode::Internal, "OpenSSL made no P-256 key for DTLS");
  const CertificatePtr certificate = self_signed(key.get());
  if (!certificate) return fail(ErrorCode::Internal, "OpenSSL made no certificate for DTLS");

  context->context_.reset(SSL_CTX_new(DTLS_method()));
  SSL_CTX* native = context->context_.get();
  if (native == nullptr || SSL_CTX_use_certificate(native, certificate.get()) != 1 ||
      SSL_CTX_use_PrivateKey(native, key.get()) != 1 ||
      SSL_CTX_set_min_proto_version(native, DTLS1_2_VERSION) != 1 ||
      SSL_CTX_set_tlsext_use_srtp(native, kProfiles) != 0) {  // 0 is its success.
    return fail(ErrorCode::Internal, "OpenSSL refused the DTLS settings");
  }
  // Any certificate passes here: it is the fingerprint in the SDP that is checked (RFC 5763 5).
  SSL_CTX_set_verify(native, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                     [](int, X509_STORE_CTX*) { return 1; });
  SSL_CTX_set_options(native, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_read_ahead(native, 1);
  constexpr long kMaxChain = 16 * 1024;
  SSL_CTX_set_max_cert_list(native, kMaxChain);
  context->fingerprint_ = {"sha-256", fingerprint_of(certificate.get(), EVP_sha256())};
  return context;
}

DtlsSession::DtlsSession(const DtlsContext& context, Role role,
                         std::vector<wire::SdpFingerprint> fingerprints, TimePoint now)
    : role_(role), fingerprints_(std::move(fingerprints)), started_(now) {
  ssl_.reset(SSL_new(context.native()));
  in_ = BIO_new(BIO_s_mem());
  BIO* out = BIO_new(DtlsBio::method());
  GW_ASSERT(ssl_ && in_ && out);
  BIO_set_mem_eof_return(in_, -1);
  BIO_set_data(out, this);
  SSL_set_bio(ssl_.get(), in_, out);
  SSL_set_mtu(ssl_.get(), DtlsBio::kMtu - 28);
  DTLS_set_timer_cb(ssl_.get(), next_timer);
  if (role_ == Role::Active) {
    SSL_set_connect_state(ssl_.get());
  } else {
    SSL_set_accept_state(ssl_.get());
  }
}

DtlsSession::~DtlsSession() = default;

void DtlsSession::set_path(DatagramSink* sink, const SocketAddress& to) {
  sink_ = sink;
  to_ = to;
}

void DtlsSession::connect(TimePoint now) {
  if (role_ == Role::Active && state_ == State::Handshaking) step(now);
}

void DtlsSession::receive(std::span<const std::byte> datagram, TimePoint now) {
  if (ssl_ == nullptr || state_ == State::Failed || state_ == State::Closed) return;
  BIO_write(in_, datagram.data(), static_cast<int>(datagram.size()));
  if (state_ == State::Handshaking) {
    step(now);
  } else {
    read_alerts();
  }
  BIO_reset(in_);  // A datagram is taken whole or not at all.
}

void DtlsSession::close() {
  if (state_ != State::Connected) return;
  if (ssl_ != nullptr) {
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  } else if (sink_ != nullptr && !to_.empty()) {
    sink_->send(farewell_, to_);
  }
  state_ = State::Closed;
}

void DtlsSession::keys_in_use() {
  if (ssl_ == nullptr || state_ != State::Connected) return;
  sealing_ = true;
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
  sealing_ = false;
  in_ = nullptr;
  ssl_.reset();
}

TimePoint DtlsSession::on_timer(TimePoint now) {
  if (state_ != State::Handshaking) return kNever;
  if (now - started_ > kHandshakeLimit) {
    fail("no DTLS handshake within 15 s");
    return kNever;
  }
  // OpenSSL keeps the time of its flights itself; 50 ms is fine enough to ask.
  if (DTLSv1_handle_timeout(ssl_.get()) < 0) ERR_clear_error();
  return now + 50ms;
}

void DtlsSession::step(TimePoint) {
  const int done = SSL_do_handshake(ssl_.get());
  if (done == 1) {
    finish();
    return;
  }
  const int error = SSL_get_error(ssl_.get(), done);
  if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    fail(std::string("DTLS handshake refused: ") + (reason != nullptr ? reason : "unknown"));
  }
  ERR_clear_error();
}

void DtlsSession::finish() {
  if (!peer_matches()) {
    fail("the peer's certificate is not the one its SDP announced");
    return;
  }
  keys_ = export_keys();
  if (!keys_) {
    fail("no common SRTP profile");
    return;
  }
  state_ = State::Connected;
}

void DtlsSession::fail(std::string why) {
  state_ = State::Failed;
  failure_ = std::move(why);
}

bool DtlsSession::peer_matches() const {
  const CertificatePtr certificate(SSL_get1_peer_certificate(ssl_.get()));
  if (!certificate) return false;
  return std::ranges::any_of(fingerprints_, [&](const wire::SdpFingerprint& wanted) {
    const EVP_MD* hash = hash_named(wanted.hash);
    if (hash == nullptr) return false;
    return std::ranges::equal(
        fingerprint_of(certificate.get(), hash), wanted.value,
        [](char a, char b) { return a == std::toupper(static_cast<unsigned char>(b)); });
  });
}

std::optional<SrtpKeys> DtlsSession::export_keys() const {
  const SRTP_PROTECTION_PROFILE* profile = SSL_get_selected_srtp_profile(ssl_.get());
  if (profile == nullptr) return std::nullopt;
  SrtpKeys keys;
  switch (profile->id) {
    case SRTP_AEAD_AES_128_GCM: keys.suite = wire::SrtpSuite::AeadAes128Gcm; break;
    case SRTP_AEAD_AES_256_GCM: keys.suite = wire::SrtpSuite::AeadAes256Gcm; break;
    case SRTP_AES128_CM_SHA1_80: keys.suite = wire::SrtpSuite::AesCm128HmacSha1_80; break;
    default: return std::nullopt;  // None that we offered.
  }
  // RFC 5764 4.2: client key, server key, client salt, server salt.
  const size_t master = wire::master_size(keys.suite);
  const size_t key = wire::key_size(keys.suite);
  const size_t salt = master - key;
  std::array<unsigned char, 2 * wire::SrtpMaster::kMaxSize> block{};
  if (SSL_export_keying_material(ssl_.get(), block.data(), 2 * master, "EXTRACTOR-dtls_srtp", 19,
                                 nullptr, 0, 0) != 1) {
    return std::nullopt;
  }
  wire::SrtpMaster client, server;
  std::memcpy(client.bytes.data(), block.data(), key);
  std::memcpy(client.bytes.data() + key, block.data() + 2 * key, salt);
  std::memcpy(server.bytes.data(), block.data() + key, key);
  std::memcpy(server.bytes.data() + key, block.data() + 2 * key + salt, salt);
  OPENSSL_cleanse(block.data(), block.size());
  client.size = server.size = master;
  keys.send = role_ == Role::Active ? client : server;
  keys.receive = role_ == Role::Active ? server : client;
  return keys;
}

void DtlsSession::read_alerts() {
  // Nothing is said over DTLS after the handshake but retransmitted flights and alerts.
  std::array<char, 2048> ignored{};
  const int n = SSL_read(ssl_.get(), ignored.data(), ignored.size());
  if (n <= 0 && SSL_get_error(ssl_.get(), n) == SSL_ERROR_ZERO_RETURN) state_ = State::Closed;
  ERR_clear_error();
}

}  // namespace gw::media
