#pragma once

#include <memory>
#include <string>

#include "base/net.h"
#include "media/transport/dtls.h"
#include "media/transport/srtp_session.h"
#include "media/transport/transport.h"
#include "media/wire/offer_answer.h"

namespace gw::media {

// DTLS over one pair of ports of a phone, and the SRTP that it yields (RFC 5763, 5764): RTP's, and
// RTCP's beside it unless both share one. No ICE: flights go to where the SDP says until the phone
// is heard from elsewhere; who it is, its certificate proves. Owned by an RtpTransport; its thread.
class DtlsKeying {
 public:
  enum class Change { None, Connected, Failed };

  DtlsKeying(const DtlsContext& context, DatagramSink& sink, const wire::RemoteDtls& remote,
             TimePoint now);

  // Where the phone should be. In the active role our first flight goes there.
  void start(const SocketAddress& to, TimePoint now);
  Change receive(std::span<const std::byte> datagram, const SocketAddress& from, TimePoint now);
  Change on_timer(TimePoint now);
  TimePoint due() const { return due_; }
  void close() { dtls_.close(); }

  // The same association serves another offer whose certificate and role are the same (RFC 8842 5).
  bool serves(const wire::RemoteDtls& remote) const;
  SrtpSession* srtp() const { return srtp_.get(); }  // Null until the handshake is done.
  std::string_view suite() const { return suite_; }
  const std::string& failure() const { return failure_; }

 private:
  Change changed();

  DatagramSink& sink_;
  const wire::RemoteDtls remote_;
  DtlsSession dtls_;
  std::unique_ptr<SrtpSession> srtp_;
  std::string_view suite_;
  std::string failure_;
  TimePoint due_ = kNever;
  bool settled_ = false;  // Connected or failed, and told.
};

}  // namespace gw::media
