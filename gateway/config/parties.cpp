#include <algorithm>

#include "acs/call_automation/call_requests.h"
#include "acs/identity/token_service.h"
#include "gateway/config/pattern.h"
#include "gateway/config/sections.h"
#include "gateway/config/values.h"

namespace gw::config {
namespace {

void require(Section& section, std::string_view key, const std::string& value) {
  if (value.empty() && !section.has(key)) section.error(key, "is missing");
}

void read_name(Section& section, std::string_view key, std::string& out) {
  section.text(key, out);
  require(section, key, out);
  if (section.has(key) && !is_name(out)) {
    section.error(key, "\"" + out + "\" is no name: letters, digits and - _ . @ +");
  }
}

void read_number(Section& section, std::string_view key, std::string& out) {
  section.text(key, out);
  if (out.empty() || is_e164(out)) return;
  section.error(key, "\"" + out + "\" is not E.164, e.g. \"+14255550100\"");
}

void read_numbers(Section& section, std::string_view key, std::vector<std::string>& out) {
  section.texts(key, out);
  for (const std::string& number : out) {
    if (is_e164(number)) continue;
    section.error(key, "\"" + number + "\" is not E.164, e.g. \"+14255550100\"");
  }
}

void read_extension(Section& section, std::string& out) {
  section.text("extension", out);
  if (out.empty() || is_extension(out)) return;
  section.error("extension", "\"" + out + "\" is no extension: 1 to 10 of 0-9 * #");
}

// What a SIP leg may speak.
void read_codecs(Section& section, std::vector<media::Codec>& out) {
  std::vector<std::string> names;
  for (const media::Codec codec : out) names.emplace_back(media::to_string(codec));
  section.texts("codecs", names);
  std::vector<media::Codec> codecs;
  for (const std::string& name : names) {
    const auto codec = media::codec_named(name);
    if (!codec) {
      section.error("codecs", "\"" + name + "\" is not one of PCMU, PCMA, G722, opus");
    } else if (std::ranges::find(codecs, *codec) == codecs.end()) {
      codecs.push_back(*codec);
    }
  }
  if (names.empty()) section.error("codecs", "leaves no codec: name PCMU or PCMA");
  if (!codecs.empty()) out = std::move(codecs);
}

void read_dtmf(Section& section, media::DtmfMode& out) {
  section.choice("dtmf", out,
                 {{"auto", media::DtmfMode::Auto},
                  {"rfc4733", media::DtmfMode::Rfc4733},
                  {"info", media::DtmfMode::Info},
                  {"inband", media::DtmfMode::Inband}});
}

// "102", "+14255550123", "phone:102", "user:alice"
bool is_forward_target(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon != std::string_view::npos) {
    const std::string_view kind = text.substr(0, colon);
    return (kind == "phone" || kind == "user") && colon + 1 < text.size();
  }
  const size_t plus = text.starts_with('+') ? 1 : 0;
  return text.size() > plus && text.size() <= kMaxDialled &&
         text.find_first_not_of("0123456789*#", plus) == std::string_view::npos;
}

void read_forwarding(Section& section, Forwarding& out) {
  const std::pair<std::string_view, std::string*> keys[] = {{"forward_always", &out.always},
                                                            {"forward_busy", &out.busy},
                                                            {"forward_no_answer", &out.no_answer}};
  for (const auto& [key, target] : keys) {
    section.text(key, *target);
    if (target->empty() || is_forward_target(*target)) continue;
    section.error(key, "\"" + *target +
                           "\" is no extension \"102\", number \"+14255550123\", "
                           "\"phone:NAME\" or \"user:NAME\"");
  }
  section.duration("no_answer_after", out.no_answer_after, 1s, 10min);
  section.flag("do_not_disturb", out.do_not_disturb);
}

void read_call_waiting(Section& section, std::optional<unsigned>& out) {
  if (!section.has("call_waiting")) {
    section.raw("call_waiting");
    section.record("call_waiting", "as max_calls");
    return;
  }
  out = 0;
  section.number("call_waiting", *out, 0, 1000);
}

// Where a party has a table of its own, what it leaves out is as in `base`.
void read_own_dial_policy(Section& section, const DialPolicy& base,
                          std::optional<DialPolicy>& out) {
  if (!section.has("dial_policy")) {
    section.raw("dial_policy");
    return;
  }
  out = base;
  read_dial_policy(section.table("dial_policy"), *out);
}

Network read_network(Section section) {
  Network network;
  read_name(section, "name", network.name);
  section.text("bind", network.bind);
  require(section, "bind", network.bind);
  const auto bind = SocketAddress::parse(network.bind);
  if (!network.bind.empty() && (!bind || bind->port() != 0)) {
    section.error("bind", "\"" + network.bind + "\" is no IP address (without port)");
  }
  section.text("advertise", network.advertise);
  const auto advertise = SocketAddress::parse(network.advertise);
  if (network.advertise.empty()) {
    if (bind && bind->any()) {
      section.error("bind", "is advertised to peers and cannot be " + network.bind +
                                ": name the address, and `advertise` behind 1:1 NAT");
    }
  } else if (!advertise || advertise->port() != 0) {
    section.error("advertise", "\"" + network.advertise + "\" is no IP address (without port)");
  } else if (bind && bind->v6() != advertise->v6()) {
    section.error("advertise", "\"" + network.advertise + "\" and bind \"" + network.bind +
                                   "\" are of two IP versions");
  }
  section.text("ports", network.ports);
  if (!network.ports.empty()) {
    const auto ports = parse_ports(network.ports);
    if (!ports || ports->first == 0) {
      section.error("ports", "\"" + network.ports + "\" is no port range, e.g. \"16384-32767\"");
    } else if (ports->second - ports->first < 3) {
      section.error("ports", "\"" + network.ports + "\" has no room: a call takes four ports");
    }
  }
  section.finish();
  return network;
}

Phone read_phone(Section section, const DialPolicy& base) {
  Phone phone;
  phone.origin = section.origin();
  read_name(section, "username", phone.username);
  section.secret("password", phone.password);
  if (!section.has("password")) section.error("password", "is missing, e.g. \"file:secrets/101\"");
  if (section.has("password") && phone.password.empty()) section.error("password", "is empty");
  read_extension(section, phone.extension);
  section.text("display_name", phone.display_name);
  read_number(section, "caller_id", phone.caller_id);
  read_digest(section, phone.digest);
  read_codecs(section, phone.codecs);
  read_dtmf(section, phone.dtmf);
  read_location(section, phone.location);
  section.number("max_calls", phone.max_calls, 0, 1000);
  read_call_waiting(section, phone.call_waiting);
  section.number("devices", phone.devices, 1, 100);
  section.flag("auto_answer", phone.auto_answer);
  read_forwarding(section, phone.forwarding);
  read_own_dial_policy(section, base, phone.dial_policy);
  section.finish();
  return phone;
}

User read_user(Section section, const DialPolicy& base) {
  User user;
  user.origin = section.origin();
  read_name(section, "name", user.name);
  section.text("email", user.email);
  const size_t at = user.email.find('@');
  if (!user.email.empty() && (at == 0 || at == std::string::npos || at + 1 == user.email.size())) {
    section.error("email", "\"" + user.email + "\" is no e-mail address");
  }
  section.text("id", user.id);
  user.echo = user.id == "8:echo123";
  if (!user.id.empty() && !user.echo && !acs::identity::is_acs_identity(user.id)) {
    section.error("id", "\"" + user.id + "\" is no identity: \"8:acs:GUID_GUID\", or leave it out");
  }
  section.text("display_name", user.display_name);
  read_extension(section, user.extension);
  read_numbers(section, "numbers", user.numbers);
  read_numbers(section, "alternate_caller_ids", user.alternate_caller_ids);
  read_forwarding(section, user.forwarding);
  read_own_dial_policy(section, base, user.dial_policy);
  section.finish();
  return user;
}

void read_targets(Section& section, std::vector<std::string>& out) {
  section.texts("targets", out);
  if (out.empty()) section.error("targets", "is missing, e.g. [\"sip.acme.example\"]");
  for (const std::string& target : out) {
    if (parse_target(target)) continue;
    section.error("targets", "\"" + target +
                                 "\" is no target: \"HOST\", \"HOST:PORT\" or "
                                 "\"sip:HOST:PORT;transport=udp|tcp|tls\"");
  }
}

void read_peers(Section& section, bool direct_routing, std::vector<AddressRange>& out) {
  std::vector<std::string> texts;
  if (direct_routing) texts = {"52.112.0.0/14", "52.120.0.0/14"};  // All of Microsoft's signalling.
  section.texts("peers", texts);
  for (const std::string& text : texts) {
    if (const auto range = AddressRange::parse(text)) {
      out.push_back(*range);
    } else {
      section.error("peers",
                    "\"" + text + "\" is no address: \"198.51.100.0/24\" or \"203.0.113.9:5070\"");
    }
  }
}

void read_playout(Section& section, media::Playout& out) {
  using Mode = media::Playout::Mode;
  const Value* value = section.raw("playout");
  if (const auto* ms = value ? value->as<int64_t>() : nullptr) {
    const std::string text = std::to_string(*ms);
    if (*ms < 0 || *ms > 500) section.error("playout", text + " is out of range: 0 to 500 ms");
    section.record("playout", text);
    out = {Mode::Fixed, std::chrono::milliseconds(*ms)};
    return;
  }
  std::string word = "adaptive";
  section.text("playout", word);
  if (word == "off") {
    out = {Mode::Off};
  } else if (word != "adaptive") {
    section.error("playout",
                  "\"" + word + "\" is not one of adaptive, off or a number of milliseconds");
  }
}

// Nobody there, busy, declined: another way to the same number would only ring twice.
bool is_final(int status) {
  return status == 404 || status == 486 || status == 600 || status == 603 || status == 604;
}

void read_retry_on(Section& section, std::vector<int>& out) {
  const Value* value = section.raw("retry_on");
  const auto* array = value ? value->as<Value::Array>() : nullptr;
  if (value && !array) section.error("retry_on", "must be an array of SIP statuses: [408, 503]");
  if (array) {
    std::vector<int> statuses;
    for (const Value& item : *array) {
      const auto* status = item.as<int64_t>();
      if (status && is_final(static_cast<int>(*status))) {
        section.error_at(
            item.origin, "retry_on",
            std::to_string(*status) + " is the callee's own answer: no other target changes it");
      } else if (status && *status >= 300 && *status <= 699) {
        statuses.push_back(static_cast<int>(*status));
      } else {
        section.error_at(item.origin, "retry_on",
                         "holds something that is no SIP status: 300 to 699");
      }
    }
    out = std::move(statuses);
  }
  std::string text;
  for (const int status : out) text += (text.empty() ? "" : ", ") + std::to_string(status);
  section.record("retry_on", "[" + text + "]");
}

void read_trunk_rules(Section& section, Trunk& trunk) {
  Section caller_id = section.table("caller_id");
  caller_id.flag("from", trunk.caller_id.from);
  TrunkCallerId& table = trunk.caller_id;
  caller_id.flag("p_asserted_identity", table.p_asserted_identity);
  caller_id.flag("p_preferred_identity", table.p_preferred_identity);
  caller_id.flag("remote_party_id", table.remote_party_id);
  caller_id.flag("display_name", table.display_name);
  caller_id.flag("diversion", table.diversion);
  caller_id.flag("history_info", table.history_info);
  caller_id.flag("trusted", table.trusted);
  caller_id.flag("incoming_trusted", table.incoming_trusted);
  caller_id.finish();
  Section tls = section.table("tls");
  read_certificate(tls, trunk.tls.certificate, trunk.tls.key);
  tls.path("ca", trunk.tls.ca, true);
  tls.finish();
  Section number = section.table("number");
  number.text("strip", trunk.number.strip);
  number.text("add", trunk.number.add);
  for (const std::string_view key : {"strip", "add"}) {
    const std::string& text = key == "strip" ? trunk.number.strip : trunk.number.add;
    if (text.find_first_not_of("+0123456789*#") == std::string::npos) continue;
    number.error(key, "\"" + text + "\" is no part of a number: digits, + * #");
  }
  number.finish();
}

// What Microsoft's SIP proxy wants, where the trunk's file does not say otherwise.
void expect_direct_routing(Trunk& trunk) {
  trunk.targets = {"sip:sip.pstnhub.microsoft.com:5061;transport=tls",
                   "sip:sip2.pstnhub.microsoft.com:5061;transport=tls",
                   "sip:sip3.pstnhub.microsoft.com:5061;transport=tls"};
  trunk.codecs = {media::Codec::G722, media::Codec::Pcma, media::Codec::Pcmu};
  trunk.srtp = media::SrtpPolicy::Required;
  trunk.dtmf = media::DtmfMode::Rfc4733;
  trunk.options_interval = 60s;
  trunk.hold = HoldBy::Inactive;
  trunk.caller_id.history_info = true;
}

Trunk read_trunk(Section section) {
  Trunk trunk;
  trunk.origin = section.origin();
  read_name(section, "name", trunk.name);
  section.choice(
      "profile", trunk.profile,
      {{"generic", TrunkProfile::Generic}, {"direct-routing", TrunkProfile::DirectRouting}});
  const bool direct_routing = trunk.profile == TrunkProfile::DirectRouting;
  if (direct_routing) expect_direct_routing(trunk);
  read_targets(section, trunk.targets);
  read_peers(section, direct_routing, trunk.peers);
  section.flag("register", trunk.registers);
  section.text("username", trunk.username);
  section.secret("password", trunk.password);
  section.text("registrar", trunk.registrar);
  if (!trunk.registrar.empty() && !parse_target(trunk.registrar)) {
    section.error("registrar", "\"" + trunk.registrar +
                                   "\" is no address: \"HOST\", \"HOST:PORT\" or "
                                   "\"sip:HOST:PORT;transport=udp|tcp|tls\"");
  }
  section.duration("register_expires", trunk.register_expires, 60s, 24h);
  if (trunk.registers && (trunk.username.empty() || trunk.password.empty())) {
    section.error("register", "needs username and password");
  }
  section.text("network", trunk.network);
  section.text("fqdn", trunk.fqdn);
  if (!trunk.fqdn.empty() && !is_host_name(trunk.fqdn)) {
    section.error("fqdn", "\"" + trunk.fqdn + "\" is no host name");
  }
  read_codecs(section, trunk.codecs);
  read_dtmf(section, trunk.dtmf);
  if (section.has("srtp")) {
    auto srtp = media::SrtpPolicy::Offered;
    section.choice("srtp", srtp,
                   {{"offered", media::SrtpPolicy::Offered},
                    {"required", media::SrtpPolicy::Required},
                    {"off", media::SrtpPolicy::Off}});
    trunk.srtp = srtp;
  } else {
    section.raw("srtp");
    section.record("srtp", direct_routing ? "required" : "as [media]");
  }
  section.duration("options_interval", trunk.options_interval, 0s, 24h);
  if (trunk.options_interval > 0s && trunk.options_interval < 5s) {
    section.error("options_interval", "must be \"0s\" (never) or at least \"5s\"");
  }
  read_playout(section, trunk.playout);
  section.number("max_calls", trunk.max_calls, 0, 100'000);
  section.number("calls_per_second", trunk.calls_per_second, 0, 100'000);
  section.duration("answer_timeout", trunk.answer_timeout, 500ms, 32s);
  read_retry_on(section, trunk.retry_on);
  section.choice("follow_redirects", trunk.follow_redirects,
                 {{"off", Redirects::Off}, {"peers", Redirects::Peers}, {"any", Redirects::Any}});
  section.choice("hold", trunk.hold,
                 {{"sendonly", HoldBy::SendOnly}, {"inactive", HoldBy::Inactive}});
  read_trunk_rules(section, trunk);
  read_own_dial_policy(section, {.international = true, .premium = true}, trunk.dial_policy);
  section.finish();
  return trunk;
}

// "+14255550100", "911", "+1425*", "*", "/regex/"
void read_to(Section& section, Route& route) {
  section.text("to", route.to);
  require(section, "to", route.to);
  if (route.to.empty()) return;
  if (is_pattern(route.to)) {
    auto pattern = compile_pattern(route.to);
    if (pattern) {
      route.pattern = *std::move(pattern);
    } else {
      section.error("to", "\"" + route.to + "\" is no regex: " + pattern.error().detail);
    }
    return;
  }
  const std::string_view number =
      std::string_view(route.to).substr(0, route.to.size() - (route.to.ends_with('*') ? 1 : 0));
  if (number.find_first_not_of("+0123456789*#") == std::string_view::npos) return;
  section.error("to",
                "\"" + route.to + "\" is no number, prefix \"+1425*\" or regex \"/^\\\\+1425/\"");
}

Route read_route(Section section) {
  Route route;
  route.origin = section.origin();
  section.text("name", route.name);
  require(section, "name", route.name);
  section.texts("from", route.from);
  if (route.from.empty()) section.error("from", "is missing, e.g. [\"phones\", \"users\"]");
  read_to(section, route);
  std::string hours;
  section.text("hours", hours);
  if (!hours.empty()) {
    if (const auto parsed = parse_hours(hours)) {
      route.hours = *parsed;
    } else {
      section.error("hours", parsed.error().detail);
    }
  }
  section.texts("targets", route.targets);
  if (route.targets.empty()) section.error("targets", "is missing, e.g. [\"trunk:acme\"]");
  section.text("caller_id", route.caller_id);
  if (route.caller_id != "pass" && route.caller_id != "owned" && !is_e164(route.caller_id)) {
    section.error("caller_id",
                  "\"" + route.caller_id + "\" is not one of pass, owned or a number in E.164");
  }
  if (section.has("media")) {
    auto media = RouteMedia::Auto;
    section.choice(
        "media", media,
        {{"auto", RouteMedia::Auto}, {"opus", RouteMedia::Opus}, {"g711", RouteMedia::G711}});
    route.media = media;
  } else {
    section.raw("media");
    section.record("media", "as [media]");
  }
  section.flag("ringback", route.ringback);
  section.duration("ring_timeout", route.ring_timeout, 0s, 10min);
  section.flag("auto_answer", route.auto_answer);
  section.finish();
  return route;
}

// "8:acs:GUID_GUID", "+14255550100", "201"; "8:acs:*", "+1425*", "*".
bool is_subscription(std::string_view called) {
  if (called.empty()) return false;
  if (called.ends_with('*')) called.remove_suffix(1);
  if (called.starts_with("8:")) return called.find('*') == std::string_view::npos;
  return called.find_first_not_of("+0123456789") == std::string_view::npos;
}

App read_app(Section section, const DialPolicy& base) {
  App app;
  app.origin = section.origin();
  read_name(section, "name", app.name);
  section.text("webhook", app.webhook);
  require(section, "webhook", app.webhook);
  if (!app.webhook.empty() && !acs::call_automation::is_callback_uri(app.webhook)) {
    section.error("webhook", "must begin with https:// (http:// on loopback)");
  }
  section.choice("schema", app.cloud_events, {{"event-grid", false}, {"cloud-events", true}});
  section.duration("ring_timeout", app.ring_timeout, 1s, 10min);
  section.texts("calls_to", app.calls_to);
  for (const std::string& called : app.calls_to) {
    if (is_subscription(called)) continue;
    section.error("calls_to", "\"" + called +
                                  "\" is no identity \"8:acs:GUID_GUID\", number "
                                  "\"+14255550100\" or beginning of one with \"*\"");
  }
  read_own_dial_policy(section, base, app.dial_policy);
  section.finish();
  return app;
}

}  // namespace

void read_digest(Section& section, std::vector<sip::DigestAlgorithm>& out) {
  std::vector<std::string> names;
  for (const sip::DigestAlgorithm algorithm : out) {
    names.emplace_back(algorithm == sip::DigestAlgorithm::Md5 ? "MD5" : "SHA-256");
  }
  section.texts("digest", names);
  std::vector<sip::DigestAlgorithm> algorithms;
  for (const std::string& name : names) {
    if (name == "MD5") {
      algorithms.push_back(sip::DigestAlgorithm::Md5);
    } else if (name == "SHA-256") {
      algorithms.push_back(sip::DigestAlgorithm::Sha256);
    } else {
      section.error("digest", "\"" + name + "\" is not one of MD5, SHA-256");
    }
  }
  out = std::move(algorithms);
}

void read_dial_policy(Section section, DialPolicy& out) {
  for (const auto& [key, prefixes] :
       {std::pair("allow", &out.allow), std::pair("deny", &out.deny)}) {
    section.texts(key, *prefixes);
    for (const std::string& prefix : *prefixes) {
      const bool good =
          !prefix.empty() &&
          prefix.find_first_not_of("0123456789*#", prefix[0] == '+' ? 1 : 0) == std::string::npos;
      if (!good) section.error(key, "\"" + prefix + "\" is no beginning of a number, e.g. \"+44\"");
    }
  }
  section.flag("international", out.international);
  section.flag("premium", out.premium);
  section.number("max_calls", out.max_calls, 0, 100'000);
  section.number("minutes_per_day", out.minutes_per_day, 0, 10'000'000);
  section.number("destinations_per_day", out.destinations_per_day, 0, 100'000);
  section.finish();
}

void read_networks(Section& root, Config& config) {
  for (Section& section : root.tables("network")) config.networks.push_back(read_network(section));
}

void read_parties(Section& root, Config& config) {
  for (Section& section : root.tables("phone"))
    config.phones.push_back(read_phone(section, config.dial_policy));
  for (Section& section : root.tables("user"))
    config.users.push_back(read_user(section, config.dial_policy));
  for (Section& section : root.tables("trunk")) config.trunks.push_back(read_trunk(section));
  for (Section& section : root.tables("route")) config.routes.push_back(read_route(section));
  for (Section& section : root.tables("app"))
    config.apps.push_back(read_app(section, config.dial_policy));
}

}  // namespace gw::config
