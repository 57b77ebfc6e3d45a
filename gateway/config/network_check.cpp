#include "gateway/config/network_check.h"

#include <algorithm>
#include <optional>
#include <set>

#include "gateway/config/reader.h"
#include "gateway/config/values.h"

namespace gw::config {
namespace {

class NetworkCheck {
 public:
  explicit NetworkCheck(const Config& config) : config_(config) {}

  std::vector<NetworkProblem> run() {
    exists("edge.network", config_.edge.network);
    for (const Trunk& trunk : config_.trunks) {
      const std::string key = "trunk." + trunk.name;
      exists(key + ".network", trunk.network);
      for (const std::string& target : trunk.targets) reaches(trunk, key + ".targets", target);
      if (trunk.registers) reaches(trunk, key + ".registrar", trunk.registrar);
    }
    for (const Network& network : config_.networks) {
      apart_from_browsers(network);
      is_used(network);
    }
    return std::move(problems_);
  }

 private:
  void exists(const std::string& key, const std::string& name);
  void reaches(const Trunk& trunk, const std::string& key, const std::string& target);
  void apart_from_browsers(const Network& network);
  void is_used(const Network& network);

  void error(std::string key, std::string text) {
    problems_.push_back({std::move(key), std::move(text), false});
  }

  const Config& config_;
  std::vector<NetworkProblem> problems_;
};

void NetworkCheck::exists(const std::string& key, const std::string& name) {
  if (name.empty() || config_.network(name)) return;
  std::set<std::string, std::less<>> known;
  for (const Network& network : config_.networks) known.insert(network.name);
  const std::string near = nearest(name, known);
  error(key, "there is no network \"" + name + "\"" +
                 (near.empty() ? "" : ", did you mean " + near + "?"));
}

// A trunk's calls leave by a listener of its network: there must be one of the transport and the IP
// version that its targets are reached by.
void NetworkCheck::reaches(const Trunk& trunk, const std::string& key,
                           const std::string& target_text) {
  const Network* network = config_.network(trunk.network);
  const auto target = parse_target(target_text);
  if (!network || !target) return;
  const auto bind = SocketAddress::parse(network->bind);
  if (!bind) return;
  const auto literal = SocketAddress::parse(target->host);
  if (literal && literal->v6() != bind->v6()) {
    return error(key, "\"" + target_text + "\" and network \"" + network->name + "\" (" +
                          network->bind + ") are of two IP versions");
  }
  // What a name is reached by, DNS says.
  std::optional<sip::Transport> transport = target->transport;
  if (literal && !transport) transport = sip::Transport::Udp;
  const bool listens = std::ranges::any_of(config_.sip.listen, [&](const sip::ListenAddress& l) {
    return l.network == network->name && (!transport || l.transport == *transport);
  });
  if (listens) return;
  const std::string word(sip::to_string(transport.value_or(sip::Transport::Udp)));
  error("trunk." + trunk.name + ".network",
        "\"" + network->name + "\" has no " + (transport ? word + " " : "") + "listener for \"" +
            target_text + "\": add \"" + word + ":" + network->name + ":" +
            (word == "tls" ? "5061" : "5060") + "\" to sip.listen");
}

void NetworkCheck::apart_from_browsers(const Network& network) {
  const media::MediaConfig& media = config_.media.engine;
  const Network* edge = config_.network(config_.edge.network);
  const auto browsers = edge ? SocketAddress::parse(edge->bind) : std::optional(media.address);
  const auto bind = SocketAddress::parse(network.bind);
  const auto ports = parse_ports(network.ports);
  if (!bind || !browsers || !ports || !bind->same_host(*browsers) || media.webrtc_low == 0) return;
  if (ports->first > media.webrtc_high || ports->second < media.webrtc_low) return;
  error("network." + network.name + ".ports", "overlaps media.webrtc_ports on " + network.bind);
}

void NetworkCheck::is_used(const Network& network) {
  const auto names_it = [&](const auto& one) { return one.network == network.name; };
  if (network.name == config_.edge.network || std::ranges::any_of(config_.sip.listen, names_it) ||
      std::ranges::any_of(config_.trunks, names_it)) {
    return;
  }
  problems_.push_back({"network." + network.name + ".name",
                       "is named by no listener, no trunk and not by the edge: nothing uses it",
                       true});
}

}  // namespace

std::vector<NetworkProblem> check_networks(const Config& config) {
  return NetworkCheck(config).run();
}

}  // namespace gw::config
