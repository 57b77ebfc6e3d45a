#include "gateway/config/sip_routing.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "gateway/config/pattern.h"

namespace gw::config {
namespace {

constexpr const char* kOrigin = "PATCH /sip";

bool from_rest(const Origin& origin) {
  return origin.file == kOrigin;
}

struct HostPort {
  std::string host;
  int port = 5060;
};

// "sip.acme.example", "sip.acme.example:5070", "sip:sip.acme.example:5061;transport=tls"
HostPort first_target(const Trunk& trunk) {
  HostPort out;
  if (trunk.targets.empty()) return out;
  std::string_view text = trunk.targets.front();
  if (text.starts_with("sip:") || text.starts_with("sips:")) {
    text.remove_prefix(text.find(':') + 1);
  }
  const std::string_view parameters = text.substr(std::min(text.find(';'), text.size()));
  if (parameters.find("transport=tls") != std::string_view::npos) out.port = 5061;
  text = text.substr(0, text.find(';'));
  const size_t colon = std::min(text.find(':'), text.size());
  out.host = text.substr(0, colon);
  const std::string_view port = text.substr(std::min(colon + 1, text.size()));
  std::from_chars(port.data(), port.data() + port.size(), out.port);
  return out;
}

Trunk trunk_of(const std::string& fqdn, const acs::rest::SipTrunk& from) {
  Trunk trunk;
  trunk.name = fqdn;
  const std::string address = fqdn + ":" + std::to_string(from.sip_signaling_port);
  trunk.targets = {from.sip_signaling_port == 5060 ? address : "sip:" + address + ";transport=tls"};
  trunk.origin = {kOrigin, 0};
  return trunk;
}

// The trunk that a REST route means by an FQDN: its own, or one of the files.
const Trunk* trunk_at(const Config& config, std::string_view fqdn) {
  if (const Trunk* named = config.trunk(fqdn)) return named;
  const auto found = std::ranges::find_if(
      config.trunks, [&](const Trunk& trunk) { return first_target(trunk).host == fqdn; });
  return found == config.trunks.end() ? nullptr : &*found;
}

Result<Route> route_of(const Config& config, const acs::rest::SipRoute& from) {
  Route route;
  route.name = from.name;
  route.from = {"phones", "users"};
  route.to = "/" + acs::rest::pattern_of(from) + "/";
  auto pattern = compile_pattern(route.to);
  if (!pattern) return tl::unexpected(pattern.error());
  route.pattern = std::move(*pattern);
  for (const std::string& fqdn : from.trunks) {
    const Trunk* trunk = trunk_at(config, fqdn);
    if (!trunk) return fail(ErrorCode::InvalidArgument, "there is no trunk " + fqdn);
    route.targets.push_back("trunk:" + trunk->name);
  }
  route.origin = {kOrigin, 0};
  return route;
}

}  // namespace

acs::rest::SipRouting shown_routing(const Config& config, const acs::rest::SipRouting& stored) {
  acs::rest::SipRouting shown = stored;
  for (const Trunk& trunk : config.trunks) {
    if (from_rest(trunk.origin)) continue;
    const HostPort target = first_target(trunk);
    if (acs::rest::is_fqdn(target.host)) shown.trunks[target.host] = {target.port, true};
  }
  return shown;
}

Result<void> apply_routing(const acs::rest::SipRouting& stored, Config& config) {
  std::erase_if(config.trunks, [](const Trunk& trunk) { return from_rest(trunk.origin); });
  std::erase_if(config.routes, [](const Route& route) { return from_rest(route.origin); });
  for (const auto& [fqdn, trunk] : stored.trunks) {
    if (trunk.fixed) continue;
    if (trunk_at(config, fqdn)) {
      return fail(ErrorCode::InvalidArgument,
                  "the trunk " + fqdn + " stands in the gateway's own configuration");
    }
    config.trunks.push_back(trunk_of(fqdn, trunk));
  }
  for (const acs::rest::SipRoute& from : stored.routes) {
    auto route = route_of(config, from);
    if (!route) return tl::unexpected(route.error());
    // A route without trunks takes no call.
    if (!route->targets.empty()) config.routes.push_back(std::move(*route));
  }
  return {};
}

}  // namespace gw::config
