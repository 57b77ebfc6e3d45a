#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"

namespace gw::acs::identity {

// "8:acs:<resource guid>_<user guid>": exactly one underscore, or Azure's clients take it for
// another kind of user.
std::string make_identity(std::string_view resource_id, Random& random);
bool is_acs_identity(std::string_view raw_id);

enum class Scope { Voip, VoipJoin, Chat, ChatJoin, ChatJoinLimited };
std::string_view to_string(Scope scope);  // "voip", "voip.join", "chat", "chat.join", ...
std::optional<Scope> parse_scope(std::string_view name);
std::string join(const std::vector<Scope>& scopes);  // "chat,voip"

struct Token {
  std::string jwt;
  WallTime expires{};
};

struct Claims {
  std::string identity;  // "8:acs:..."
  std::vector<Scope> scopes;
  WallTime issued{}, expires{};
  std::string token_id;  // jti
  bool may(Scope scope) const;
};

// Issues and verifies the tokens of VoIP users: JWT, ES256, a key made at first start and kept with
// mode 0600 (RFC 7515, 7518, 7519). Claims as Azure's: skypeid, acsScope, resourceId, exp, iat,
// plus iss, jti and, when set, edge (the URL). Any thread: a mutex guards what changes after load,
// the keys, revocations and the URL.
class TokenService {
 public:
  // Reads the PEM key (EC P-256 or RSA >= 2048: RS256), or makes one. Refuses a key that others can
  // read.
  static Result<std::unique_ptr<TokenService>> load(const std::string& key_path,
                                                    std::string resource_id, const Clock& clock,
                                                    Random& random);
  virtual ~TokenService() = default;

  // Exchanges the key: the file's key is set aside as "<path>.<unix seconds>.old" and signs no
  // more; the next reload() (or load()) makes a new one. Tokens of a key set aside are good until
  // the last of them must have expired; then the file goes.
  static Result<void> retire_key(const std::string& key_path, const Clock& clock);
  static constexpr Duration kLongestLifetime = 24h;

  // Reads the key files again. Any thread; sessions stay.
  virtual Result<void> reload() = 0;

  virtual Token issue(std::string_view identity, const std::vector<Scope>& scopes,
                      Duration lifetime) = 0;

  // Unauthorized with a detail that says why: malformed, wrong signature, expired, revoked, other
  // resource.
  virtual Result<Claims> verify(std::string_view jwt) const = 0;

  // Every token of the identity issued up to `at` is dead, from now on; also restores what the
  // store remembers.
  virtual void revoke(std::string_view identity, WallTime at) = 0;

  // The claim `edge` of tokens issued from now on: where their users find us, e.g.
  // "wss://gw.example.com:8443/edge".
  virtual void set_edge_url(std::string url) = 0;

  virtual const std::string& resource_id() const = 0;
};

}  // namespace gw::acs::identity
