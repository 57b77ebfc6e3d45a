#pragma once

#include <string>

#include "base/result.h"
#include "sip/sip_agent.h"

namespace gw::sip {

// Loads and checks `files` and keeps them as the TLS identity `name`. Give the same name to Sofia as TPTAG_CERTIFICATE(name)
// when the tls listener is added; "sip" will do for one agent. Called again (reload), new connections use the new files, open
// ones keep theirs. Any thread.
//
// The policy is ours, Sofia's TPTAG_TLS_* are ignored: TLS 1.2 and up, forward secrecy only; our certificate and chain both as
// server and as client; a server's certificate must be issued by `ca` (the system's when empty) and name the host that we
// connect to; a client's is asked for as `files.clients` says.
Result<void> set_tls_identity(const std::string& name, const TlsFiles& files);

}  // namespace gw::sip
