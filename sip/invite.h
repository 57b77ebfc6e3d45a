#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/net.h"

namespace gw::sip {

enum class Transport { Udp, Tcp, Tls };
std::string_view to_string(Transport transport);  // "udp", "tcp", "tls"

// One address of record or caller identity, unescaped: "Reception" <sip:101@pbx.example.com>
struct NameAddr {
  std::string display;
  std::string user;  // "101", "+14255550100"; "anonymous" stays as it came.
  std::string host;
  uint16_t port = 0;  // 0 = none given.
  bool sips = false;
};

// Who sent a request, decided at admission: a trunk by its source address, else a phone by its
// digest.
struct FromTrunk {
  std::string name;
};
struct FromPhone {
  std::string username;
};
using Peer = std::variant<FromTrunk, FromPhone>;

// Somebody who sent a call on: "+14255550100", "pbx.example.com", "user-busy" (the words of RFC
// 5806).
struct Diverted {
  std::string user, host;
  std::string reason = "unconditional";
  bool hidden = false;  // Not to be shown to people.
};

// The dialog whose place an INVITE takes (RFC 3891).
struct Replaces {
  std::string call_id, to_tag, from_tag;
  bool early_only = false;
  std::optional<uint64_t> dialog;  // Dialog::id(), when the words are a live dialog's own.
};

// Typed view of an INVITE that was admitted. A value; nothing in it points into Sofia.
struct Invite {
  Peer peer;
  NameAddr from, to;
  std::string request_user, request_host;
  std::optional<NameAddr> p_asserted_identity;  // Trunks only: nobody else is believed.
  std::optional<NameAddr> remote_party;         // Remote-Party-ID; likewise.
  std::vector<Diverted>
      diverted;                 // Diversion, else History-Info: who sent it on, the last one first.
  bool private_caller = false;  // Privacy: id, user or header (RFC 3323, 3325).
  std::optional<Replaces> replaces;                                 // Phones only.
  std::string user_to_user;                                         // RFC 7433.
  std::vector<std::pair<std::string, std::string>> custom_headers;  // X-MS-Custom-*, at most five.
  std::optional<std::string> sdp;                                   // None = late offer.
  std::string sip_call_id;
  std::string user_agent;
  SocketAddress source;
  Transport transport = Transport::Udp;
  std::string network;  // Of the listener that it came to; empty = of none.
  unsigned max_forwards = 70;
};

// Where a request goes on the wire; the Request-URI is another matter.
struct NextHop {
  Transport transport = Transport::Udp;
  std::string host;  // Literal or name: sent as SNI and verified against the certificate on TLS.
  uint16_t port = 0;
  SocketAddress address;  // What `host` resolved to, or the source that a phone registered from.
  std::string
      network{};  // Whose listener it leaves by; empty = any that fits, those of no network first.
};

struct Credentials {
  std::string username, password;
};

// An INVITE of ours.
struct OutgoingInvite {
  std::string request_uri;  // "sip:+14255550123@carrier.example", or a phone's contact.
  NextHop next_hop;
  std::vector<std::string> route;  // URIs: the Path that a phone registered with (RFC 3327).
  NameAddr from, to;
  std::optional<NameAddr> p_asserted_identity;
  std::optional<NameAddr> p_preferred_identity;
  std::optional<NameAddr> remote_party;
  bool privacy_id = false;              // Privacy: id; Remote-Party-ID says it its own way.
  std::optional<NameAddr> referred_by;  // Who gave the call away (RFC 3892).
  std::vector<Diverted> diverted;       // The last one first.
  bool say_diversion = false, say_history = false;
  std::string own_host;  // In Contact, as this peer wants us called; empty = our address.
  bool refer = true;     // Allow names REFER, if we take it at all.
  std::string user_to_user;
  std::vector<std::pair<std::string, std::string>> extra_headers;
  std::optional<std::string>
      sdp;  // None = late offer (the 200 carries the offer, we answer in the ACK).
  std::optional<Credentials> credentials;  // Answers 401 and 407 once, MD5 or SHA-256 (RFC 8760).
  unsigned max_forwards = 70;  // Of a call that is passed on: what came, less one. Loops end by it.
  std::string call_id_hint;    // For the log only.
  // Nothing at all came within this, not even 100 Trying: refused with 408. 0 = Timer B, 32 s.
  std::chrono::nanoseconds answer_deadline{};
};

}  // namespace gw::sip
