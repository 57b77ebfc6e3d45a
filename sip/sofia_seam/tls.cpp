// Sofia's TLS layer: the twelve functions that its tport_type_tls.c calls, by their names. All or
// none: they share struct tls_s. Debian's own leak 48 KB a connection and know neither SNI, chains,
// reload nor the name of whom they called.

#define SU_WAKEUP_ARG_T struct tport_s
#include <arpa/inet.h>
#include <dlfcn.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sofia-sip/su_alloc.h>
#include <sofia-sip/su_strlst.h>
#include <sofia-sip/su_wait.h>
#include <sofia-sip/tport.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <unordered_map>

#include "sip/sofia_seam/connection_gate.h"
#include "sip/sofia_seam/handshake_gate.h"
#include "sip/sofia_seam/handshake_turns.h"
#include "sip/sofia_seam/tls_identity.h"
#include "sip/sofia_seam/tls_stand_ins.h"

// What tport_type_tls.c hands to tls_init_master(); only the paths concern us. Debian's layout, as
// of tport_tls.h.
extern "C" struct tls_issues_s {
  unsigned policy, verify_depth, verify_date;
  int configured;
  char *cert, *key, *passphrase, *rand_file, *ca_file, *ca_path, *cipher;
  int version;
};

namespace {

using namespace gw;
using namespace gw::sip;
using namespace gw::sip::seam;

constexpr size_t kRecord = 16'384;  // The most that SSL_read returns at once.

// What belongs to us in a tls_s. A listener has `name` and `stand_ins`, a connection the rest.
struct Session {
  std::string name;
  std::shared_ptr<const StandIns> stand_ins;

  std::shared_ptr<const TlsIdentity> identity;
  SslPtr ssl;
  int fd = -1;
  ino_t inode = 0;  // Of the socket: descriptors are used again.
  bool outgoing = false;
  bool refused = false;    // By the gate.
  bool may_begin = false;  // Its turn has come.
  bool named = false;      // SNI and the name to verify are set.
  bool broken = false;     // After a fatal error not even close_notify may be sent.
  std::unique_ptr<unsigned char[]> buffer;
};

}  // namespace

// The members up to `subjects` lie where Sofia's tls_connect() looks for them (checked below);
// `shown` is what it takes for the connection.
extern "C" struct tls_s {
  su_home_t home[1];
  SSL_CTX* context_shown;
  SSL* shown;
  BIO* bio_shown;
  unsigned slave : 1, accepted : 1, verify_incoming : 1, verify_outgoing : 1, verify_subject_in : 1,
      verify_subject_out : 1, verify_date : 1, verified : 1;
  int read_events;
  void* read_buffer;
  size_t read_size;  // Decrypted and not yet taken.
  int write_events;  // What a write that must be repeated waits for.
  void* write_buffer;
  size_t write_size;
  su_strlst_t* subjects;  // Names of a verified peer.

  Session* session;
};

static_assert(offsetof(tls_s, shown) == 0x20 && offsetof(tls_s, read_events) == 0x34 &&
                  offsetof(tls_s, read_size) == 0x40 && offsetof(tls_s, write_events) == 0x48 &&
                  offsetof(tls_s, subjects) == 0x60,
              "Debian's libsofia-sip-ua lays out struct tls_s like this on 64 bits");

// Exported by the library, declared in its private headers.
extern "C" {
void tport_error_report(tport_t* self, int error, su_sockaddr_t const* address);
void tport_close(tport_t* self);
void tport_set_secondary_timer(tport_t* self);
int tls_connect(su_root_magic_t* magic, su_wait_t* wait, tport_t* self);
void tls_free(tls_s* tls);
}

namespace {

// Sofia gives tls_connect() a transport, whose structure we cannot read, and its descriptor.
thread_local std::unordered_map<int, tls_s*> by_fd;
thread_local HandshakeGate gate;

ino_t inode_of(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 ? status.st_ino : 0;
}

tls_s* make_tls() {
  auto* tls = static_cast<tls_s*>(su_home_new(sizeof(tls_s)));
  if (tls == nullptr) return nullptr;
  tls->session = new (std::nothrow) Session;
  if (tls->session != nullptr) return tls;
  su_home_unref(tls->home);
  return nullptr;
}

std::string certificate_error(const SSL* ssl) {
  const long result = SSL_get_verify_result(ssl);
  return result == X509_V_OK ? "" : std::string(X509_verify_cert_error_string(result));
}

void report_failure(const Session& session, std::string host, std::string reason) {
  if (!session.identity->failed) return;
  session.identity->failed(
      TlsFailure{peer_of(session.fd), std::move(host), std::move(reason), session.outgoing});
}

// RFC 5922 4: the name that we route to is the name that the certificate must bear. Literals are no
// SNI (RFC 6066 3).
bool expect_host(SSL* ssl, std::string host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  X509_VERIFY_PARAM* param = SSL_get0_param(ssl);
  if (SocketAddress::parse(host)) return X509_VERIFY_PARAM_set1_ip_asc(param, host.c_str()) == 1;
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set1_host(ssl, host.c_str()) == 1 && SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
}

void append_text(su_strlst_t* list, const ASN1_STRING* text) {
  const auto* data = reinterpret_cast<const char*>(ASN1_STRING_get0_data(text));
  const auto size = static_cast<size_t>(ASN1_STRING_length(text));
  // A NUL inside would make a C string of less than was signed.
  if (data == nullptr || size == 0 || size > 256 || std::memchr(data, 0, size) != nullptr) return;
  su_strlst_dup_append(list, std::string(data, size).c_str());
}

// Subject alternative names, the common name only without any (RFC 5922 7.1).
su_strlst_t* subjects_of(su_home_t* home, X509* certificate) {
  static constexpr int kMaxNames = 64;
  su_strlst_t* list = su_strlst_create(home);
  if (list == nullptr) return nullptr;
  auto* names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(names) && i < kMaxNames; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_DNS) append_text(list, name->d.dNSName);
    if (name->type == GEN_URI) append_text(list, name->d.uniformResourceIdentifier);
    if (name->type == GEN_IPADD) {
      char text[INET6_ADDRSTRLEN] = {};
      const int family = name->d.iPAddress->length == 16 ? AF_INET6 : AF_INET;
      if (name->d.iPAddress->length != 16 && name->d.iPAddress->length != 4) continue;
      if (::inet_ntop(family, name->d.iPAddress->data, text, sizeof text)) {
        su_strlst_dup_append(list, text);
      }
    }
  }
  GENERAL_NAMES_free(names);
  if (su_strlst_len(list) > 0) return list;
  char common[256] = {};
  X509_NAME* subject = X509_get_subject_name(certificate);
  if (X509_NAME_get_text_by_NID(subject, NID_commonName, common, sizeof common) > 0) {
    su_strlst_dup_append(list, common);
  }
  return list;
}

void remember_peer(tls_s& tls) {
  SSL* ssl = tls.session->ssl.get();
  const X509Ptr certificate(SSL_get1_peer_certificate(ssl));
  if (!certificate || SSL_get_verify_result(ssl) != X509_V_OK) return;
  tls.subjects = subjects_of(tls.home, certificate.get());
  tls.verified = tls.subjects != nullptr;
}

// Lets Sofia's own function do the bookkeeping for the outcome that `stand_in` shows. `self` may be
// gone afterwards.
int let_sofia(SSL* stand_in, tls_s& tls, su_root_magic_t* magic, su_wait_t* wait, tport_t* self) {
  using Connect = int (*)(su_root_magic_t*, su_wait_t*, tport_t*);
  static const auto real = reinterpret_cast<Connect>(::dlsym(RTLD_NEXT, "tls_connect"));
  ERR_clear_error();
  tls.shown = stand_in;
  return real(magic, wait, self);
}

// The client went while it waited: nothing is left to do for it.
bool has_gone(int fd) {
  pollfd look{fd, POLLRDHUP, 0};
  return ::poll(&look, 1, 0) == 1 && (look.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

// Requests of ours that wait for this connection fail now, not when their timers do.
void give_up(const Session& session, tport_t* self) {
  if (session.outgoing) tport_error_report(self, ECONNREFUSED, nullptr);
  tport_close(self);
  tport_set_secondary_timer(self);
}

// A trunk with a certificate or CAs of its own: known only now that the connection has a name.
bool use_called_identity(Session& session, std::string host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto own = find_identity(called_name(session.identity->name, host));
  if (!own) return true;
  SslPtr ssl(SSL_new(own->client.get()));
  if (!ssl || SSL_set_fd(ssl.get(), session.fd) != 1) return false;
  SSL_set_connect_state(ssl.get());
  session.ssl = std::move(ssl);
  session.identity = own;
  return true;
}

// Once for each connection, when its first event comes: only then Sofia has named it. False:
// refused.
bool begin_handshake(Session& session, tport_t* self) {
  session.named = true;
  if (!session.outgoing) return !session.refused;
  const tp_name_t* name = tport_name(self);
  const char* host = name->tpn_canon != nullptr ? name->tpn_canon : name->tpn_host;
  if (host != nullptr && !use_called_identity(session, host)) return false;
  return host != nullptr && expect_host(session.ssl.get(), host);
}

std::string host_of(const Session& session, tport_t* self) {
  if (!session.outgoing) {
    const char* sni = SSL_get_servername(session.ssl.get(), TLSEXT_NAMETYPE_host_name);
    return sni != nullptr ? sni : "";
  }
  const tp_name_t* name = tport_name(self);
  return name->tpn_canon != nullptr ? name->tpn_canon : "";
}

// What a failed SSL_read or SSL_write means: 0 = end of stream; -1 with EAGAIN and `events` set, or
// with EIO.
int outcome_of(tls_s& tls, int result, int& events) {
  const int saved = errno;
  switch (SSL_get_error(tls.session->ssl.get(), result)) {
    case SSL_ERROR_WANT_READ: events = SU_WAIT_IN; break;
    case SSL_ERROR_WANT_WRITE: events = SU_WAIT_OUT; break;
    case SSL_ERROR_ZERO_RETURN: return 0;
    case SSL_ERROR_SYSCALL:
      tls.session->broken = true;
      ERR_clear_error();
      errno = saved;
      return saved == 0 ? 0 : -1;
    default:
      tls.session->broken = true;
      ERR_clear_error();
      errno = EIO;
      return -1;
  }
  errno = EAGAIN;
  return -1;
}

}  // namespace

void gw::sip::seam::turn_came(int fd) {
  const auto found = by_fd.find(fd);
  if (found == by_fd.end()) return;
  found->second->session->may_begin = true;
  gate.resumed(fd, monotonic_now());  // Ten seconds from now on, for the client's part of it.
}

extern "C" {

tls_s* tls_init_master(tls_issues_s* issues) {
  // OpenSSL writes to sockets whose peer has gone.
  struct sigaction pipe {};
  if (::sigaction(SIGPIPE, nullptr, &pipe) == 0 && pipe.sa_handler == SIG_DFL) {
    ::signal(SIGPIPE, SIG_IGN);
  }
  errno = EINVAL;
  if (issues == nullptr || issues->ca_path == nullptr) return nullptr;
  const auto identity = find_identity(issues->ca_path);
  if (!identity) return nullptr;
  auto stand_ins = make_stand_ins(*identity);
  if (!stand_ins) return nullptr;
  tls_s* tls = make_tls();
  if (tls == nullptr) return nullptr;
  tls->session->name = issues->ca_path;
  tls->session->stand_ins = std::make_shared<const StandIns>(std::move(*stand_ins));
  return tls;
}

tls_s* tls_init_secondary(tls_s* master, int fd, int accept) {
  errno = EIO;
  // The identity of now, which a reload may have changed.
  const auto identity = find_identity(master->session->name);
  if (!identity || fd < 0) return nullptr;
  tls_s* tls = make_tls();
  if (tls == nullptr) return nullptr;
  Session& session = *tls->session;
  tls->slave = 1;
  tls->accepted = accept ? 1 : 0;
  tls->read_events = SU_WAIT_IN;
  session.stand_ins = master->session->stand_ins;
  session.identity = identity;
  session.outgoing = !accept;
  session.ssl.reset(SSL_new(accept ? identity->server.get() : identity->client.get()));
  if (!session.ssl || SSL_set_fd(session.ssl.get(), fd) != 1) {
    ERR_clear_error();
    tls_free(tls);
    return nullptr;
  }
  accept ? SSL_set_accept_state(session.ssl.get()) : SSL_set_connect_state(session.ssl.get());
  session.fd = fd;
  session.inode = inode_of(fd);
  su_setblocking(fd, 0);
  by_fd[fd] = tls;
  if (accept && (was_turned_away(fd) || !gate.begin(fd, peer_of(fd), monotonic_now()))) {
    // Refused here, Sofia would forget to close the descriptor: let it hear of a hang-up.
    session.refused = true;
    ::shutdown(fd, SHUT_RDWR);
  }
  return tls;
}

void tls_free(tls_s* tls) {
  if (tls == nullptr) return;
  Session* session = tls->session;
  if (const auto found = by_fd.find(session->fd); found != by_fd.end() && found->second == tls) {
    by_fd.erase(found);
    gate.finished(session->fd);
    stop_waiting(session->fd);
  }
  if (session->ssl && !session->broken && SSL_is_init_finished(session->ssl.get()) &&
      inode_of(session->fd) == session->inode) {
    ERR_clear_error();
    SSL_shutdown(session->ssl.get());
    ERR_clear_error();
  }
  delete session;
  su_home_unref(tls->home);
}

int tls_get_socket(tls_s* tls) {
  return tls != nullptr ? tls->session->fd : -1;
}

int tls_connect(su_root_magic_t* magic, su_wait_t* wait, tport_t* self) {
  const auto found = by_fd.find(wait->fd);
  if (found == by_fd.end()) {
    tport_close(self);
    tport_set_secondary_timer(self);
    return 0;
  }
  tls_s& tls = *found->second;
  Session& session = *tls.session;
  const StandIns& stand_ins = *session.stand_ins;
  if (stop_waiting(session.fd)) session.may_begin = true;  // It has gone, or its socket is broken.
  // Connection refused and the like: Sofia knows what to tell whom.
  if (wait->revents & SU_WAIT_ERR) {
    return let_sofia(stand_ins.wants_read.get(), tls, magic, wait, self);
  }
  if (!session.named && !session.outgoing && !session.refused && !session.may_begin) {
    switch (ask_for_turn(session.fd)) {
      case HandshakeQueue::Turn::Now: break;
      case HandshakeQueue::Turn::Full: session.refused = true; break;
      case HandshakeQueue::Turn::Wait: {
        gate.finished(session.fd);  // It does not keep us waiting, we keep it.
        const Pause pause(session.fd);
        return let_sofia(stand_ins.wants_read.get(), tls, magic, wait, self);
      }
    }
  }
  if (!session.named &&
      (!begin_handshake(session, self) || (session.may_begin && has_gone(session.fd)))) {
    session.broken = true;
    give_up(session, self);
    return 0;
  }
  ERR_clear_error();
  const TimePoint before = monotonic_now();
  const int result = SSL_do_handshake(session.ssl.get());
  const int error = SSL_get_error(session.ssl.get(), result);
  if (!session.outgoing) took_turn(monotonic_now() - before);
  switch (error) {
    case SSL_ERROR_NONE:
      gate.finished(session.fd);
      remember_peer(tls);
      return let_sofia(stand_ins.done.get(), tls, magic, wait, self);
    case SSL_ERROR_WANT_READ: return let_sofia(stand_ins.wants_read.get(), tls, magic, wait, self);
    case SSL_ERROR_WANT_WRITE:
      return let_sofia(stand_ins.wants_write.get(), tls, magic, wait, self);
    default: break;
  }
  session.broken = true;
  gate.finished(session.fd);
  std::string reason = certificate_error(session.ssl.get());
  const std::string of_openssl = openssl_error();
  report_failure(session, host_of(session, self), reason.empty() ? of_openssl : reason);
  give_up(session, self);
  return 0;
}

ssize_t tls_read(tls_s* tls) {
  if (tls == nullptr || !tls->session->ssl) {
    errno = EINVAL;
    return -1;
  }
  if (tls->read_size > 0) return static_cast<ssize_t>(tls->read_size);
  Session& session = *tls->session;
  if (!session.buffer) {
    session.buffer.reset(new (std::nothrow) unsigned char[kRecord]);
    if (!session.buffer) {
      errno = ENOMEM;
      return -1;
    }
    tls->read_buffer = session.buffer.get();
  }
  tls->read_events = SU_WAIT_IN;
  ERR_clear_error();
  errno = 0;
  const int size = SSL_read(session.ssl.get(), session.buffer.get(), kRecord);
  if (size > 0) {
    tls->read_size = static_cast<size_t>(size);
    return size;
  }
  const int outcome = outcome_of(*tls, size, tls->read_events);
  // Silent connections hold no buffer.
  session.buffer.reset();
  tls->read_buffer = nullptr;
  return outcome;
}

void* tls_read_buffer(tls_s* tls, size_t) {
  tls->read_size = 0;
  return tls->read_buffer;
}

int tls_pending(tls_s const* tls) {
  return tls != nullptr && tls->session->ssl && SSL_pending(tls->session->ssl.get()) > 0;
}

// -1 error, 0 end of stream, 1 nothing to do, 2 data, 3 try again later.
int tls_want_read(tls_s* tls, int events) {
  if (tls == nullptr || !(events & tls->read_events)) return 1;
  const ssize_t size = tls_read(tls);
  if (size > 0) return 2;
  if (size == 0) return 0;
  return errno == EAGAIN ? 3 : -1;
}

ssize_t tls_write(tls_s* tls, void* buffer, size_t size) {
  if (tls == nullptr || buffer == nullptr || !tls->session->ssl) {
    errno = EINVAL;
    return -1;
  }
  if (tls->write_buffer != nullptr) {
    // Sofia repeats a write that had to wait; tls_want_write() has done it meanwhile, or it still
    // waits.
    if (buffer != tls->write_buffer || size < tls->write_size) {
      errno = EIO;
      return -1;
    }
    if (tls->write_events != 0) {
      errno = EAGAIN;
      return -1;
    }
    const auto written = static_cast<ssize_t>(tls->write_size);
    tls->write_buffer = nullptr;
    tls->write_size = 0;
    return written;
  }
  if (size == 0) return 0;
  tls->write_events = 0;
  const size_t part = std::min<size_t>(size, 1 << 24);
  ERR_clear_error();
  errno = 0;
  const int written = SSL_write(tls->session->ssl.get(), buffer, static_cast<int>(part));
  if (written > 0) return written;
  if (outcome_of(*tls, written, tls->write_events) == 0) {
    errno = EPIPE;
    return -1;
  }
  if (errno == EAGAIN) {
    tls->write_buffer = buffer;
    tls->write_size = part;
  }
  return -1;
}

// 0 nothing to do or still waiting, 1 the write went through, -1 error.
int tls_want_write(tls_s* tls, int events) {
  if (tls == nullptr || !(events & tls->write_events)) return 0;
  void* buffer = tls->write_buffer;
  const size_t size = tls->write_size;
  tls->write_buffer = nullptr;
  tls->write_size = 0;
  tls->write_events = 0;
  const ssize_t written = tls_write(tls, buffer, size);
  if (written < 0) return errno == EAGAIN ? 0 : -1;
  tls->write_buffer = buffer;
  tls->write_size = static_cast<size_t>(written);
  return 1;
}

int tls_events(tls_s const* tls, int mask) {
  if (tls == nullptr || !tls->slave) return mask;
  int events = mask & ~(SU_WAIT_IN | SU_WAIT_OUT);
  if (mask & SU_WAIT_IN) events |= tls->read_events;
  if (mask & SU_WAIT_OUT) events |= tls->write_events;
  return events;
}

}  // extern "C"
