#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "media/transport/srtp_session.h"
#include "media/transport/transport.h"
#include "media/wire/sdp.h"

namespace gw::media {

struct OpenSslFree {
  void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
  void operator()(SSL* p) const { SSL_free(p); }
};

// The process's DTLS identity: a P-256 certificate made at start (RSA signatures cost 20 times
// more) and what we accept. Owned by the MediaEngine; any thread may make sessions from it.
class DtlsContext {
 public:
  static Result<std::unique_ptr<DtlsContext>> create();

  // Of our certificate, for SDP (RFC 8122).
  const wire::SdpFingerprint& fingerprint() const { return fingerprint_; }
  SSL_CTX* native() const { return context_.get(); }

 private:
  DtlsContext() = default;

  std::unique_ptr<SSL_CTX, OpenSslFree> context_;
  wire::SdpFingerprint fingerprint_;
};

// One DTLS association (RFC 6347) that yields SRTP keys (RFC 5764). Bytes in, bytes out. Owned by
// a WebRtcTransport; the worker's thread. A handshake costs about 2 ms in all, so the worker
// grants one step a loop turn.
class DtlsSession {
 public:
  enum class Role { Passive, Active };
  enum class State { Handshaking, Connected, Failed, Closed };

  static constexpr Duration kHandshakeLimit = 15s;
  static constexpr Duration kLook = 250ms;  // Whether the peer uses its keys: keys_in_use().

  // `fingerprints` are those of the peer's SDP: its certificate must match one of them.
  DtlsSession(const DtlsContext& context, Role role, std::vector<wire::SdpFingerprint> fingerprints,
              TimePoint now);
  ~DtlsSession();
  DtlsSession(const DtlsSession&) = delete;
  DtlsSession& operator=(const DtlsSession&) = delete;

  // Where flights go; an empty address holds them back (retransmission brings them again).
  void set_path(DatagramSink* sink, const SocketAddress& to);

  void receive(std::span<const std::byte> datagram, TimePoint now);
  void connect(TimePoint now);  // Active role: the first flight.
  void close();                 // Sends close_notify.
  // The peer has sent something under the keys, so it has our last flight: OpenSSL's state, 36 kB,
  // goes, but for the close_notify, which is sealed now. What comes over DTLS later can only be the
  // peer's own close_notify, and signalling tells of that.
  void keys_in_use();
  bool keeps_state() const { return ssl_ != nullptr; }

  // Retransmissions; returns when to call again.
  TimePoint on_timer(TimePoint now);

  State state() const { return state_; }
  const std::string& failure() const { return failure_; }
  std::optional<SrtpKeys> take_keys() { return std::exchange(keys_, std::nullopt); }

 private:
  friend struct DtlsBio;

  void step(TimePoint now);
  void finish();
  void fail(std::string why);
  bool peer_matches() const;
  std::optional<SrtpKeys> export_keys() const;
  void read_alerts();

  const Role role_;
  const std::vector<wire::SdpFingerprint> fingerprints_;
  const TimePoint started_;

  std::unique_ptr<SSL, OpenSslFree> ssl_;
  BIO* in_ = nullptr;  // Owned by ssl_.

  DatagramSink* sink_ = nullptr;
  SocketAddress to_;
  bool sealing_ = false;  // What is written now is kept in farewell_.
  std::vector<std::byte> farewell_;
  State state_ = State::Handshaking;
  std::string failure_;
  std::optional<SrtpKeys> keys_;
};

}  // namespace gw::media
