#include "gateway/config/sections.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "acs/call_automation/call_requests.h"
#include "acs/cloud/connection_string.h"
#include "gateway/config/certificate_check.h"
#include "gateway/config/values.h"

namespace gw::config {
namespace {

constexpr Duration kDay = 24h;

// "off" or "" switches a listener off; `out` holds the default.
void read_listen(Section& section, std::string_view key, std::optional<SocketAddress>& out,
                 bool may_be_off) {
  std::string text = out ? out->to_string() : "off";
  section.text(key, text);
  if (may_be_off && (text == "off" || text.empty())) {
    out.reset();
    return;
  }
  const auto address = SocketAddress::parse(text);
  if (address && (address->port() != 0 || text.ends_with(":0"))) {
    out = *address;
    return;
  }
  section.error(key, "\"" + text + "\" is not ADDRESS:PORT, e.g. \"127.0.0.1:8080\"");
}

void read_sip_listen(Section& section, const std::vector<Network>& networks,
                     std::vector<sip::ListenAddress>& out) {
  std::vector<std::string> texts{"udp:0.0.0.0:5060", "tcp:0.0.0.0:5060", "tls:0.0.0.0:5061"};
  section.texts("listen", texts);
  if (texts.empty()) section.error("listen", "is empty: SIP needs at least one listener");
  for (const std::string& text : texts) {
    const auto listen = parse_listen(text, networks);
    if (!listen) {
      section.error("listen", listen.error().detail);
      continue;
    }
    const bool twice = std::ranges::any_of(out, [&](const sip::ListenAddress& other) {
      return other.transport == listen->transport && other.address == listen->address &&
             listen->address.port() != 0;
    });
    if (twice) section.error("listen", "\"" + text + "\" stands twice");
    if (!twice) out.push_back(*listen);
  }
}

}  // namespace

// Both empty = the one made at first start, or another table's.
void read_certificate(Section& section, std::string& certificate, std::string& key) {
  const bool there = section.path("certificate", certificate, true);
  const bool key_there = section.path("key", key, true);
  if (certificate.empty() != key.empty()) {
    section.error(key.empty() ? "certificate" : "key", "certificate and key go together");
    return;
  }
  if (certificate.empty() || !there || !key_there) return;
  const auto problem = check_certificate(certificate, key);
  if (!problem) return;
  const char* where = problem->in_key ? "key" : "certificate";
  if (problem->warning)
    section.warn(where, problem->text);
  else
    section.error(where, problem->text);
}

// Where somebody stands, by reference (RFC 6442 4.1).
void read_location(Section& section, std::string& out) {
  section.text("location", out);
  const bool uri = out.starts_with("https://") || out.starts_with("http://") ||
                   out.starts_with("sip:") || out.starts_with("sips:") || out.starts_with("pres:");
  if (out.empty() || (uri && out.find_first_of(" <>\"\r\n") == std::string::npos)) return;
  section.error("location", "\"" + out + "\" is no URI: https:, sip: or pres:");
}

namespace {

void read_name_servers(Section& section, std::string& out) {
  std::vector<std::string> texts;
  section.texts("name_servers", texts);
  for (const std::string& text : texts) {
    if (SocketAddress::parse(text, 53)) {
      out += (out.empty() ? "" : ",") + text;
    } else {
      section.error("name_servers",
                    "\"" + text + "\" is no address: \"192.0.2.53\" or \"192.0.2.53:5353\"");
    }
  }
}

void read_sip(Section sip, const std::vector<Network>& networks, sip::SipConfig& out) {
  read_sip_listen(sip, networks, out.listen);
  sip.text("domain", out.domain);
  if (!out.domain.empty() && !is_host_name(out.domain) && !SocketAddress::parse(out.domain)) {
    sip.error("domain", "\"" + out.domain + "\" is no host name or IP address");
  }
  sip.text("advertise", out.advertise);
  if (!out.advertise.empty() && !is_host_name(out.advertise) &&
      !SocketAddress::parse(out.advertise)) {
    sip.error("advertise", "\"" + out.advertise + "\" is no host name or IP address");
  }
  read_digest(sip, out.digest);
  if (out.digest.empty()) sip.error("digest", "is empty: at least one of MD5, SHA-256");
  sip.duration("min_expires", out.min_expires, 10s, kDay);
  sip.duration("default_expires", out.default_expires, 10s, kDay);
  sip.duration("max_expires", out.max_expires, 10s, 7 * kDay);
  if (out.min_expires > out.default_expires || out.default_expires > out.max_expires) {
    sip.error("default_expires", "must lie between min_expires and max_expires");
  }
  sip.duration("session_expires", out.session_expires, 0s, kDay);
  if (out.session_expires > 0s && out.session_expires < out.min_session) {
    sip.error("session_expires", "must be \"0s\" (not asked for) or at least \"90s\"");
  }
  sip.text("user_agent", out.user_agent);
  read_name_servers(sip, out.name_servers);

  Section tls = sip.table("tls");
  read_certificate(tls, out.tls.certificate, out.tls.key);
  tls.path("ca", out.tls.ca, true);
  tls.choice("client_certificates", out.tls.clients,
             {{"off", sip::ClientCertificates::Off},
              {"optional", sip::ClientCertificates::Optional},
              {"required", sip::ClientCertificates::Required}});
  tls.finish();
  sip.finish();
}

void read_ports(Section& section, std::string_view key, uint16_t& low, uint16_t& high,
                bool may_be_any) {
  std::string text = low == 0 ? "0" : std::to_string(low) + "-" + std::to_string(high);
  section.text(key, text);
  const auto ports = parse_ports(text);
  if (!ports || (ports->first == 0 && !may_be_any)) {
    section.error(key, "\"" + text + "\" is no port range, e.g. \"16384-32767\"");
  } else if (!may_be_any && ports->second - ports->first < 3) {
    section.error(key, "\"" + text + "\" has no room: a call takes four ports");
  } else {
    low = ports->first;
    high = ports->second;
  }
}

void read_address(Section& section, std::string_view key, std::optional<SocketAddress>& out) {
  std::string text;
  section.text(key, text);
  if (text.empty()) return;
  out = SocketAddress::parse(text);
  if (!out || out->port() != 0)
    section.error(key, "\"" + text + "\" is no IP address (without port)");
}

void read_media(Section media, Config::Media& out) {
  std::optional<SocketAddress> address;
  read_address(media, "address", address);
  if (address) out.engine.address = *address;
  read_address(media, "address6", out.engine.address6);
  if (out.engine.address6 && !out.engine.address6->v6()) {
    media.error("address6", "is no IPv6 address");
  }
  media.text("advertise", out.engine.advertise);
  if (!out.engine.advertise.empty() && !SocketAddress::parse(out.engine.advertise)) {
    media.error("advertise", "\"" + out.engine.advertise + "\" is no IP address");
  }
  read_ports(media, "ports", out.engine.port_low, out.engine.port_high, false);
  read_ports(media, "webrtc_ports", out.engine.webrtc_low, out.engine.webrtc_high, true);
  const bool apart =
      out.engine.webrtc_high < out.engine.port_low || out.engine.webrtc_low > out.engine.port_high;
  if (out.engine.webrtc_low != 0 && !apart) media.error("webrtc_ports", "overlaps ports");
  media.number("workers", out.engine.workers, 0, 256);
  media.choice("srtp", out.srtp,
               {{"offered", media::SrtpPolicy::Offered},
                {"required", media::SrtpPolicy::Required},
                {"off", media::SrtpPolicy::Off}});
  media.choice(
      "user_codec", out.user_codec,
      {{"auto", RouteMedia::Auto}, {"opus", RouteMedia::Opus}, {"g711", RouteMedia::G711}});
  std::string dscp = "EF";
  media.text("dscp", dscp);
  if (const auto value = parse_dscp(dscp)) {
    out.engine.dscp = *value;
  } else {
    media.error("dscp",
                "\"" + dscp + "\" is no DSCP: EF, CS0 to CS7, AF11 to AF43 or \"0\" to \"63\"");
  }

  Section opus = media.table("opus");
  opus.number("complexity", out.engine.opus_complexity, 0, 10);
  opus.number("bitrate", out.engine.opus_bitrate, 6000, 128'000);
  opus.finish();
  media.finish();
}

void read_calls(Section calls, Config& config) {
  Config::Calls& out = config.calls;
  calls.duration("ring_timeout", out.ring_timeout, 1s, 30min);
  calls.duration("media_timeout", out.media_timeout, 1s, 1h);
  calls.duration("max_duration", out.max_duration, 1s, 7 * kDay);
  calls.duration("drain_timeout", out.drain_timeout, 0s, kDay);
  calls.duration("resume_window", out.resume_window, 0s, 1h);
  std::string music = out.hold_music;
  calls.text("hold_music", music);
  if (music.empty() || music == "tune") {
    out.hold_music = music;
  } else {
    calls.path("hold_music", out.hold_music, true);
  }
  calls.choice("pickup", out.pickup,
               {{"off", Config::Pickup::Off},
                {"ringing", Config::Pickup::Ringing},
                {"any", Config::Pickup::Any}});
  calls.finish();
  config.media.engine.media_timeout = out.media_timeout;
}

// "https://app.example.com", "http://localhost:3000", or "localhost" for any port of any loopback
// origin.
bool is_origin(std::string_view text) {
  if (text == "localhost") return true;
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (!text.starts_with(scheme)) continue;
    const std::string_view rest = text.substr(scheme.size());
    return !rest.empty() && rest.find_first_of("/*? ") == std::string_view::npos;
  }
  return false;
}

bool is_url_word(std::string_view text) {
  return text.size() >= 16 && std::ranges::all_of(text, [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '-' || c == '_';
         });
}

// "http://127.0.0.1:8080/x" -> "127.0.0.1:8080"
std::string authority_of(std::string_view url) {
  url.remove_prefix(std::min(url.find("://"), url.size()));
  url.remove_prefix(std::min<size_t>(3, url.size()));
  return std::string(url.substr(0, url.find('/')));
}

bool is_loopback(const std::string& authority) {
  const auto address = SocketAddress::parse(authority);
  return (address && address->loopback()) ||
         authority.substr(0, authority.find(':')) == "localhost";
}

void read_turn(Section turn, bool given, std::optional<acs::edge::TurnConfig>& out) {
  acs::edge::TurnConfig config;
  Masked secret;
  turn.texts("urls", config.urls);
  turn.secret("secret", secret);
  turn.duration("lifetime", config.lifetime, 1min, kDay);
  turn.finish();
  if (!given) return;
  if (config.urls.empty()) turn.error("urls", "is missing, e.g. [\"turn:turn.example.com:3478\"]");
  for (const std::string& url : config.urls) {
    if (url.starts_with("turn:") || url.starts_with("turns:") || url.starts_with("stun:")) continue;
    turn.error("urls", "\"" + url + "\" is no turn: or turns: URL");
  }
  if (secret.empty())
    turn.error("secret", "is missing: coturn's static-auth-secret as \"file:...\"");
  config.secret = secret.reveal();
  out = std::move(config);
}

void read_edge(Section edge, Config::Edge& out) {
  out.listen = SocketAddress::parse("0.0.0.0:8443");
  read_listen(edge, "listen", out.listen, true);
  read_listen(edge, "local_http", out.local_http, true);
  if (out.local_http && !out.local_http->loopback()) {
    edge.error("local_http",
               "is plain HTTP and must be a loopback address, e.g. \"127.0.0.1:8080\"");
  }
  read_certificate(edge, out.certificate, out.key);
  edge.texts("allowed_origins", out.allowed_origins);
  for (const std::string& origin : out.allowed_origins) {
    if (is_origin(origin)) continue;
    edge.error("allowed_origins",
               "\"" + origin + "\" is no origin: \"https://HOST[:PORT]\" or \"localhost\"");
  }
  const bool turn = edge.has("turn");
  read_turn(edge.table("turn"), turn, out.turn);
  edge.text("network", out.network);
  edge.duration("token_lifetime", out.token_lifetime, 1h, kDay);
  edge.flag("demo_tokens", out.demo_tokens);
  edge.finish();
}

// What only provider "cloud" needs. Without it the keys are read all the same: they may stand
// there.
void read_cloud(Section& acs, Config::Acs& out) {
  acs.secret("connection_string", out.connection_string);
  acs.text("callback_url", out.callback_url);
  if (!out.callback_url.empty() && !out.callback_url.starts_with("https://")) {
    acs.error("callback_url", "must begin with https://");
  }
  if (out.callback_url.ends_with('/')) out.callback_url.pop_back();
  acs.secret("webhook_secret", out.webhook_secret);
  if (!out.webhook_secret.empty() && !is_url_word(out.webhook_secret.reveal())) {
    acs.error("webhook_secret", "must be 16 or more of A-Z a-z 0-9 - _: it stands in a URL");
  }
  acs.number("sample_rate", out.sample_rate, 16000, 24000);
  if (out.sample_rate != 16000 && out.sample_rate != 24000) {
    acs.error("sample_rate", "is neither 16000 nor 24000");
  }
  acs.choice("audio_channels", out.unmixed, {{"mixed", false}, {"unmixed", true}});
  acs.path("cloud_ca", out.cloud_ca, true);
  acs.text("token_issuer", out.token_issuer);
  acs.text("token_metadata", out.token_metadata);
  if (!out.cloud()) return;
  if (out.connection_string.empty()) {
    acs.error("connection_string", "is missing: \"env:ACS_CONNECTION_STRING\" or \"file:...\"");
  } else if (const auto resource = acs::cloud::parse_connection_string(out.connection_string);
             !resource) {
    acs.error("connection_string", resource.error().detail);
  } else if (!resource->tls && !is_loopback(resource->authority)) {
    acs.error("connection_string", "names an http:// endpoint off loopback: use https://");
  }
  if (out.callback_url.empty()) {
    acs.error("callback_url", "is missing: the https:// address at which ACS reaches edge.listen");
  }
  if (out.resource_id.empty()) {
    acs.error("resource_id",
              "is missing: the immutable resource id of the ACS resource, which its "
              "tokens are made out to");
  }
  for (const auto& [key, url] : {std::pair("token_issuer", &out.token_issuer),
                                 std::pair("token_metadata", &out.token_metadata)}) {
    if (url->starts_with("https://")) continue;
    const bool inside = url->starts_with("http://") && is_loopback(authority_of(*url));
    if (!inside) acs.error(key, "must begin with https://");
  }
}

void read_acs(Section acs, Config::Acs& out) {
  acs.text("provider", out.provider);
  if (out.provider != "edge" && out.provider != "cloud") {
    acs.error("provider", "\"" + out.provider + "\" is not one of edge, cloud");
  }
  acs.text("resource_id", out.resource_id);
  if (!out.resource_id.empty() && !is_guid(out.resource_id)) {
    acs.error("resource_id", "\"" + out.resource_id + "\" is no GUID");
  }
  acs.secrets("access_keys", out.access_keys);
  for (const Masked& key : out.access_keys) {
    if (!key.empty() && !is_base64(key.reveal())) acs.error("access_keys", "a key is not base64");
  }
  acs.secrets("api_keys", out.api_keys);
  for (const Masked& key : out.api_keys) {
    if (!key.empty() && key.reveal().size() < 16) {
      acs.error("api_keys", "a key is shorter than 16 characters and could be guessed");
    }
  }
  acs.path("app_ca", out.app_ca, true);
  read_cloud(acs, out);
  acs.finish();
}

void read_admin(Section admin, Config::Admin& out) {
  out.listen = SocketAddress::parse("127.0.0.1:9080");
  read_listen(admin, "listen", out.listen, true);
  admin.secret("token", out.token);
  if (out.listen && !out.listen->loopback() && out.token.empty()) {
    admin.error("listen", "is open to others: set admin.token, or listen on 127.0.0.1");
  }
  admin.finish();
}

void read_state(Section& root, Config& config) {
  Section state = root.table("state");
  state.path("dir", config.state_dir, false);
  if (config.state_dir.empty())
    state.error("dir", "is empty: the gateway must keep its state somewhere");
  state.finish();
  Section store = root.table("store");
  store.text("url", config.store_url);
  if (!config.store_url.starts_with("sqlite:") || config.store_url.size() == 7) {
    store.error("url", "\"" + config.store_url + "\" is no store: \"sqlite:FILE\"");
  }
  store.finish();
  Section cdr = root.table("cdr");
  cdr.path("file", config.cdr_file, false);
  cdr.finish();
}

void read_sources(Section& limits, std::string_view key, std::vector<AddressRange>& out) {
  std::vector<std::string> texts;
  limits.texts(key, texts);
  for (const std::string& text : texts) {
    const auto range = AddressRange::parse(text);
    if (range && range->port() == 0) {
      out.push_back(*range);
    } else {
      limits.error(
          key,
          "\"" + text + "\" is no range: \"198.51.100.0/24\", \"2001:db8::/32\", \"203.0.113.9\"");
    }
  }
}

void read_limits(Section limits, Config& config) {
  limits.number("max_calls", config.limits.max_calls, 1, 100'000);
  limits.number("calls_per_second", config.limits.calls_per_second, 0, 100'000);
  limits.number("rest_requests_per_second", config.limits.rest_requests_per_second, 0, 1'000'000);
  sip::SourceLimits& source = config.sip.limits;
  read_sources(limits, "allow", source.allow);
  read_sources(limits, "deny", source.deny);
  limits.real("requests_per_second", source.requests_per_second, 0, 1'000'000);
  limits.number("over_rate", source.over_rate, 0, 1'000'000);
  limits.number("scans", source.scans, 0, 1'000'000);
  limits.number("failed_digests", source.failed_digests, 1, 10'000);
  limits.duration("ban", source.ban, 0s, 30 * kDay);
  limits.real("registers_per_phone", source.registers_per_phone, 0, 10'000);
  limits.real("invites_per_phone", source.invites_per_phone, 0, 10'000);
  limits.duration("shed_lag", config.sip.shed_lag, 0s, 10s);
  limits.finish();
}

void read_numbers(Section numbers, Config::Numbers& out) {
  numbers.text("country", out.country);
  if (!is_country(out.country)) {
    numbers.error("country",
                  "\"" + out.country + "\" is no country: two capital letters, e.g. \"US\"");
    out.country = "US";
  }
  numbers.texts("emergency", out.emergency);
  for (const std::string& number : out.emergency) {
    if (number.size() < 2 || !is_extension(number)) {
      numbers.error("emergency", "\"" + number + "\" is no short number, e.g. \"911\"");
    }
  }
  numbers.texts("owned", out.owned);
  std::set<std::string> seen;
  for (const std::string& number : out.owned) {
    if (!is_e164(number))
      numbers.error("owned", "\"" + number + "\" is not E.164, e.g. \"+14255550100\"");
    if (!seen.insert(number).second) numbers.error("owned", "\"" + number + "\" stands twice");
  }
  numbers.finish();
}

void read_emergency(Section section, Config::Emergency& out) {
  section.text("callback", out.callback);
  if (!out.callback.empty() && !is_e164(out.callback)) {
    section.error("callback", "\"" + out.callback + "\" is not E.164, e.g. \"+14255550100\"");
  }
  read_location(section, out.location);
  section.text("webhook", out.webhook);
  if (!out.webhook.empty() && !acs::call_automation::is_callback_uri(out.webhook)) {
    section.error("webhook", "must begin with https:// (http:// on loopback)");
  }
  section.finish();
}

void read_hep(Section section, Config::Hep& out) {
  std::string collector;
  section.text("collector", collector);
  if (!collector.empty()) {
    const auto address = collector.starts_with("udp:")
                             ? parse_target(std::string_view(collector).substr(4))
                             : std::nullopt;
    if (address && !address->transport) {
      out.host = address->host;
      if (address->port != 0) out.port = address->port;
    } else {
      section.error("collector", "\"" + collector + "\" is no \"udp:HOST:PORT\"");
    }
  }
  section.number("capture_id", out.capture_id, 0, UINT32_MAX);
  section.secret("password", out.password);
  section.finish();
}

}  // namespace

void read_daemon(Section& root, Config& config) {
  read_sip(root.table("sip"), config.networks, config.sip);
  read_media(root.table("media"), config.media);
  read_calls(root.table("calls"), config);
  read_edge(root.table("edge"), config.edge);
  read_acs(root.table("acs"), config.acs);
  read_admin(root.table("admin"), config.admin);
  read_state(root, config);
  read_limits(root.table("limits"), config);
  read_dial_policy(root.table("dial_policy"), config.dial_policy);
  read_numbers(root.table("numbers"), config.numbers);
  read_emergency(root.table("emergency"), config.emergency);
  read_hep(root.table("hep"), config.hep);
}

}  // namespace gw::config
