#include "acs/rest/sip_routing.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <optional>
#include <regex>
#include <set>

#include "acs/rest/number_pattern.h"

namespace gw::acs::rest {
namespace {

using nlohmann::json;

// Azure's limits.
constexpr size_t kMaxFqdn = 249, kMaxName = 256, kMaxText = 1024;
constexpr size_t kMaxTrunks = 250, kMaxRoutes = 250;
// std::regex takes time and stack by the length: no number is longer.
constexpr size_t kMaxNumber = 64;

RestError unprocessable(std::string inner, std::string message, unsigned status = 422) {
  return {status,
          "UnprocessableConfiguration",
          "One or more request inputs are not valid.",
          "",
          std::move(inner),
          std::move(message)};
}

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<std::regex> compiled(const SipRoute& route) {
  try {
    return std::regex(pattern_of(route), std::regex::ECMAScript);
  } catch (const std::regex_error&) {
    return std::nullopt;
  }
}

std::optional<RestError> patch_trunk(SipRouting& routing, const std::string& fqdn,
                                     const json& value) {
  const auto found = routing.trunks.find(fqdn);
  const bool fixed = found != routing.trunks.end() && found->second.fixed;
  if (value.is_null()) {
    if (fixed) {
      return unprocessable("TrunkOfTheOperator", "The trunk " + fqdn +
                                                     " stands in the gateway's own configuration "
                                                     "and is removed there.");
    }
    if (found != routing.trunks.end()) routing.trunks.erase(found);
    return std::nullopt;
  }
  if (!is_fqdn(fqdn)) return unprocessable("InvalidTrunkFqdn", "Trunk with an invalid FQDN.");
  if (!value.is_object()) return unprocessable("InvalidTrunk", "A trunk is an object or null.");
  const auto port = value.find("sipSignalingPort");
  const bool given = port != value.end();
  if (given && (!port->is_number_integer() || *port < 1 || *port > 65535)) {
    return unprocessable("InvalidTrunkSipSignalingPort",
                         "Trunk with an invalid SIP signaling port.");
  }
  if (!given && found == routing.trunks.end()) {
    return unprocessable("InvalidTrunkSipSignalingPort", "Trunk without a SIP signaling port.");
  }
  const int wanted = given ? port->get<int>() : found->second.sip_signaling_port;
  if (fixed && wanted != found->second.sip_signaling_port) {
    return unprocessable("TrunkOfTheOperator", "The trunk " + fqdn +
                                                   " stands in the gateway's own configuration "
                                                   "and is changed there.");
  }
  if (!fixed) routing.trunks[fqdn] = {wanted, false};
  return std::nullopt;
}

tl::expected<SipRoute, RestError> read_route(const json& value) {
  SipRoute route;
  if (!value.is_object()) {
    return tl::unexpected(unprocessable("InvalidRoute", "A route is an object."));
  }
  route.name = text_of(value, "name");
  route.description = text_of(value, "description");
  route.number_pattern = text_of(value, "numberPattern");
  if (route.name.empty() || route.name.size() > kMaxName) {
    return tl::unexpected(unprocessable("InvalidRouteName", "Route with an invalid name."));
  }
  if (route.description.size() > kMaxText) {
    return tl::unexpected(
        unprocessable("InvalidRouteDescription", "Route with an invalid description."));
  }
  const bool sized = !route.number_pattern.empty() && route.number_pattern.size() <= kMaxText;
  // Before it is compiled: that takes time too.
  const bool bounded = sized && matches_in_bounded_time(pattern_of(route));
  if (!bounded || !compiled(route)) {
    return tl::unexpected(
        unprocessable("InvalidRouteNumberPattern",
                      "Route with an invalid number pattern, or one that takes long to match."));
  }
  const auto trunks = value.find("trunks");
  if (trunks == value.end() || trunks->is_null()) return route;
  if (!trunks->is_array() || trunks->size() > kMaxTrunks) {
    return tl::unexpected(
        unprocessable("InvalidRouteTrunks", "Route with an invalid list of trunks."));
  }
  for (const json& trunk : *trunks) {
    route.trunks.push_back(trunk.is_string() ? trunk.get<std::string>() : std::string());
  }
  return route;
}

std::optional<RestError> patch_routes(SipRouting& routing, const json& list) {
  if (list.is_null()) {
    routing.routes.clear();
    return std::nullopt;
  }
  if (!list.is_array() || list.size() > kMaxRoutes) {
    return unprocessable("InvalidRoutes", "The routes are a list of at most 250.");
  }
  std::vector<SipRoute> routes;
  for (const json& value : list) {
    auto route = read_route(value);
    if (!route) return route.error();
    routes.push_back(std::move(*route));
  }
  routing.routes = std::move(routes);
  return std::nullopt;
}

// What only shows when all of it is known.
std::optional<RestError> cross_check(const SipRouting& routing) {
  if (routing.trunks.size() > kMaxTrunks) {
    return unprocessable("TooManyTrunks", "There are at most 250 trunks.");
  }
  std::set<std::string_view> names;
  for (const SipRoute& route : routing.routes) {
    if (!names.insert(route.name).second) {
      return unprocessable("DuplicatedRoute", "There is a duplicated route.", 400);
    }
    std::set<std::string_view> trunks;
    for (const std::string& trunk : route.trunks) {
      if (!routing.trunks.contains(trunk)) {
        return unprocessable("MissingTrunk", "Route targeting a missing trunk.");
      }
      if (!trunks.insert(trunk).second) {
        return unprocessable("DuplicatedRoutingTrunk", "There is a duplicated routing trunk.");
      }
    }
  }
  return std::nullopt;
}

json to_value(const SipRoute& route) {
  json value = {{"name", route.name}, {"numberPattern", route.number_pattern}};
  if (!route.description.empty()) value["description"] = route.description;
  value["trunks"] = route.trunks;
  return value;
}

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

bool is_fqdn(std::string_view name) {
  if (name.empty() || name.size() > kMaxFqdn) return false;
  size_t labels = 0;
  std::string_view last;
  for (;;) {
    const size_t dot = std::min(name.find('.'), name.size());
    last = name.substr(0, dot);
    const bool good =
        !last.empty() && last.size() <= 63 && last.front() != '-' && last.back() != '-' &&
        std::ranges::all_of(last, [](unsigned char c) { return std::isalnum(c) != 0 || c == '-'; });
    if (!good) return false;
    ++labels;
    if (dot == name.size()) break;
    name.remove_prefix(dot + 1);
  }
  return labels >= 2 && std::isalpha(static_cast<unsigned char>(last.front())) != 0;
}

std::string pattern_of(const SipRoute& route) {
  const std::string& text = route.number_pattern;
  if (text.starts_with("^+")) return "^\\" + text.substr(1);
  return text.starts_with('+') ? "\\" + text : text;
}

tl::expected<SipRouting, RestError> merge_patch(SipRouting routing, std::string_view patch) {
  const json parsed = json::parse(patch, nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_object()) {
    return tl::unexpected(
        RestError{400, "BadRequest", "The request body is no JSON object (RFC 7396)."});
  }
  const auto trunks = parsed.find("trunks");
  const auto routes = parsed.find("routes");
  if (trunks == parsed.end() && routes == parsed.end()) {
    return tl::unexpected(unprocessable("EmptyPatch", "Patch with no data provided."));
  }
  if (trunks != parsed.end()) {
    if (!trunks->is_object()) {
      return tl::unexpected(unprocessable("InvalidTrunks", "The trunks are an object."));
    }
    for (const auto& [fqdn, value] : trunks->items()) {
      if (const auto error = patch_trunk(routing, fqdn, value)) return tl::unexpected(*error);
    }
  }
  if (routes != parsed.end()) {
    if (const auto error = patch_routes(routing, *routes)) return tl::unexpected(*error);
  }
  if (const auto error = cross_check(routing)) return tl::unexpected(*error);
  return routing;
}

std::string to_json(const SipRouting& routing, Trunks which) {
  json trunks = json::object(), routes = json::array();
  for (const auto& [fqdn, trunk] : routing.trunks) {
    if (which == Trunks::Stored && trunk.fixed) continue;
    trunks[fqdn] = {{"sipSignalingPort", trunk.sip_signaling_port}};
  }
  for (const SipRoute& route : routing.routes) routes.push_back(to_value(route));
  return dump({{"trunks", trunks}, {"routes", routes}});
}

SipRouting parse_stored(std::string_view text) {
  SipRouting routing;
  const json parsed = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_object()) return routing;
  const json trunks = parsed.value("trunks", json::object());
  for (const auto& [fqdn, value] : trunks.items()) {
    (void)patch_trunk(routing, fqdn, value);
  }
  (void)patch_routes(routing, parsed.value("routes", json::array()));
  return routing;
}

std::vector<SipRoute> matching(const SipRouting& routing, std::string_view number) {
  std::vector<SipRoute> out;
  if (number.empty() || number.size() > kMaxNumber) return out;
  for (const SipRoute& route : routing.routes) {
    const auto regex = compiled(route);
    if (regex && std::regex_search(number.begin(), number.end(), *regex)) out.push_back(route);
  }
  return out;
}

std::string to_json(const std::vector<SipRoute>& routes) {
  json list = json::array();
  for (const SipRoute& route : routes) list.push_back(to_value(route));
  return dump({{"matchingRoutes", list}});
}

}  // namespace gw::acs::rest
