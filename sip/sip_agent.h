#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/result.h"
#include "sip/dialog.h"
#include "sip/invite.h"
#include "sip/line_dialog.h"

namespace gw::sip {

class SofiaLoop;
class Registrar;

struct ListenAddress {
  Transport transport = Transport::Udp;
  SocketAddress
      address;  // Port 0 = a free one; UDP and TCP with port 0 on the same host share one.
  std::string network{};    // What it belongs to; empty = to none.
  std::string advertise{};  // Host in Contact and Via; empty = SipConfig's, or the address of a
                            // network's listener.
};

enum class ClientCertificates { Off, Optional, Required };

struct TlsFiles {
  std::string certificate, key, ca;  // PEM paths; certificate with its chain.
  ClientCertificates clients = ClientCertificates::Off;
};

// Files for connections that we open to one host: a trunk's client certificate and its CAs.
struct CalledTls {
  std::string host;  // As targets name it; a literal without brackets.
  TlsFiles files;
};

enum class DigestAlgorithm { Md5, Sha256 };

// Limits of whoever is no trunk.
struct SourceLimits {
  std::vector<AddressRange> allow{};  // Not empty: nobody else is heard.
  std::vector<AddressRange> deny{};   // Never heard.
  // Out-of-dialog requests of one source address, burst twice that. 0 = no limit.
  double requests_per_second = 50;
  unsigned over_rate = 500;  // Requests over that within ten seconds, then a ban. 0 = none.
  unsigned scans = 200;  // Challenges left unanswered within a minute (scanners' agents count 20,
                         // malformed requests 10), then a ban. 0 = none.
  // Wrong passwords or unknown users of one source within a minute, then a ban.
  unsigned failed_digests = 10;
  Duration ban = 5min;  // The first; each further one lasts twice as long.
  // A second, after its digest; burst ten seconds' worth. 0 = no limit.
  double registers_per_phone = 2;
  double invites_per_phone = 10;
};

// A source that gets silence for a while.
struct BannedSource {
  SocketAddress address;    // Port 0.
  std::string_view reason;  // "digest", "rate", "scan"
  Duration left{};
  unsigned times = 0;  // The how manieth ban of late.
};

struct SipConfig {
  std::vector<ListenAddress> listen;
  std::string domain;     // Registrar's domain and digest realm.
  std::string advertise;  // 1:1 NAT: host in Contact and Via; empty = the listener's.
  std::vector<DigestAlgorithm> digest{DigestAlgorithm::Md5,
                                      DigestAlgorithm::Sha256};  // Challenges, in this order.
  TlsFiles tls;
  std::vector<CalledTls> called_tls;  // Else `tls` serves for these too.
  SourceLimits limits;
  Duration shed_lag = 100ms;  // While the loop is later than this, new work is refused. 0 = never.
  Duration min_expires = 60s, max_expires = 3600s, default_expires = 600s;
  std::string user_agent = "acs-gateway";
  std::string name_servers;          // Of the resolver: "192.0.2.53:53,..."; empty = the system's.
  Duration min_session = 90s;        // Shorter session timers are refused with 422 (RFC 4028 4).
  Duration session_expires = 30min;  // What we ask for; 0 = we take part only when the peer asks.
  // An INVITE of ours that rings on without a word is cancelled after this (Timer C).
  Duration timer_c = 3min;
  // A TCP or TLS connection over which nobody was admitted is closed after this.
  Duration stranger_idle = 60s;
  Duration t1 = 500ms;  // Round-trip estimate behind every SIP timer (RFC 3261 17.1.1.1).
};

struct PhoneAccount {
  std::string username;
  std::string password;
  std::vector<DigestAlgorithm> digest;  // Empty = the agent's.
  unsigned max_devices = 5;
};

// "Are you there?", to a trunk's target (RFC 3261 11).
struct OutgoingOptions {
  std::string request_uri;
  NextHop next_hop;
  std::string own_host;    // In Contact and From; empty = our address.
  bool refer = true;       // Allow names REFER, if we take it at all.
  Duration deadline = 4s;  // Silence longer than this is 408.
};

// A REGISTER of ours at a carrier's registrar.
struct OutgoingRegister {
  std::string request_uri;  // "sip:carrier.example"
  NextHop next_hop;
  NameAddr address;  // Of record: To and From.
  std::string contact_user;
  std::string call_id;    // The same for all of one registration.
  Duration expires = 1h;  // 0 = not any more.
  std::optional<Credentials> credentials;
};

// What became of it.
struct Enrolment {
  int status = 0;      // 200, 403, ...; 408 and 503 also when nobody answered.
  bool local = false;  // The registrar said nothing.
  std::string reason;
  Duration expires{};      // Granted.
  Duration min_expires{};  // 423: not for less than this.
  Duration retry_after{};
};

// What the agent asks its owner: configuration that may be swapped while it runs. Signalling
// thread, returns at once.
class SipDirectory {
 public:
  virtual ~SipDirectory() = default;
  virtual std::optional<std::string> trunk_of(const SocketAddress& source) const = 0;  // Its name.
  virtual std::optional<PhoneAccount> phone(std::string_view username) const = 0;
  // How this trunk wants us called in Contact; empty = by our address.
  virtual std::string own_host([[maybe_unused]] std::string_view trunk) const { return {}; }
  // May this trunk transfer calls by REFER? Microsoft's proxy does it itself when Allow does not
  // name it.
  virtual bool takes_refer([[maybe_unused]] std::string_view trunk) const { return true; }
  // Is this a trunk's address, whatever the port? A connection comes from any.
  virtual bool trunk_host(const SocketAddress& source) const {
    return trunk_of(source).has_value();
  }
  // The list that somebody is challenged with whom nobody knows: that of the phone which `pick`
  // picks.
  virtual std::vector<DigestAlgorithm> decoy_digest([[maybe_unused]] uint64_t pick) const {
    return {};
  }
  // An emergency number: its INVITE is neither rate-limited, nor banned, nor shed while draining.
  // Who calls is still asked.
  virtual bool always_admitted([[maybe_unused]] std::string_view request_user) const {
    return false;
  }
  // The extension that phones may watch under this name: its key, and its dialogs now; none when
  // there is no such extension.
  virtual std::optional<std::string> line_of([[maybe_unused]] std::string_view request_user) const {
    return std::nullopt;
  }
  virtual std::vector<LineDialog> line([[maybe_unused]] std::string_view key) const { return {}; }
};

// What the agent gives its owner: each INVITE that passed admission, with its dialog (100 Trying
// has been sent).
class InviteHandler {
 public:
  virtual ~InviteHandler() = default;
  // Returns the observer of the dialog; it must outlive it. nullptr: the handler refused through
  // the dialog already.
  virtual DialogObserver* on_invite(const Invite& invite, std::unique_ptr<Dialog> dialog) = 0;
};

// A SIP message as it crossed the wire in the clear, for a capture. Lasts as long as the call.
struct CapturedMessage {
  Transport transport = Transport::Udp;
  SocketAddress from, to;
  std::string_view text, call_id;
};

// The SIP front end: one nta agent, its listeners, admission before any transaction, digest,
// REGISTER and OPTIONS, and INVITE dialogs both ways (RFC 3261). Owned by App; lives on the
// signalling thread. Without Sofia's nua: see docs/architecture.md.
class SipAgent {
 public:
  static Result<std::unique_ptr<SipAgent>> start(SofiaLoop& loop, SipConfig config,
                                                 SipDirectory& directory, InviteHandler& handler,
                                                 Registrar& registrar, const Clock& clock,
                                                 Random& random, Metrics& metrics, Log log);
  virtual ~SipAgent() = default;

  // The addresses really bound, in the configuration's order.
  virtual std::vector<ListenAddress> listening() const = 0;

  // Sends an INVITE. nullptr when it cannot even be built (bad URI); everything later comes through
  // the observer.
  virtual std::unique_ptr<Dialog> invite(const OutgoingInvite& invite,
                                         DialogObserver& observer) = 0;

  // The status; 408 on silence, 503 when the transport failed.
  virtual void options(const OutgoingOptions& options, std::function<void(int status)> done) = 0;
  virtual void enrol(const OutgoingRegister& request,
                     std::function<void(const Enrolment&)> done) = 0;

  // What `line` says of an extension has changed: who watches it is told.
  virtual void line_changed([[maybe_unused]] std::string_view key) {}

  // Draining or overloaded: new INVITEs and OPTIONS get 503 with Retry-After; subscriptions end, to
  // be made anew later.
  virtual void set_accepting(bool accepting) = 0;

  virtual void set_config(
      const SipConfig& config) = 0;  // After a reload: digest, limits, expiry; not listeners.
  // Of every message, in and out, retransmissions too; none = no more.
  virtual void set_capture([[maybe_unused]] std::function<void(const CapturedMessage&)> capture) {}
  virtual size_t open_dialogs() const = 0;  // Those still finishing in the background included.
  virtual std::vector<BannedSource> bans() { return {}; }
  // False: it was not banned.
  virtual bool lift_ban(const SocketAddress& /*source*/) { return false; }
};

}  // namespace gw::sip
