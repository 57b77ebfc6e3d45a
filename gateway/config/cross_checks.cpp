#include <algorithm>
#include <map>

#include "gateway/config/certificate_check.h"
#include "gateway/config/network_check.h"
#include "gateway/config/pattern.h"
#include "gateway/config/sections.h"
#include "gateway/config/values.h"
#include "gateway/policy/dial_policy.h"

namespace gw::config {
namespace {

// Without OPTIONS for longer Microsoft takes a trunk for gone.
constexpr Duration kProxyForgets = 15min;

// Everything is read; this looks at how it fits together.
class CrossCheck {
 public:
  CrossCheck(const Config& config, Problems& problems) : config_(config), problems_(problems) {}

  void names();
  void numbers();
  void peers();
  void exposure();
  void direct_routing();
  void direct_routing(const Trunk& trunk);
  void direct_routing_certificate(const Trunk& trunk, const std::string& fqdn);
  void trunk_tls();
  void cloud();
  void references();
  void networks();
  void emergency();
  void unreachable_routes();
  void forwarding();
  void dial_policies();

 private:
  using Taken = std::map<std::string, Origin, std::less<>>;

  Origin place(const std::string& key) const;
  void error(const std::string& key, std::string text) {
    problems_.error(place(key), shown(key), std::move(text));
  }
  void warn(const std::string& key, std::string text) {
    problems_.warn(place(key), shown(key), std::move(text));
  }
  std::string shown(const std::string& key) const;
  void take(Taken& taken, const std::string& value, const Origin& origin, const std::string& key,
            std::string_view what);
  void party(const Route& route, std::string_view key, std::string_view reference);
  void forwarding(const std::string& party, std::string_view extension, const Forwarding& of);
  bool exists(std::string_view kind, std::string_view name) const;

  const Config& config_;
  Problems& problems_;
};

Origin CrossCheck::place(const std::string& key) const {
  const auto at = config_.settings.find(key);
  return at == config_.settings.end() ? Origin{} : at->second.origin;
}

// Keys of a trunk's own file stand there without "trunk.NAME.".
std::string CrossCheck::shown(const std::string& key) const {
  if (!key.starts_with("trunk.") || !place(key).file.starts_with("trunks.d/")) return key;
  return key.substr(key.find('.', 6) + 1);
}

void CrossCheck::take(Taken& taken, const std::string& value, const Origin& origin,
                      const std::string& key, std::string_view what) {
  if (value.empty()) return;
  const auto [at, fresh] = taken.emplace(value, origin);
  if (fresh) return;
  problems_.error(origin, key,
                  "\"" + value + "\" is taken already, at " + to_string(at->second) + ": " +
                      std::string(what) + " must differ");
}

void CrossCheck::names() {
  Taken phones, users, ids, mails, trunks, routes, networks, extensions, apps;
  for (const Phone& p : config_.phones) {
    take(phones, p.username, p.origin, "phone." + p.username + ".username", "usernames");
    take(extensions, p.extension, p.origin, "phone." + p.username + ".extension", "extensions");
  }
  for (const User& u : config_.users) {
    take(users, u.name, u.origin, "user." + u.name + ".name", "names");
    take(ids, u.id, u.origin, "user." + u.name + ".id", "identities");
    take(mails, u.email, u.origin, "user." + u.name + ".email", "e-mail addresses");
    take(extensions, u.extension, u.origin, "user." + u.name + ".extension", "extensions");
  }
  for (const Trunk& t : config_.trunks)
    take(trunks, t.name, t.origin, "trunk." + t.name + ".name", "names");
  for (const Route& r : config_.routes)
    take(routes, r.name, r.origin, "route." + r.name + ".name", "names");
  for (const App& a : config_.apps)
    take(apps, a.name, a.origin, "app." + a.name + ".name", "names");
  for (const Network& n : config_.networks) {
    take(networks, n.name, place("network." + n.name + ".name"), "network." + n.name + ".name",
         "names");
  }
  for (const std::string& number : config_.numbers.emergency) {
    const auto extension = extensions.find(number);
    if (extension == extensions.end()) continue;
    problems_.error(extension->second, "extension",
                    "\"" + number + "\" is an emergency number: choose another");
  }
}

void CrossCheck::numbers() {
  Taken taken;
  for (const User& u : config_.users) {
    for (const std::string& number : u.numbers) {
      const std::string key = "user." + u.name + ".numbers";
      const bool written = config_.settings.contains(key);
      take(taken, number, written ? place(key) : u.origin, key, "numbers of users");
    }
  }
  const std::vector<std::string>& owned = config_.numbers.owned;
  if (owned.empty()) return;
  const auto check = [&](const std::string& key, const std::string& number) {
    if (number.empty() || std::ranges::find(owned, number) != owned.end()) return;
    warn(key, "\"" + number + "\" is not in numbers.owned: carriers may refuse it");
  };
  for (const Phone& p : config_.phones) check("phone." + p.username + ".caller_id", p.caller_id);
  for (const User& u : config_.users) {
    for (const std::string& n : u.numbers) check("user." + u.name + ".numbers", n);
    for (const std::string& n : u.alternate_caller_ids)
      check("user." + u.name + ".alternate_caller_ids", n);
  }
}

bool same_peer(const AddressRange& a, const AddressRange& b) {
  if (a.port() != b.port() || a.prefix() != b.prefix() || a.base().v6() != b.base().v6())
    return false;
  SocketAddress base = b.base();
  if (a.port() != 0) base.set_port(a.port());
  return a.contains(base);
}

// A narrower peer inside a wider one is an exception and wins; the same peer twice is a
// contradiction.
void CrossCheck::peers() {
  for (size_t i = 0; i < config_.trunks.size(); ++i) {
    for (size_t j = i + 1; j < config_.trunks.size(); ++j) {
      const Trunk& first = config_.trunks[i];
      const Trunk& second = config_.trunks[j];
      const bool overlap = std::ranges::any_of(second.peers, [&](const AddressRange& b) {
        return std::ranges::any_of(first.peers,
                                   [&](const AddressRange& a) { return same_peer(a, b); });
      });
      if (!overlap) continue;
      error("trunk." + second.name + ".peers",
            "a peer is also one of trunk " + first.name + " (" +
                to_string(place("trunk." + first.name + ".peers")) +
                "): calls from it have one source only");
    }
  }
}

void CrossCheck::exposure() {
  if (!config_.emergency.webhook.empty() && !config_.edge.listen && !config_.edge.local_http) {
    warn("emergency.webhook", "is never told: without edge.listen the gateway sends nothing");
  }
  const auto& edge = config_.edge;
  if (edge.demo_tokens && !(edge.listen && edge.listen->loopback()) &&
      !(edge.local_http && !edge.listen)) {
    error("edge.demo_tokens",
          "gives anyone a user's token and is allowed on loopback only: set edge.listen "
          "to \"127.0.0.1:8443\", or demo_tokens = false");
  }
  if (config_.media.engine.address.any()) {
    error("media.address", "is advertised to peers and cannot be " +
                               config_.media.engine.address.host() +
                               ": name the address, and media.advertise behind 1:1 NAT");
  }
  for (const Trunk& trunk : config_.trunks) {
    const std::string key = "trunk." + trunk.name;
    if (trunk.srtp.value_or(config_.media.srtp) != media::SrtpPolicy::Required) continue;
    const bool clear = std::ranges::any_of(trunk.targets, [](const std::string& text) {
      const auto target = parse_target(text);
      return target && target->transport != sip::Transport::Tls;
    });
    if (clear)
      warn(key + ".srtp",
           "is required, but a target is not on TLS: we offer SRTP keys on TLS legs only");
  }
}

// Everything that Microsoft's SIP proxy would refuse, with what it would be refused for.
void CrossCheck::direct_routing() {
  for (const Trunk& trunk : config_.trunks) {
    if (trunk.profile == TrunkProfile::DirectRouting) direct_routing(trunk);
  }
}

void CrossCheck::direct_routing(const Trunk& trunk) {
  const std::string key = "trunk." + trunk.name;
  const std::string fqdn = trunk.fqdn.empty() ? config_.sip.domain : trunk.fqdn;
  if (!is_host_name(fqdn)) {
    error(fqdn == config_.sip.domain ? "sip.domain" : key + ".fqdn",
          "must be the paired SBC's FQDN for direct-routing trunk " + trunk.name +
              ": an address in Contact is answered 403");
  }
  direct_routing_certificate(trunk, fqdn);
  const bool listens = std::ranges::any_of(config_.sip.listen, [](const sip::ListenAddress& l) {
    return l.transport == sip::Transport::Tls;
  });
  if (!listens) {
    error("sip.listen",
          "has no tls listener: the proxy opens connections of its own to direct-routing trunk " +
              trunk.name);
  }
  for (const std::string& text : trunk.targets) {
    const auto target = parse_target(text);
    if (target && target->transport != sip::Transport::Tls) {
      error(key + ".targets", "\"" + text + "\" is not on TLS: write \"sip:" + target->host +
                                  ":5061;transport=tls\"");
    } else if (target && text.starts_with("sips:")) {
      error(key + ".targets", "\"" + text + "\": the proxy knows no sips: URIs: write \"sip:" +
                                  target->host + ":5061;transport=tls\"");
    } else if (target && !is_host_name(target->host)) {
      warn(key + ".targets",
           "\"" + text +
               "\" is an address: the proxy's certificate bears names only, and SNI must name it");
    }
  }
  if (trunk.srtp.value_or(config_.media.srtp) != media::SrtpPolicy::Required) {
    error(key + ".srtp", "must be \"required\": the proxy takes RTP/SAVP offers only");
  }
  if (trunk.dtmf != media::DtmfMode::Rfc4733 && trunk.dtmf != media::DtmfMode::Auto) {
    error(key + ".dtmf",
          "must be \"rfc4733\": the proxy knows neither SIP INFO nor tones in the sound");
  }
  if (trunk.hold != HoldBy::Inactive) {
    error(key + ".hold", "must be \"inactive\": the proxy knows no other hold");
  }
  if (std::ranges::find(trunk.codecs, media::Codec::Opus) != trunk.codecs.end()) {
    warn(key + ".codecs", "\"opus\" is never taken: G722, PCMA and PCMU are");
  }
  if (trunk.options_interval == Duration{} || trunk.options_interval > kProxyForgets) {
    error(key + ".options_interval",
          "must be between \"5s\" and \"15m\": without OPTIONS the trunk is offline to Microsoft");
  }
  if (trunk.registers) error(key + ".register", "must be false: the proxy takes no REGISTER");
  if (!trunk.caller_id.from) {
    error(key + ".caller_id.from", "must be true: the proxy reads the number in From");
  }
  if (trunk.number.strip.starts_with("+") && !trunk.number.add.starts_with("+")) {
    error(key + ".number.strip", "takes the + off: the proxy takes numbers with + only");
  }
}

void CrossCheck::direct_routing_certificate(const Trunk& trunk, const std::string& fqdn) {
  const bool own = !trunk.tls.certificate.empty();
  const std::string& file = own ? trunk.tls.certificate : config_.sip.tls.certificate;
  const std::string where =
      own ? "trunk." + trunk.name + ".tls.certificate" : "sip.tls.certificate";
  if (file.empty()) {
    error(where, "direct-routing trunk " + trunk.name + " needs a public certificate for " + fqdn);
    return;
  }
  for (const CertificateProblem& problem : check_public_certificate(file, fqdn)) {
    const std::string text = "for direct-routing trunk " + trunk.name + ": " + problem.text;
    if (problem.warning)
      warn(where, text);
    else
      error(where, text);
  }
}

// Which certificate a connection shows is decided by the host it goes to.
void CrossCheck::trunk_tls() {
  std::map<std::string, const Trunk*> of_host;
  for (const Trunk& trunk : config_.trunks) {
    for (const std::string& text : trunk.targets) {
      const auto target = parse_target(text);
      if (!target) continue;
      const auto [at, fresh] = of_host.emplace(target->host, &trunk);
      const Trunk& other = *at->second;
      if (fresh || (other.tls.certificate == trunk.tls.certificate && other.tls.ca == trunk.tls.ca))
        continue;
      error("trunk." + trunk.name + ".tls.certificate",
            "trunk " + other.name + " has the same target " + target->host +
                " with other TLS files: connections to one host show one certificate");
    }
  }
}

// ACS calls us back and dials our WebSocket at the edge listener; whom it is to call must be of its
// resource.
void CrossCheck::cloud() {
  if (!config_.acs.cloud()) return;
  if (!config_.edge.listen) {
    error("edge.listen",
          "is off, but ACS delivers callbacks and sound to it (acs.provider is \"cloud\")");
  }
  for (const User& user : config_.users) {
    if (user.id == "8:echo123") continue;
    if (user.id.empty()) {
      warn("user." + user.name + ".id", "is missing: ACS knows this user by its identity alone");
    }
  }
}

bool CrossCheck::exists(std::string_view kind, std::string_view name) const {
  if (kind == "phone") return config_.phone(name) != nullptr;
  if (kind == "user") return config_.user(name) != nullptr;
  if (kind == "app") return config_.app(name) != nullptr;
  return config_.trunk(name) != nullptr;
}

void CrossCheck::party(const Route& route, std::string_view key, std::string_view reference) {
  const std::string full = "route." + route.name + "." + std::string(key);
  const size_t colon = reference.find(':');
  const std::string_view kind = reference.substr(0, colon);
  if (colon == std::string_view::npos ||
      (kind != "phone" && kind != "user" && kind != "trunk" && kind != "app")) {
    error(full, "\"" + std::string(reference) +
                    "\" is no party: phone:NAME, user:NAME, trunk:NAME or app:NAME" +
                    (key == "from" ? ", or phones, users, trunks, apps" : ""));
    return;
  }
  const std::string_view name = reference.substr(colon + 1);
  if (name.find('$') != std::string_view::npos || exists(kind, name)) return;
  std::set<std::string, std::less<>> known;
  for (const Phone& p : config_.phones)
    if (kind == "phone") known.insert(p.username);
  for (const User& u : config_.users)
    if (kind == "user") known.insert(u.name);
  for (const Trunk& t : config_.trunks)
    if (kind == "trunk") known.insert(t.name);
  for (const App& a : config_.apps)
    if (kind == "app") known.insert(a.name);
  const std::string near = nearest(name, known);
  error(full, "there is no " + std::string(kind) + " \"" + std::string(name) + "\"" +
                  (near.empty() ? "" : ", did you mean " + near + "?"));
}

void CrossCheck::references() {
  for (const Route& route : config_.routes) {
    for (const std::string& from : route.from) {
      if (from == "phones" || from == "users" || from == "trunks" || from == "apps") continue;
      party(route, "from", from);
    }
    for (std::string_view targets : route.targets) {
      while (true) {
        const size_t bar = targets.find('|');
        party(route, "targets", targets.substr(0, bar));
        if (bar == std::string_view::npos) break;
        targets.remove_prefix(bar + 1);
      }
    }
    if (route.caller_id == "owned" && config_.numbers.owned.empty()) {
      error("route." + route.name + ".caller_id", "is \"owned\", but numbers.owned is empty");
    }
  }
}

void CrossCheck::networks() {
  for (const NetworkProblem& problem : check_networks(config_)) {
    if (problem.warning)
      warn(problem.key, problem.text);
    else
      error(problem.key, problem.text);
  }
}

bool from_inside(const Route& route) {
  return std::ranges::any_of(route.from, [](const std::string& from) {
    return from == "phones" || from == "users" || from.starts_with("phone:") ||
           from.starts_with("user:");
  });
}

void CrossCheck::emergency() {
  for (const std::string& number : config_.numbers.emergency) {
    const bool served = std::ranges::any_of(config_.routes, [&](const Route& route) {
      return from_inside(route) && match_to(route, number);
    });
    if (served) continue;
    error("numbers.emergency", number +
                                   " has no route for phones or users: add one to a trunk, or set "
                                   "emergency = [] when this gateway must not carry such calls");
  }
}

bool covers_from(const Route& wide, const Route& narrow) {
  return std::ranges::all_of(narrow.from, [&](const std::string& from) {
    return std::ranges::any_of(wide.from, [&](const std::string& w) {
      if (w == from) return true;
      const size_t colon = from.find(':');
      return colon != std::string::npos && w == from.substr(0, colon) + "s";
    });
  });
}

bool covers_to(const Route& wide, const Route& narrow) {
  if (wide.to == narrow.to) return true;
  if (narrow.pattern || narrow.to.ends_with('*')) {
    if (wide.to == "*") return true;
    if (narrow.pattern || wide.pattern || !wide.to.ends_with('*')) return false;
    return narrow.to.starts_with(wide.to.substr(0, wide.to.size() - 1));
  }
  return match_to(wide, narrow.to).has_value();
}

void CrossCheck::unreachable_routes() {
  for (size_t i = 0; i < config_.routes.size(); ++i) {
    const Route& route = config_.routes[i];
    for (size_t j = 0; j < i; ++j) {
      const Route& before = config_.routes[j];
      if (!before.hours.text.empty() && before.hours.text != route.hours.text) continue;
      if (!covers_from(before, route) || !covers_to(before, route)) continue;
      problems_.warn(route.origin, "route." + route.name,
                     "is never reached: \"" + before.name + "\" (" + to_string(before.origin) +
                         ") takes all its calls; put it after this one");
      break;
    }
  }
}

void CrossCheck::forwarding() {
  for (const Phone& phone : config_.phones)
    forwarding("phone:" + phone.username, phone.extension, phone.forwarding);
  for (const User& user : config_.users)
    forwarding("user:" + user.name, user.extension, user.forwarding);
}

void CrossCheck::forwarding(const std::string& party, std::string_view extension,
                            const Forwarding& of) {
  const size_t colon = party.find(':');
  const std::string path = party.substr(0, colon) + "." + party.substr(colon + 1) + ".";
  const std::pair<const char*, const std::string&> keys[] = {{"forward_always", of.always},
                                                             {"forward_busy", of.busy},
                                                             {"forward_no_answer", of.no_answer}};
  const auto& emergency = config_.numbers.emergency;
  for (const auto& [key, to] : keys) {
    if (to.empty()) continue;
    if (to == party || to == extension) {
      error(path + key, "\"" + to + "\" is the party itself");
    } else if (std::ranges::find(emergency, to) != emergency.end()) {
      error(path + key, "\"" + to + "\" is an emergency number: nobody's calls go there");
    } else if (const size_t at = to.find(':');
               at != std::string::npos && !exists(to.substr(0, at), to.substr(at + 1))) {
      error(path + key, "there is no " + to.substr(0, at) + " \"" + to.substr(at + 1) + "\"");
    }
  }
}

// A route abroad that no policy lets anybody take.
void CrossCheck::dial_policies() {
  const auto permits = [](const DialPolicy& policy, std::string_view prefix) {
    const auto meets = [&](const std::string& allowed) {
      return prefix.starts_with(allowed) || std::string_view(allowed).starts_with(prefix);
    };
    return (policy.international && policy.allow.empty()) ||
           std::ranges::any_of(policy.allow, meets);
  };
  const auto permits_own = [&](const auto& parties, std::string_view prefix) {
    return std::ranges::any_of(parties, [&](const auto& party) {
      return party.dial_policy && permits(*party.dial_policy, prefix);
    });
  };
  for (const Route& route : config_.routes) {
    if (route.pattern || !from_inside(route)) continue;
    const bool outside = std::ranges::any_of(
        route.targets, [](const std::string& t) { return t.find("trunk:") != std::string::npos; });
    const bool whole = route.to.ends_with('*');
    const std::string prefix = whole ? route.to.substr(0, route.to.size() - 1) : route.to;
    if (!outside || !policy::leads_abroad(prefix, config_.numbers.country)) continue;
    if (permits(config_.dial_policy, prefix) || permits_own(config_.phones, prefix) ||
        permits_own(config_.users, prefix) || permits_own(config_.apps, prefix))
      continue;
    warn("route." + route.name + ".to",
         "\"" + route.to +
             "\" is international, which dial_policy forbids to everybody: add allow = [\"" +
             prefix + "\"] or international = true to [dial_policy], or to a party's own");
  }
}

}  // namespace

bool loopback_only(const Config& config) {
  const auto inside = [](const std::optional<SocketAddress>& a) { return !a || a->loopback(); };
  return std::ranges::all_of(config.sip.listen,
                             [](const auto& l) { return l.address.loopback(); }) &&
         inside(config.edge.listen) && inside(config.admin.listen);
}

void cross_check(const Config& config, bool complete, Problems& problems) {
  CrossCheck check(config, problems);
  check.names();
  check.numbers();
  check.peers();
  check.exposure();
  check.direct_routing();
  check.trunk_tls();
  check.cloud();
  if (!complete) return;  // What a broken file should have said must not be missed here.
  check.references();
  check.networks();
  check.emergency();
  check.unreachable_routes();
  check.forwarding();
  check.dial_policies();
}

std::vector<Problem> check_added_users(Config config, const std::vector<User>& added) {
  Problems problems;
  std::set<std::string, std::less<>> files;
  for (const User& user : added) {
    files.insert(user.origin.file);
    const std::string key = "user." + user.name;
    if (!is_name(user.name)) {
      problems.error(user.origin, key + ".name",
                     "\"" + user.name + "\" is no name: letters, digits and - _ . @ +");
    }
    if (!user.extension.empty() && !is_extension(user.extension)) {
      problems.error(user.origin, key + ".extension",
                     "\"" + user.extension + "\" is no extension: 1 to 10 of 0-9 * #");
    }
    config.users.push_back(user);
  }
  CrossCheck check(config, problems);
  check.names();
  check.numbers();
  std::vector<Problem> all = std::move(problems).sorted();
  std::erase_if(all, [&](const Problem& p) { return p.warning || !files.contains(p.origin.file); });
  return all;
}

}  // namespace gw::config
