#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "sip/invite.h"
#include "sip/sip_agent.h"

struct msg_auth_s;  // Sofia's Authorization, WWW-Authenticate and their proxy twins.

namespace gw::sip {

// The parameters of one Digest header, unquoted: a challenge (WWW-Authenticate) or credentials
// (Authorization).
struct DigestHeader {
  std::string realm, nonce, opaque, algorithm, qop;  // Both.
  std::string username, uri, response, nc, cnonce;   // Credentials only.
  bool stale = false;                                // Challenges only.
};

// None when it is not Digest, repeats a parameter or is larger than any honest phone's.
std::optional<DigestHeader> parse_digest(const msg_auth_s& header);
std::optional<DigestHeader> parse_digest(std::string_view value);  // "Digest realm=\"...\", ..."
std::vector<DigestHeader> parse_digest_list(
    const msg_auth_s* first);  // Every Digest header of the list.

enum class DigestVerdict {
  Passed,
  Missing,  // No usable credentials for our realm: challenge, nothing to count.
  Stale,   // The password is right, the nonce is old or was used before: challenge with stale=true.
  Failed,  // Wrong password, unknown user or nonsense: challenge, and count it against the source.
};

// Server side of Digest (RFC 7616, RFC 8760): challenges and verdicts. A nonce is an HMAC over its
// time and a salt, so a challenge costs no memory; a nonce enters the bounded table of counts only
// after a right digest. Owned by the agent; signalling thread.
class DigestServer {
 public:
  DigestServer(std::string realm, const Clock& clock, Random& random,
               Duration nonce_lifetime = 5min, size_t max_nonces = 65'536);

  // Values for WWW-Authenticate or Proxy-Authenticate: one for each algorithm, in this order, all
  // with one nonce.
  std::vector<std::string> challenge(std::span<const DigestAlgorithm> algorithms, bool stale);

  // `account` is what the directory knows of credentials.username; std::nullopt costs as much and
  // looks the same as a wrong password. `algorithms` are those that the challenge offered.
  DigestVerdict verify(const DigestHeader& credentials, std::string_view method,
                       std::string_view request_uri, const std::optional<PhoneAccount>& account,
                       std::span<const DigestAlgorithm> algorithms);

  // The credentials among several headers that are meant for us (our realm), if any.
  const DigestHeader* ours(const std::vector<DigestHeader>& credentials) const;

  // A number that belongs to this name, as unforeseeable as a nonce: what an unknown user looks
  // like is chosen by it.
  uint64_t pick(std::string_view name) const;

  const std::string& realm() const { return realm_; }
  void set_realm(std::string realm) { realm_ = std::move(realm); }
  size_t tracked_nonces() const { return used_.size(); }

 private:
  struct Stamp {
    uint64_t issued_ms = 0;  // Monotonic.
    uint64_t salt = 0;       // Tells nonces apart.
  };
  struct Used {
    uint64_t issued_ms = 0;
    uint32_t highest = 0;  // Highest nc seen.
  };

  std::string make_nonce();
  std::optional<Stamp> stamp_of(std::string_view nonce) const;  // None: not of our making.
  bool first_use(const Stamp& nonce, uint32_t nc);
  void forget_old(uint64_t now_ms);

  const Clock& clock_;
  Random& random_;
  std::string realm_;
  const std::string secret_;
  const std::string opaque_;
  const Duration lifetime_;
  const size_t max_nonces_;

  std::unordered_map<uint64_t, Used> used_;  // By salt.
  std::deque<uint64_t> oldest_first_;
  // Nonces issued up to here were dropped for room: they count as used.
  uint64_t forgotten_before_ms_ = 0;
};

// Hashes computed by this thread: what a test compares to see that two refusals cost the same.
uint64_t hashes_computed();

// Client side: answers the 401 and 407 of one server with one set of credentials (RFC 7616 3.4, RFC
// 8760 2.4: the strongest algorithm that we know). Owned by whoever sends the requests; one for 401
// and one for 407.
class DigestClient {
 public:
  DigestClient(Credentials credentials, Random& random);

  // A value for (Proxy-)Authorization; none when no challenge is usable, or when the server just
  // refused this password: a challenge again, and not for a stale nonce.
  std::optional<std::string> answer(const std::vector<DigestHeader>& challenges,
                                    std::string_view method, std::string_view uri);

  // The same for a later request under the challenge answered last (nc goes up); none before any
  // challenge.
  std::optional<std::string> again(std::string_view method, std::string_view uri);

 private:
  Credentials credentials_;
  Random& random_;
  std::optional<DigestHeader> challenge_;
  uint32_t nc_ = 0;
  bool answered_ = false;  // The last request went out in answer to a challenge.
  unsigned stale_in_a_row_ = 0;
};

}  // namespace gw::sip
