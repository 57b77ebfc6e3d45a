#include "acs/identity/token_service.h"

#include <algorithm>
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
constexpr int64_t kLatest = 9'000'000'000;  // The year 2255: nanoseconds end in 2262.

// Azure's numeric form of the scopes, for consumers that look at it.
int scope_mask(const std::vector<Scope>& scopes) {
  int mask = 0;
  for (const Scope scope : scopes) mask |= scope == Scope::Chat ? 1792 : 4096;
  return mask;
}

std::string join(const std::vector<Scope>& scopes) {
  std::string out;
  for (const Scope scope : scopes) out += (out.empty() ? "" : ",") + std::string(to_string(scope));
  return out;
}

// Scopes that we do not know give no rights, and do no harm.
std::vector<Scope> parse_scopes(std::string_view text) {
  std::vector<Scope> scopes;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    const std::string_view one = text.substr(0, comma);
    for (const Scope scope : {Scope::Voip, Scope::VoipJoin, Scope::Chat}) {
      if (to_string(scope) == one) scopes.push_back(scope);
    }
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

class Service final : public TokenService {
 public:
  Service(SigningKey key, std::string resource_id, const Clock& clock, Random& random)
      : key_(std::move(key)),
        resource_id_(std::move(resource_id)),
        clock_(clock),
        random_(random) {}

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
    return {encode_jwt(key_, claims), WallTime(seconds(expires))};
  }

  Result<Claims> verify(std::string_view jwt) const override {
    const auto verified = verify_jwt(key_, jwt);
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

  const SigningKey key_;
  const std::string resource_id_;
  const Clock& clock_;
  Random& random_;

  mutable std::mutex mutex_;
  std::unordered_map<std::string, int64_t> revoked_until_ms_;
  std::string edge_url_;
};

}  // namespace

std::string_view to_string(Scope scope) {
  switch (scope) {
    case Scope::Voip: return "voip";
    case Scope::VoipJoin: return "voip.join";
    case Scope::Chat: return "chat";
  }
  return "";
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
  auto key = SigningKey::load_or_make(key_path);
  if (!key) return tl::unexpected(key.error());
  return std::make_unique<Service>(std::move(*key), std::move(resource_id), clock, random);
}

}  // namespace gw::acs::identity
