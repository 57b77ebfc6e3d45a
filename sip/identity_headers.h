#pragma once

#include <string>
#include <vector>

#include "sip/invite.h"
#include "sip/sofia_sip.h"

namespace gw::sip {

// Who calls, and who sent the call on, in the headers of a request: P-Asserted-Identity and
// P-Preferred-Identity (RFC 3325), Remote-Party-ID, Privacy (RFC 3323), Diversion (RFC 5806),
// History-Info (RFC 7044). Pure.

inline constexpr size_t kMaxDiverted = 5;  // A call that was sent on more often is a loop.

// Header lines of an INVITE of ours, "Name: value\r\n".
std::string identity_lines(const OutgoingInvite& invite);

// Who sent a received call on, the last one first: as Diversion says, else as History-Info does.
std::vector<Diverted> diverted_of(const sip_t& request);

// The caller as Remote-Party-ID names it (an old draft that carriers still speak); none without one
// of party=calling. Hidden when its privacy is neither "off" nor absent.
struct RemoteParty {
  NameAddr address;
  bool hidden = false;
};
std::optional<RemoteParty> remote_party_of(const sip_t& request);

}  // namespace gw::sip
