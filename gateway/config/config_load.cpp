#include "gateway/config/config_load.h"

#include <ifaddrs.h>
#include <net/if.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "gateway/config/sections.h"
#include "gateway/config/values.h"

namespace gw::config {
namespace {

namespace fs = std::filesystem;

constexpr uintmax_t kMaxFile = 16 * 1024 * 1024;  // 100,000 phones fit.

constexpr std::string_view kTables[] = {
    "sip",    "media",   "calls",     "edge",    "acs",   "admin", "state", "store", "cdr",
    "limits", "numbers", "emergency", "network", "phone", "user",  "trunk", "route", "app"};

struct Source {
  fs::path path;
  std::string name;  // In messages: relative to the configuration's folder.
  bool trunk = false;
};

std::vector<fs::path> toml_files(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() == ".toml" && !fs::is_directory(at->path()))
      files.push_back(at->path());
  }
  std::ranges::sort(files);
  return files;
}

std::vector<Source> find_sources(const fs::path& path, Problems& problems) {
  std::vector<Source> sources;
  std::error_code error;
  if (fs::is_regular_file(path, error)) {
    sources.push_back({path, path.filename().string(), false});
    return sources;
  }
  if (!fs::is_directory(path, error)) {
    problems.error({path.string(), 0}, "", "there is no such file or folder");
    return sources;
  }
  for (const fs::path& file : toml_files(path))
    sources.push_back({file, file.filename().string(), false});
  for (const fs::path& file : toml_files(path / "trunks.d")) {
    sources.push_back({file, "trunks.d/" + file.filename().string(), true});
  }
  if (sources.empty()) {
    problems.error({path.string(), 0}, "", "holds no *.toml file: gateway.toml is the usual one");
  }
  // Messages about what is nowhere point at the main file.
  std::stable_partition(sources.begin(), sources.end(),
                        [](const Source& s) { return s.name == "gateway.toml"; });
  return sources;
}

// A trunk's file has the trunk's keys at the top; whole tables of the others may stand in it too.
Value::Table with_trunk(Value::Table table, const std::string& file) {
  Value trunk;
  trunk.origin = {file, 0};
  trunk.whole_file = true;
  Value::Table rest;
  for (auto& [key, value] : table) {
    const bool global = std::ranges::find(kTables, key) != std::end(kTables) &&
                        (value.as<Value::Table>() || value.table_array());
    if (!global && (trunk.origin.line == 0 || value.origin.line < trunk.origin.line)) {
      trunk.origin.line = value.origin.line;
    }
    (global ? rest : *trunk.as<Value::Table>()).emplace(key, std::move(value));
  }
  if (trunk.as<Value::Table>()->empty()) return rest;
  Value list;
  list.origin = trunk.origin;
  list.data = Value::Array{std::move(trunk)};
  Value::Table named;
  named.emplace("trunk", std::move(list));
  Problems none;
  merge(rest, std::move(named), "", none);
  return rest;
}

Value::Table read_source(const Source& source, Problems& problems, bool& broken) {
  std::error_code error;
  const auto size = fs::file_size(source.path, error);
  std::ifstream in(source.path, std::ios::binary);
  if (!in || error || size > kMaxFile) {
    problems.error({source.name, 0}, "",
                   size > kMaxFile && !error ? "is larger than 16 MB" : "cannot be read");
    broken = true;
    return {};
  }
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  Value::Table table = parse_toml(text, source.name, problems, broken);
  return source.trunk ? with_trunk(std::move(table), source.name) : table;
}

// The address this machine would be reached at: its first interface that is up and not loopback.
SocketAddress primary_address() {
  SocketAddress found = *SocketAddress::parse("127.0.0.1");
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return found;
  for (const ifaddrs* at = list; at; at = at->ifa_next) {
    if (!at->ifa_addr || at->ifa_addr->sa_family != AF_INET) continue;
    if (!(at->ifa_flags & IFF_UP) || (at->ifa_flags & IFF_LOOPBACK)) continue;
    found = SocketAddress(at->ifa_addr, sizeof(sockaddr_in));
    found.set_port(0);
    break;
  }
  ::freeifaddrs(list);
  return found;
}

void read_all(const Value::Table& root, const Origin& main, ReadContext& context, Config& config) {
  Value top;
  top.data = root;
  top.origin = main;
  Section section(context, &top, {}, main);
  read_networks(section, config);
  read_daemon(section, config);
  read_parties(section, config);
  section.finish();
}

void index_phones(Config& config) {
  std::ranges::stable_sort(config.phones, {}, &Phone::username);
  for (size_t i = 0; i < config.phones.size(); ++i) {
    if (!config.phones[i].extension.empty())
      config.phone_of_extension.emplace(config.phones[i].extension, i);
  }
  config.phones_sorted = true;
}

// The ACS resource's own numbers are a trunk without SIP: routes name it like any other.
void add_cloud_trunk(Config& config, const Origin& main) {
  if (!config.acs.cloud()) return;
  Trunk trunk;
  trunk.name = kCloudTrunk;
  trunk.cloud = true;
  trunk.options_interval = 0s;
  const auto provider = config.settings.find("acs.provider");
  trunk.origin = provider == config.settings.end() ? main : provider->second.origin;
  config.trunks.push_back(std::move(trunk));
}

void warn_of_literal_secrets(const ReadContext& context, const Config& config) {
  if (loopback_only(config)) return;
  for (const auto& [origin, key] : context.literal_secrets) {
    context.problems.warn(origin, key, "stands in the open: write \"file:...\" or \"env:...\"");
  }
}

// What the media engine needs of [[network]] and [edge] network.
void media_networks(Config& config) {
  media::MediaConfig& media = config.media.engine;
  media.webrtc_network = config.edge.network;
  media.networks.clear();
  for (const Network& network : config.networks) {
    const auto address = SocketAddress::parse(network.bind);
    if (!address) continue;  // A problem of its own.
    const auto ports = parse_ports(network.ports);
    media.networks.push_back({network.name, *address, network.advertise,
                              ports ? ports->first : uint16_t{0},
                              ports ? ports->second : uint16_t{0}});
  }
}

}  // namespace

bool Loaded::ok() const {
  return config && std::ranges::all_of(problems, [](const Problem& p) { return p.warning; });
}

void complete_defaults(Config& config) {
  SocketAddress& address = config.media.engine.address;
  if (address.empty()) {
    const auto specific = std::ranges::find_if(config.sip.listen, [](const sip::ListenAddress& l) {
      return !l.address.any() && l.network.empty();
    });
    address = specific == config.sip.listen.end() ? primary_address() : specific->address;
    address.set_port(0);
  }
  media_networks(config);
  if (config.sip.domain.empty()) config.sip.domain = address.host();
  for (Trunk& trunk : config.trunks) {
    if (trunk.profile == TrunkProfile::DirectRouting && trunk.fqdn.empty())
      trunk.fqdn = config.sip.domain;
  }
}

Loaded load(const std::string& path, const std::vector<std::string>& overrides) {
  Loaded out;
  out.config = std::make_shared<Config>();
  Problems problems;
  const fs::path where = fs::absolute(path).lexically_normal();
  std::error_code ignored;
  const fs::path folder = fs::is_directory(where, ignored) ? where : where.parent_path();

  Value::Table root;
  bool broken = false;
  const std::vector<Source> sources = find_sources(where, problems);
  if (sources.empty()) {
    out.problems = std::move(problems).sorted();
    return out;
  }
  for (const Source& source : sources) {
    merge(root, read_source(source, problems, broken), "", problems);
  }
  for (const std::string& assignment : overrides) override_value(root, assignment, problems);

  Config& config = *out.config;
  config.folder = folder.string();
  ReadContext context{problems, config.settings, out.keys, config.folder, {}};
  read_all(root, {sources.front().name, 1}, context, config);
  add_cloud_trunk(config, {sources.front().name, 1});
  complete_defaults(config);
  index_phones(config);
  cross_check(config, !broken, problems);
  warn_of_literal_secrets(context, config);
  out.problems = std::move(problems).sorted();
  return out;
}

std::string store_path(const Config& config) {
  const std::string name = config.store_url.substr(config.store_url.find(':') + 1);
  if (name == ":memory:") return name;
  return (fs::path(config.state_dir) / name).lexically_normal().string();
}

}  // namespace gw::config
