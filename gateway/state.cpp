#include "gateway/state.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "acs/http/self_signed.h"
#include "gateway/config/config_load.h"
#include "gateway/config/sip_routing.h"

namespace gw {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEchoIdentity = "8:echo123";
constexpr size_t kAccessKeyBytes = 64;  // As Azure's.

std::string random_access_key(Random& random) {
  std::array<std::byte, kAccessKeyBytes> raw;
  random.fill(raw);
  std::string text(4 * ((kAccessKeyBytes + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(raw.data()),
                                   static_cast<int>(raw.size()));
  text.resize(static_cast<size_t>(size));
  return text;
}

// Mode 0600 from the first byte on.
Result<void> write_secret(const std::string& path, const std::string& text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0)
    return fail(ErrorCode::Io, path + " cannot be made: " + std::generic_category().message(errno));
  const std::string line = text + "\n";
  const bool written = ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  ::close(fd);
  if (!written) return fail(ErrorCode::Io, path + " cannot be written");
  return {};
}

}  // namespace

State::State(std::string folder, const Clock& clock, Random& random, Log log)
    : folder_(std::move(folder)), clock_(clock), random_(random), log_(std::move(log)) {}

Result<std::unique_ptr<State>> State::open(const config::Config& config, const Clock& clock,
                                           Random& random, Log log) {
  std::error_code error;
  fs::create_directories(config.state_dir, error);
  if (error) {
    return fail(ErrorCode::Io,
                "[state] dir " + config.state_dir + " cannot be made: " + error.message());
  }
  fs::permissions(config.state_dir, fs::perms::owner_all, error);
  std::unique_ptr<State> state(new State(config.state_dir, clock, random, log));
  auto store = ops::Store::open(config::store_path(config), log);
  if (!store) return tl::unexpected(store.error());
  state->store_ = std::move(*store);
  if (const auto found = state->find_resource_id(config); !found)
    return tl::unexpected(found.error());
  if (const auto found = state->find_first_start(); !found) return tl::unexpected(found.error());
  auto tokens =
      acs::identity::TokenService::load(state->token_key(), state->resource_id_, clock, random);
  if (!tokens) return tl::unexpected(tokens.error());
  state->tokens_ = std::move(*tokens);
  for (const auto& [identity, at] : state->store_->revocations())
    state->tokens_->revoke(identity, at);
  return state;
}

Result<void> State::find_resource_id(const config::Config& config) {
  resource_id_ = config.acs.resource_id;
  if (!resource_id_.empty()) return {};
  if (const auto kept = store_->value("resource_id")) {
    resource_id_ = *kept;
    return {};
  }
  resource_id_ = random_.uuid();
  return store_->set_value("resource_id", resource_id_);
}

std::string State::token_key() const {
  return (fs::path(folder_) / "token-key.pem").string();
}

Result<void> State::rotate_token_key() {
  if (const auto retired = acs::identity::TokenService::retire_key(token_key(), clock_); !retired)
    return retired;
  return tokens_->reload();
}

Result<void> State::find_first_start() {
  constexpr const char* kKey = "first_start_ms";
  if (const auto kept = store_->value(kKey)) {
    first_start_ = WallTime(std::chrono::milliseconds(std::strtoll(kept->c_str(), nullptr, 10)));
    return {};
  }
  first_start_ = clock_.wall();
  return store_->set_value(kKey, std::to_string(unix_ms(first_start_)));
}

acs::rest::SipRouting State::sip_routing() {
  return acs::rest::parse_stored(store_->value(kSipRouting).value_or("{}"));
}

// What collides with files that were changed since is left out, so that a reload never fails for
// it.
Result<void> State::complete_routing(config::Config& config) {
  const auto applied = config::apply_routing(sip_routing(), config);
  if (applied) return {};
  log_.error("trunks and routes of rest are not in force", {{"why", applied.error().detail}});
  return config::apply_routing({}, config);
}

void State::set_edge(const config::Config& config, const SocketAddress& listener, bool tls) {
  if (listener.port() == 0) return;
  // Plain HTTP is served on loopback alone; the certificate of the other bears the domain.
  const bool named = tls && !config.sip.domain.empty();
  SocketAddress address = listener;
  if (address.any()) address = *SocketAddress::parse(address.v6() ? "[::1]:0" : "127.0.0.1:0");
  address.set_port(listener.port());
  const std::string host =
      named ? config.sip.domain + ":" + std::to_string(listener.port()) : address.to_string();
  tokens_->set_edge_url((tls ? "wss://" : "ws://") + host + "/edge");
}

Result<void> State::complete(config::Config& config) {
  config.acs.resource_id = resource_id_;
  if (config.edge.listen)
    set_edge(config, *config.edge.listen, true);
  else if (config.edge.local_http)
    set_edge(config, *config.edge.local_http, false);
  // A key that was exchanged (`token rotate-key`) signs from now on; the old one's tokens stay
  // good.
  if (const auto read = tokens_->reload(); !read) return read;
  for (const auto step :
       {&State::complete_users, &State::complete_certificates, &State::complete_access_keys,
        &State::complete_routing, &State::complete_cloud}) {
    if (const auto done = (this->*step)(config); !done) return done;
  }
  config::complete_called_tls(config);
  return {};
}

Result<void> State::complete_users(config::Config& config) {
  for (config::User& added : store_->added_users()) {
    added.origin = {"the state", 0};
    if (!config.user(added.name)) config.users.push_back(std::move(added));
  }
  for (config::User& user : config.users) {
    if (user.id == kEchoIdentity) user.echo = true;
    if (user.echo && user.id.empty()) user.id = kEchoIdentity;
    if (!user.id.empty()) continue;
    if (const auto kept = store_->identity_of(user.name)) {
      user.id = *kept;
      continue;
    }
    user.id = acs::identity::make_identity(resource_id_, random_);
    if (const auto set = store_->set_identity(user.name, user.id); !set) return set;
  }
  return {};
}

// SIP TLS and the edge share the first-start certificate: ECDSA P-256, for the domain and loopback.
Result<void> State::complete_certificates(config::Config& config) {
  const std::string certificate = (fs::path(folder_) / "certificate.pem").string();
  const std::string key = (fs::path(folder_) / "key.pem").string();
  const bool sip_tls = std::ranges::any_of(
      config.sip.listen, [](const auto& l) { return l.transport == sip::Transport::Tls; });
  const bool for_sip = sip_tls && config.sip.tls.certificate.empty();
  const bool for_edge = config.edge.listen && config.edge.certificate.empty();
  if (!for_sip && !for_edge) return {};
  std::vector<std::string> names{config.sip.domain};
  if (!config.sip.advertise.empty()) names.push_back(config.sip.advertise);
  const auto made = acs::http::ensure_self_signed({certificate, key, names}, clock_);
  if (!made) return tl::unexpected(made.error());
  if (for_sip) {
    config.sip.tls.certificate = certificate;
    config.sip.tls.key = key;
  }
  if (for_edge) {
    config.edge.certificate = certificate;
    config.edge.key = key;
  }
  return {};
}

std::string State::identity_key(const config::Config& config, const std::string& username) {
  return "cloud_identity/" + config.acs.resource_id + "/" + username;
}

// What Event Grid's URL ends with, when the configuration names nothing.
Result<void> State::complete_cloud(config::Config& config) {
  if (!config.acs.cloud()) return {};
  for (config::Phone& phone : config.phones) {
    if (auto kept = store_->value(identity_key(config, phone.username)))
      phone.identity = std::move(*kept);
  }
  if (!config.acs.webhook_secret.empty()) return {};
  const std::string path = (fs::path(folder_) / "webhook-secret").string();
  if (!fs::exists(path)) {
    if (const auto written = write_secret(path, random_.alphanumeric(40)); !written) return written;
  }
  std::ifstream file(path);
  std::string secret;
  std::getline(file, secret);
  if (secret.empty())
    return fail(ErrorCode::Io, path + " is empty; remove it and a new secret is made");
  config.acs.webhook_secret = Masked(secret);
  return {};
}

Result<void> State::complete_access_keys(config::Config& config) {
  if (!config.acs.access_keys.empty()) return {};
  const std::string path = (fs::path(folder_) / "access-key").string();
  if (!fs::exists(path)) {
    if (const auto written = write_secret(path, random_access_key(random_)); !written)
      return written;
  }
  std::ifstream file(path);
  std::string key;
  std::getline(file, key);
  if (key.empty()) return fail(ErrorCode::Io, path + " is empty; remove it and a new key is made");
  config.acs.access_keys.emplace_back(key);
  return {};
}

}  // namespace gw
