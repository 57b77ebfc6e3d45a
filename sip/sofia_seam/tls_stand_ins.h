#pragma once

#include "base/result.h"
#include "sip/sofia_seam/tls_identity.h"

namespace gw::sip::seam {

// Sofia's own tls_connect() does two things: the handshake, which we do ourselves, and the
// bookkeeping of a transport whose structure is private to the library. It decides by what
// SSL_connect() or SSL_accept() says of the SSL it is shown, and asks that for the peer's
// certificate (and leaks it). So we show it one of these and it does only the bookkeeping.
struct StandIns {
  SslPtr done;         // Handshake complete, no peer certificate.
  SslPtr wants_read;   // Waits for its peer for ever.
  SslPtr wants_write;  // Can never write its first message.
  BioPtr drain;        // The other end of wants_write's narrow pipe.
};

// Makes them by a handshake of the identity with itself in memory, which also proves that its
// certificate is usable.
Result<StandIns> make_stand_ins(const TlsIdentity& identity);

}  // namespace gw::sip::seam
