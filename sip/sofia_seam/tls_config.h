#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/net.h"
#include "base/result.h"
#include "sip/sip_agent.h"

namespace gw::sip {

// A handshake that failed, for the log: whom we spoke to, by which name (ours to check when we
// called, the SNI when they did), and OpenSSL's reason. Called on the agent's thread; as often as
// the network likes, so limit the rate of what it writes.
struct TlsFailure {
  SocketAddress peer;
  std::string host;
  std::string reason;
  bool outgoing = false;
};
using TlsFailed = std::function<void(const TlsFailure&)>;

// Loads and checks `files` and keeps them as the TLS identity `name`. Give the same name to Sofia
// as TPTAG_CERTIFICATE(name) when the tls listener is added; "sip" will do for one agent. Called
// again (reload), new connections use the new files, open ones keep theirs; after a failure the old
// ones stay in force. Any thread.
//
// The policy is ours, Sofia's TPTAG_TLS_* are ignored: TLS 1.2 and up, forward secrecy only; our
// certificate and chain both as server and as client; a server's certificate must be issued by `ca`
// (the system's when empty) and name the host that we connect to; a client's is asked for as
// `files.clients` says. Of several identities the one that bears the name a client asks for (SNI)
// answers. What a verified peer is called is in tport_delivered_from_subjects().
Result<void> set_tls_identity(const std::string& name, const TlsFiles& files,
                              TlsFailed failed = {});

// Files of its own for connections that the agent of `name` opens to `host` (a trunk's client
// certificate). Who asks for a name that this certificate bears is served it too (SNI).
Result<void> set_called_identity(const std::string& name, const std::string& host,
                                 const TlsFiles& files, TlsFailed failed = {});
// Those of `name` to other hosts than these are no more.
void keep_called_identities(const std::string& name, const std::vector<std::string>& hosts);

// When its agent is gone: nobody is served this certificate any more. Open connections keep it.
void forget_tls_identity(const std::string& name);

}  // namespace gw::sip
