#include "gateway/config/config_reload.h"

#include <algorithm>
#include <set>
#include <string_view>

namespace gw::config {
namespace {

// Sockets, threads and files that are opened once.
constexpr std::string_view kRestart[] = {"sip.listen",
                                         "sip.advertise",
                                         "sip.name_servers",
                                         "media.",
                                         "network.",
                                         "calls.media_timeout",
                                         "calls.resume_window",
                                         "edge.listen",
                                         "edge.local_http",
                                         "edge.certificate",
                                         "edge.key",
                                         "edge.network",
                                         "edge.allowed_origins",
                                         "edge.turn",
                                         "edge.demo_tokens",
                                         "edge.token_lifetime",
                                         "acs.",
                                         "admin.",
                                         "state.",
                                         "store.",
                                         "cdr."};

bool needs_restart(std::string_view key) {
  if (key == "media.srtp") return false;  // Read for each call.
  // Keys are exchanged while the gateway runs.
  if (key == "acs.access_keys" || key == "acs.api_keys" || key == "acs.connection_string")
    return false;
  return std::ranges::any_of(kRestart,
                             [&](std::string_view start) { return key.starts_with(start); });
}

// "phone.101" of "phone.101.password": what appears and goes as a whole. Names may hold dots, keys
// do not.
std::string table_of(const std::string& key) {
  for (const std::string_view kind : {"phone.", "user.", "trunk.", "route.", "network.", "app."}) {
    if (!key.starts_with(kind)) continue;
    std::string table = key.substr(0, key.rfind('.'));
    for (const std::string_view inner : {".caller_id", ".number", ".tls"}) {
      if (kind == "trunk." && table.ends_with(inner)) table.resize(table.size() - inner.size());
    }
    return table;
  }
  return {};
}

std::set<std::string> tables_of(const Settings& settings) {
  std::set<std::string> tables;
  for (const auto& [key, setting] : settings) {
    if (std::string table = table_of(key); !table.empty()) tables.insert(std::move(table));
  }
  return tables;
}

// The order of routes is a rule of its own: first match wins.
std::vector<std::string> route_names(const Config& config) {
  std::vector<std::string> names;
  for (const Route& route : config.routes) names.push_back(route.name);
  return names;
}

}  // namespace

Difference compare(const Config& before, const Config& now) {
  Difference out;
  const std::set<std::string> old_tables = tables_of(before.settings);
  const std::set<std::string> new_tables = tables_of(now.settings);
  for (const std::string& table : new_tables) {
    if (!old_tables.contains(table)) out.changes.push_back(table + ": added");
  }
  for (const std::string& table : old_tables) {
    if (!new_tables.contains(table)) out.changes.push_back(table + ": removed");
  }
  for (const auto& [key, setting] : now.settings) {
    const auto old = before.settings.find(key);
    if (old == before.settings.end() || old->second.value == setting.value) continue;
    const bool hidden = setting.secret || old->second.secret;
    out.changes.push_back(hidden ? key + ": changed"
                                 : key + ": " + old->second.value + " -> " + setting.value);
    if (needs_restart(key)) out.restart.push_back(key);
  }
  for (const std::string& table : out.changes) {
    if (table.starts_with("network.")) out.restart.push_back(table.substr(0, table.find(':')));
  }
  std::ranges::sort(out.restart);
  out.restart.erase(std::unique(out.restart.begin(), out.restart.end()), out.restart.end());
  const std::vector<std::string> old_order = route_names(before), new_order = route_names(now);
  if (old_order != new_order && std::ranges::is_permutation(old_order, new_order)) {
    out.changes.push_back("route: order changed");
  }
  return out;
}

}  // namespace gw::config
