#include "acs/identity/token_service.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "acs/identity/jwt.h"

namespace gw::acs::identity {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kIssuer = "acs-gateway";
constexpr Duration kSkew = 60s;  // Between our clock and that of whoever issued with the same key.
constexpr size_t kMaxRetired = 4;           // Each costs a forged token one more verification.
constexpr int64_t kLatest = 9'000'000'000;  // The year 2255: nanoseconds end in 2262.

// Azure's numeric form of the scopes, for consumers that look at it.
int scope_mask(const std::vector<Scope>& scopes) {
  int mask = 0;
  for (const Scope scope : scopes) {
    const bool voip = scope == Scope::Voip || scope == Scope::VoipJoin;
    mask |= voip ? 4096 : 1792;
  }
  return mask;
}

// Scopes that we do not know give no rights, and do no harm.
std::vector<Scope> parse_scopes(std::string_view text) {
  std::vector<Scope> scopes;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    if (const auto scope = parse_scope(text.substr(0, comma))) scopes.push_back(*scope);
    text = text.substr(std::min(comma + 1, text.size()));
  }
  return scopes;
}

std::string text_of(const json& claims, const char* name) {
  const auto found = claims.find(name);
  return found != claims.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<int64_t> number_of(const json& claims, const char* name, int64_t latest) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_number_integer()) return std::nullopt;
  const auto value = found->get<int64_t>();
  if (value < 0 || value > latest) return std::nullopt;
  return value;
}

tl::unexpected<Error> refuse(std::string detail) {
  return fail(ErrorCode::Unauthorized, std::move(detail));
}

// The key that signs, and those that were set aside and whose tokens may still be alive.
struct Keys {
  struct Retired {
    SigningKey key;
    WallTime last_token;  // When the last of its tokens expires.
  };
  SigningKey signing;
  std::vector<Retired> retired;
};

// "<path>.1795219200.old"
std::optional<WallTime> retired_at(const std::string& name, const std::string& stem) {
  constexpr std::string_view kOld = ".old";
  if (!name.starts_with(stem + ".") || !name.ends_with(kOld)) return std::nullopt;
  const std::string_view number =
      std::string_view(name).substr(stem.size() + 1, name.size() - stem.size() - 1 - kOld.size());
  int64_t at = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), at);
  if (error != std::errc() || end != number.data() + number.size() || at < 0 || at > kLatest) {
    return std::nullopt;
  }
  return WallTime(seconds(at));
}

Result<std::shared_ptr<const Keys>> read_keys(const std::string& path, WallTime now) {
  namespace fs = std::filesystem;
  auto signing = SigningKey::load_or_make(path);
  if (!signing) return tl::unexpected(signing.error());
  auto keys = std::make_shared<Keys>(Keys{std::move(*signing), {}});
  const fs::path file(path);
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(file.parent_path(), error)) {
    const auto at = retired_at(entry.path().filename().string(), file.filename().string());
    if (!at) continue;
    const WallTime last = *at + TokenService::kLongestLifetime;
    if (now >= last + kSkew) {
      std::error_code ignored;
      fs::remove(entry.path(), ignored);
      continue;
    }
    auto old = SigningKey::load_or_make(entry.path().string());
    if (!old) return tl::unexpected(old.error());
    keys->retired.push_back({std::move(*old), last});
  }
  // The newest first; who exchanges keys more often than this loses the oldest.
  std::ranges::sort(keys->retired, std::greater<>(), &Keys::Retired::last_token);
  if (keys->retired.size() > kMaxRetired)
    keys->retired.erase(keys->retired.begin() + kMaxRetired, keys->retired.end());
  return keys;
}

class Service final : public TokenService {
 public:
  Service(std::string key_path, std::shared_ptr<const Keys> keys, std::string resource_id,
          const Clock& clock, Random& random)
      : key_path_(std::move(key_path)),
        resource_id_(std::move(resource_id)),
        clock_(clock),
        random_(random),
        keys_(std::move(keys)) {}

  Result<void> reload() override {
    auto fresh = read_keys(key_path_, clock_.wall());
    if (!fresh) return tl::unexpected(fresh.error());
    const std::lock_guard lock(mutex_);
    keys_ = std::move(*fresh);
    return {};
  }

  Token issue(std::string_view identity, const std::vector<Scope>& scopes,
              Duration lifetime) override {
    const std::string id(identity);
    const int64_t issued_ms = issue_time(id);
    const int64_t issued = issued_ms / 1000;
    const int64_t expires = issued + std::chrono::duration_cast<seconds>(lifetime).count();
    json claims = {
        {"skypeid", id.starts_with("8:") ? id.substr(2) : id},
        {"scp", scope_mask(scopes)},
        {"csi", std::to_string(issued)},
        {"exp", expires},
        {"iat", issued},
        {"iatMs", issued_ms},  // Seconds cannot tell a token issued right after a revocation from
                               // those before it.
        {"acsScope", join(scopes)},
        {"resourceId", resource_id_},
        {"iss", kIssuer},
        {"jti", random_.uuid()},
    };
    {
      const std::lock_guard lock(mutex_);
      if (!edge_url_.empty()) claims["edge"] = edge_url_;
    }
    return {encode_jwt(keys()->signing, claims), WallTime(seconds(expires))};
  }

  Result<Claims> verify(std::string_view jwt) const override {
    const auto verified = verify_signature(jwt);
    if (!verified) return tl::unexpected(verified.error());
    const json& claims = *verified;
    const auto expires = number_of(claims, "exp", kLatest);
    const auto issued = number_of(claims, "iat", kLatest);
    const std::string user = text_of(claims, "skypeid");
    if (!expires || !issued || user.empty()) return refuse("malformed: claims missing");
    if (text_of(claims, "iss") != kIssuer) return refuse("other issuer");
    if (text_of(claims, "resourceId") != resource_id_) return refuse("other resource");

    Claims out;
    out.identity = "8:" + user;
    if (!is_acs_identity(out.identity)) return refuse("malformed: skypeid");
    out.issued = WallTime(seconds(*issued));
    out.expires = WallTime(seconds(*expires));
    if (clock_.wall() >= out.expires + kSkew) return refuse("expired");
    if (clock_.wall() + kSkew < out.issued) return refuse("not valid yet");
    const auto precise = number_of(claims, "iatMs", kLatest * 1000);
    if (revoked(out.identity, precise.value_or(*issued * 1000))) return refuse("revoked");
    out.scopes = parse_scopes(text_of(claims, "acsScope"));
    out.token_id = text_of(claims, "jti");
    return out;
  }

  void revoke(std::string_view identity, WallTime at) override {
    const std::lock_guard lock(mutex_);
    int64_t& until = revoked_until_ms_[std::string(identity)];
    until = std::max(until, unix_ms(at));
  }

  void set_edge_url(std::string url) override {
    const std::lock_guard lock(mutex_);
    edge_url_ = std::move(url);
  }

  const std::string& resource_id() const override { return resource_id_; }

 private:
  std::shared_ptr<const Keys> keys() const {
    const std::lock_guard lock(mutex_);
    return keys_;
  }

  // What the signing key refuses may be an older key's.
  Result<json> verify_signature(std::string_view jwt) const {
    const auto all = keys();
    auto verified = verify_jwt(all->signing, jwt);
    for (const Keys::Retired& retired : all->retired) {
      if (verified) break;
      if (clock_.wall() >= retired.last_token + kSkew) continue;
      if (auto older = verify_jwt(retired.key, jwt)) verified = std::move(older);
    }
    return verified;
  }

  // Now, but after the last revocation: who revokes and issues at once wants the new token to work.
  int64_t issue_time(const std::string& identity) const {
    const int64_t now = unix_ms(clock_.wall());
    const std::lock_guard lock(mutex_);
    const auto found = revoked_until_ms_.find(identity);
    if (found == revoked_until_ms_.end() || found->second < now) return now;
    return found->second + 1;
  }

  bool revoked(const std::string& identity, int64_t issued_ms) const {
    const std::lock_guard lock(mutex_);
    const auto found = revoked_until_ms_.find(identity);
    return found != revoked_until_ms_.end() && issued_ms <= found->second;
  }

  const std::string key_path_;
  const std::string resource_id_;
  const Clock& clock_;
  Random& random_;

  mutable std::mutex mutex_;
  std::shared_ptr<const Keys> keys_;
  std::unordered_map<std::string, int64_t> revoked_until_ms_;
  std::string edge_url_;
};

}  // namespace

std::string_view to_string(Scope scope) {
  switch (scope) {
    case Scope::Voip: return "voip";
    case Scope::VoipJoin: return "voip.join";
    case Scope::Chat: return "chat";
    case Scope::ChatJoin: return "chat.join";
    case Scope::ChatJoinLimited: return "chat.join.limited";
  }
  return "";
}

std::optional<Scope> parse_scope(std::string_view name) {
  for (const Scope scope :
       {Scope::Voip, Scope::VoipJoin, Scope::Chat, Scope::ChatJoin, Scope::ChatJoinLimited}) {
    if (to_string(scope) == name) return scope;
  }
  return std::nullopt;
}

std::string join(const std::vector<Scope>& scopes) {
  std::string out;
  for (const Scope scope : scopes) out += (out.empty() ? "" : ",") + std::string(to_string(scope));
  return out;
}

bool Claims::may(Scope scope) const {
  return std::ranges::find(scopes, scope) != scopes.end();
}

Result<std::unique_ptr<TokenService>> TokenService::load(const std::string& key_path,
                                                         std::string resource_id,
                                                         const Clock& clock, Random& random) {
  if (!is_acs_identity("8:acs:" + resource_id + "_user")) {
    return fail(ErrorCode::InvalidArgument, "resource id \"" + resource_id + "\" is not a GUID");
  }
  auto keys = read_keys(key_path, clock.wall());
  if (!keys) return tl::unexpected(keys.error());
  return std::make_unique<Service>(key_path, std::move(*keys), std::move(resource_id), clock,
                                   random);
}

Result<void> TokenService::retire_key(const std::string& key_path, const Clock& clock) {
  const std::string aside = key_path + "." + std::to_string(unix_ms(clock.wall()) / 1000) + ".old";
  if (std::filesystem::exists(aside)) {
    return fail(ErrorCode::Conflict, "the key was exchanged this very second");
  }
  std::error_code error;
  std::filesystem::rename(key_path, aside, error);
  if (error) return fail(ErrorCode::Io, "key " + key_path + ": " + error.message());
  return {};
}

}  // namespace gw::acs::identity
