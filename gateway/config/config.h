#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "acs/edge/edge_server.h"
#include "base/clock.h"
#include "base/masked.h"
#include "base/net.h"
#include "media/engine/media_engine.h"
#include "sip/sip_agent.h"

namespace gw::config {

// The configuration as plain values, defaults inline; conf/ shows every key. Loaded by config_load;
// swapped as a whole as shared_ptr<const Config>: a live call keeps the one it began with.

// Where a key was written, for messages: "trunks.d/acme.toml:12".
struct Origin {
  std::string file;
  int line = 0;
};

// A key with the value in force, as text. Secrets are kept only to see whether they changed; they
// are never shown.
struct Setting {
  std::string value;
  bool secret = false;
  Origin origin;  // Of the table when the key is absent.
};
using Settings = std::map<std::string, Setting>;  // "calls.ring_timeout", "phone.101.password"

// Where a party's calls go that it does not take: "102", "+14255550123", "phone:102" or
// "user:alice"; empty = nowhere.
struct Forwarding {
  std::string always{}, busy{}, no_answer{};  // `no_answer`: nor any device is there.
  Duration no_answer_after = 20s;
  bool do_not_disturb = false;  // Busy to everybody.
};

// Which numbers outside, those that a trunk reaches, a party may call, and how much of it.
struct DialPolicy {
  std::vector<std::string> allow{};  // Beginnings: "+1", "+4420". Nothing else, when there are any.
  std::vector<std::string> deny{};   // Unless a longer one is allowed.
  bool international = false;        // What `allow` names is allowed without.
  bool premium = false;
  unsigned max_calls = 0;  // At once; 0 = no limit, as below.
  unsigned minutes_per_day = 0;
  unsigned destinations_per_day = 0;  // Different numbers.
};

struct Phone {
  std::string username;
  Masked password;
  std::string extension;
  std::string display_name;
  std::string caller_id;  // E.164
  std::string identity;   // "8:acs:..." in the cloud, once it was made; the state keeps it.
  std::vector<sip::DigestAlgorithm> digest;  // Empty = [sip] digest.
  std::vector<media::Codec> codecs{media::Codec::G722, media::Codec::Pcmu, media::Codec::Pcma,
                                   media::Codec::Opus};
  media::DtmfMode dtmf = media::DtmfMode::Auto;
  std::string location;  // URI of where it stands, for emergency calls (RFC 6442).
  unsigned max_calls = 4;
  std::optional<unsigned>
      call_waiting;  // Calls that ring beside the first; unset = as max_calls allows.
  unsigned devices = 5;
  bool auto_answer = false;  // Is asked to answer calls of the house itself.
  Forwarding forwarding;
  std::optional<DialPolicy> dial_policy;  // Unset = [dial_policy], as with users and apps.
  Origin origin;
};

struct User {
  std::string name;
  std::string email;
  std::string id;            // "8:acs:..."; empty until the state gives it one.
  std::string display_name;  // Empty = name.
  std::string extension;
  std::vector<std::string> numbers;  // E.164
  std::vector<std::string> alternate_caller_ids;
  bool echo = false;  // 8:echo123 answers itself.
  Forwarding forwarding;
  std::optional<DialPolicy> dial_policy;
  Origin origin;
};

enum class TrunkProfile { Generic, DirectRouting };

enum class HoldBy { SendOnly, Inactive };  // What a party on hold is offered.

enum class Redirects { Off, Peers, Any };  // Whose 3xx is followed, to where.

// What goes out to a trunk of who calls, and what is believed that comes from it.
struct TrunkCallerId {
  bool from = true;                   // The number in From.
  bool p_asserted_identity = true;    // And in P-Asserted-Identity,
  bool p_preferred_identity = false;  // P-Preferred-Identity,
  bool remote_party_id = false;       // Remote-Party-ID.
  bool display_name = true;
  bool diversion = false;     // Who sent the call on, in Diversion,
  bool history_info = false;  // in History-Info.
  bool trusted = false;       // Is told an anonymous caller's number, with Privacy: id (RFC 3325).
  // Its P-Asserted-Identity and Remote-Party-ID are believed; else From alone.
  bool incoming_trusted = true;
};

struct TrunkNumber {
  std::string strip;  // Prefix taken off numbers toward the trunk, e.g. "+".
  std::string add;    // Then put before them.
};

struct Trunk {
  std::string name;
  std::vector<std::string>
      targets{};  // "sip.acme.example", "127.0.0.1:5070", "sip:host:port;transport=tls"
  std::vector<AddressRange> peers{};
  bool registers = false;
  std::string registrar{};  // Where; empty = the first target.
  Duration register_expires = 1h;
  std::string username{};
  Masked password{};
  std::string network{};  // By whose listeners its calls leave, and where their sound comes.
  TrunkProfile profile = TrunkProfile::Generic;
  std::vector<media::Codec> codecs{media::Codec::Pcmu, media::Codec::Pcma, media::Codec::G722};
  std::optional<media::SrtpPolicy> srtp{};  // Unset = [media] srtp.
  Duration options_interval = 30s;          // 0 = never.
  media::Playout playout{media::Playout::Mode::Adaptive};
  media::DtmfMode dtmf = media::DtmfMode::Auto;
  unsigned max_calls = 0;  // 0 = no limit.
  unsigned calls_per_second = 0;
  Duration answer_timeout = 3s;  // Not even 100 Trying: the next target.
  std::vector<int> retry_on{408, 480, 500, 503, 504};
  Redirects follow_redirects = Redirects::Off;
  HoldBy hold = HoldBy::SendOnly;
  std::string
      fqdn{};  // How the carrier knows us: in Contact and From; empty = our address and domain.
  sip::TlsFiles tls{};  // For connections to its targets; empty = [sip.tls].
  TrunkCallerId caller_id{};
  TrunkNumber number{};
  std::optional<DialPolicy> dial_policy{};  // Unset = none: its calls go where routes let them.
  bool cloud = false;                       // The telephone numbers of the ACS resource: no SIP.
  Origin origin{};
};

// The trunk that there is with provider "cloud".
inline constexpr std::string_view kCloudTrunk = "acs";

// What users speak in a call (policy/user_codecs).
enum class RouteMedia { Auto, Opus, G711 };

struct Hours {
  std::string text;          // "Mon-Fri 08:00-18:00 America/Los_Angeles"; empty = always.
  unsigned weekdays = 0x7f;  // Bit 0 = Monday.
  int from_minute = 0, to_minute = 24 * 60;  // to < from wraps over midnight.
  std::string zone;                          // IANA; empty = the machine's.
};

struct Pattern;

struct Route {
  std::string name;
  std::vector<std::string>
      from;        // "phone:NAME", "trunk:NAME", "user:NAME", "phones", "trunks", "users"
  std::string to;  // "+14255550100", "+1425*", "/regex/"
  std::shared_ptr<const Pattern>
      pattern;  // `to` when it is a regex, compiled by the loader (pattern.h).
  Hours hours;
  std::vector<std::string>
      targets;  // "user:alice", "phone:101|phone:102", "trunk:acme"; "$1" from the regex
  std::string caller_id = "pass";   // "pass", "owned" or a number
  std::optional<RouteMedia> media;  // None: [media] user_codec.
  bool ringback = false;            // 183 with our ringback instead of 180.
  Duration ring_timeout{};          // Each target's; 0 = [calls] ring_timeout.
  bool auto_answer = false;         // Phones are asked to answer by themselves, whoever calls.
  Origin origin;
};

// A back end that calls are given to, by route or because it subscribed to whom they call: it is
// told of them at its webhook and does with them what it likes, over the served Call Automation
// API.
struct App {
  // Whether it wants to hear of calls to this one: an identity, a number, an extension.
  bool subscribes_to(std::string_view called) const;

  std::string name;
  std::string webhook;          // IncomingCall events go there.
  bool cloud_events = false;    // Their schema; else Event Grid's.
  Duration ring_timeout = 30s;  // To answer, redirect or reject; then the next target's turn.
  std::vector<std::string>
      calls_to;  // "8:acs:*", "+14255550100": it hears of these beside those who ring.
  std::optional<DialPolicy> dial_policy;
  Origin origin;
};

// An address of its own for some peers. Ports "" = [media] ports.
struct Network {
  std::string name, bind, advertise, ports;
};

struct Config {
  std::string folder;  // Where relative paths start.
  sip::SipConfig sip;

  struct Media {
    media::MediaConfig engine;
    media::SrtpPolicy srtp = media::SrtpPolicy::Offered;
    RouteMedia user_codec = RouteMedia::Auto;  // Where no route says otherwise.
  } media;

  // Whose calls a phone may take by INVITE with Replaces: none, those that still ring, or anybody's
  // conversation too.
  enum class Pickup { Off, Ringing, Any };
  struct Calls {
    Duration ring_timeout = 120s, media_timeout = 30s, max_duration = 4h, drain_timeout = 60s,
             resume_window = 120s;
    std::string hold_music = "tune";  // The built-in one; empty = silence; else a WAV file.
    Pickup pickup = Pickup::Ringing;
  } calls;

  struct Edge {
    std::optional<SocketAddress> listen;      // 0.0.0.0:8443 by default
    std::optional<SocketAddress> local_http;  // Off by default; loopback only.
    std::string certificate, key;  // Empty = the first-start certificate in the state folder.
    std::vector<std::string> allowed_origins;
    std::optional<acs::edge::TurnConfig> turn;
    std::string network;  // Browsers' sound comes there; empty = to [media] address.
    Duration token_lifetime = 24h;
    bool demo_tokens = false;
  } edge;

  struct Acs {
    std::string provider = "edge";
    std::string resource_id;          // Empty = made at first start, kept in the state folder.
    std::vector<Masked> access_keys;  // Base64; empty = the state folder's access-key.
    std::vector<Masked> api_keys;     // Of back ends that ask /users; none = access keys alone.
    // For provider "cloud".
    Masked connection_string;
    std::string callback_url;  // "https://gw.example.com": where ACS reaches our edge listener.
    std::string app_ca;        // PEM of private CAs: webhooks, callbacks, streams, files of apps.
    Masked webhook_secret;     // Of Event Grid's URL; empty = the state folder's webhook-secret.
    unsigned sample_rate = 16000;  // 16000 or 24000: PCM to and from ACS.
    bool unmixed = false;          // One stream a participant.
    std::string cloud_ca;          // PEM of private CAs: the resource, and its published keys.
    std::string token_issuer = "https://acscallautomation.communication.azure.com";
    std::string token_metadata =
        "https://acscallautomation.communication.azure.com/calling/.well-known/"
        "acsopenidconfiguration";
    bool cloud() const { return provider == "cloud"; }
  } acs;

  struct Admin {
    std::optional<SocketAddress> listen;  // 127.0.0.1:9080 by default
    Masked token;
  } admin;

  std::string state_dir = "/var/lib/acs-gateway";
  std::string store_url = "sqlite:gateway.db";
  std::string cdr_file = "/var/log/acs-gateway/cdr.jsonl";

  struct Limits {
    unsigned max_calls = 1000;
    unsigned calls_per_second = 200;
    // Of one caller, burst ten seconds' worth; 0 = no limit.
    unsigned rest_requests_per_second = 100;
  } limits;

  struct Numbers {
    std::string country = "US";
    std::vector<std::string> emergency{"911", "112", "933"};
    std::vector<std::string> owned;
  } numbers;

  DialPolicy dial_policy;  // Of phones, users and apps without one of their own.

  struct Emergency {
    std::string callback;  // E.164: presented for who has no number of their own.
    std::string location;  // URI, for phones without one, and for users.
    std::string webhook;   // Is told of every emergency call.
  } emergency;

  struct Hep {         // Where a copy of the signalling goes.
    std::string host;  // Empty = nowhere.
    uint16_t port = 9060;
    uint32_t capture_id = 2001;
    Masked password;
    bool operator==(const Hep&) const = default;
  } hep;

  std::vector<Network> networks;
  std::vector<Phone> phones;
  // As the loader leaves them, for thousands of phones: sorted by username, and found by extension.
  bool phones_sorted = false;
  std::map<std::string, size_t, std::less<>> phone_of_extension;
  std::vector<User> users;
  std::vector<Trunk> trunks;
  std::vector<Route> routes;
  std::vector<App> apps;

  Settings settings;  // What config_reload compares.

  const Phone* phone(std::string_view username) const;
  const Phone* phone_by_extension(std::string_view extension) const;
  const Phone* phone_by_identity(std::string_view raw_id) const;
  const User* user(std::string_view name) const;
  const User* user_by_id(std::string_view raw_id) const;
  const User* user_by_extension(std::string_view extension) const;
  const Trunk* trunk(std::string_view name) const;
  const Trunk* trunk_of(const SocketAddress& source) const;
  const App* app(std::string_view name) const;
  const Network* network(std::string_view name) const;
};

// sip.called_tls: the trunks' files, with those of [sip.tls] where a trunk names none. Once
// [sip.tls] is complete.
void complete_called_tls(Config& config);

using Snapshot = std::shared_ptr<const Config>;

}  // namespace gw::config
