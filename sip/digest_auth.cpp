#include "sip/digest_auth.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sofia-sip/msg_types.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdio>
#include <utility>

#include "base/text.h"

namespace gw::sip {
namespace {

constexpr size_t kMaxHeader = 4096;
constexpr size_t kMaxParams = 24;  // RFC 7616 knows 13.
constexpr size_t kMaxValue = 512;
// A server that calls every nonce stale would have us answer for ever.
constexpr unsigned kMaxStale = 3;

std::string hex(std::span<const unsigned char> bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(2 * bytes.size());
  for (const unsigned char byte : bytes) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

thread_local uint64_t hashes = 0;

std::string hash(DigestAlgorithm algorithm, std::string_view text) {
  ++hashes;
  std::array<unsigned char, EVP_MAX_MD_SIZE> out;
  unsigned size = 0;
  const EVP_MD* md = algorithm == DigestAlgorithm::Sha256 ? EVP_sha256() : EVP_md5();
  // MD5 is missing from OpenSSL in FIPS mode: then no digest matches, which is what FIPS asks for.
  if (EVP_Digest(text.data(), text.size(), out.data(), &size, md, nullptr) != 1) return {};
  return hex(std::span(out).first(size));
}

std::string_view name_of(DigestAlgorithm algorithm) {
  return algorithm == DigestAlgorithm::Sha256 ? "SHA-256" : "MD5";
}

// RFC 7616 3.3: no algorithm means MD5. The -sess variants are offered by nobody we met.
std::optional<DigestAlgorithm> algorithm_of(std::string_view name) {
  if (name.empty() || same_letters(name, "MD5")) return DigestAlgorithm::Md5;
  if (same_letters(name, "SHA-256")) return DigestAlgorithm::Sha256;
  return std::nullopt;
}

// RFC 7616 3.4.1; without qop the older RFC 2069.
std::string response_of(DigestAlgorithm algorithm, const DigestHeader& h, std::string_view user,
                        std::string_view password, std::string_view method) {
  const auto join = [](std::initializer_list<std::string_view> parts) {
    std::string out;
    for (const std::string_view part : parts) {
      if (!out.empty()) out += ':';
      out += part;
    }
    return out;
  };
  const std::string ha1 =
      hash(algorithm, std::string(user) + ":" + h.realm + ":" + std::string(password));
  const std::string ha2 = hash(algorithm, std::string(method) + ":" + h.uri);
  if (h.qop.empty()) return hash(algorithm, join({ha1, h.nonce, ha2}));
  return hash(algorithm, join({ha1, h.nonce, h.nc, h.cnonce, h.qop, ha2}));
}

// One "name=value" or name="value" into its field. False: refuse the whole header.
bool store(DigestHeader& h, std::string_view param, std::vector<std::string>& seen) {
  const size_t equals = param.find('=');
  if (equals == std::string_view::npos) return trimmed(param).empty();
  const std::string_view name = trimmed(param.substr(0, equals));
  std::string_view value = trimmed(param.substr(equals + 1));
  if (value.size() > kMaxValue) return false;
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
    value = value.substr(1, value.size() - 2);
  }
  if (std::ranges::any_of(value, [](unsigned char c) { return c < 0x20 || c == 0x7f; })) {
    return false;
  }
  const std::string lower = lower_case(name);
  // Two of one name would let two readers see two headers.
  if (std::ranges::find(seen, lower) != seen.end() || seen.size() >= kMaxParams) return false;
  seen.push_back(lower);

  static constexpr std::array<std::pair<std::string_view, std::string DigestHeader::*>, 10> kFields{
      {
          {"realm", &DigestHeader::realm},
          {"nonce", &DigestHeader::nonce},
          {"opaque", &DigestHeader::opaque},
          {"algorithm", &DigestHeader::algorithm},
          {"qop", &DigestHeader::qop},
          {"username", &DigestHeader::username},
          {"uri", &DigestHeader::uri},
          {"response", &DigestHeader::response},
          {"nc", &DigestHeader::nc},
          {"cnonce", &DigestHeader::cnonce},
      }};
  for (const auto& [known, field] : kFields) {
    if (lower == known) h.*field = value;
  }
  if (lower == "stale") h.stale = same_letters(value, "true");
  return true;
}

struct Target {
  std::string user, host;
};

// "sip:101@pbx.example.com:5060;transport=udp" -> 101 and pbx.example.com. A URI of another scheme
// is all host.
Target target_of(std::string_view uri) {
  const std::string lower = lower_case(uri);
  std::string_view rest = lower;
  if (rest.starts_with("sips:")) {
    rest.remove_prefix(5);
  } else if (rest.starts_with("sip:")) {
    rest.remove_prefix(4);
  } else {
    return {"", std::string(uri)};
  }
  Target target;
  if (const size_t at = rest.find('@'); at != std::string_view::npos) {
    target.user = uri.substr(uri.size() - rest.size(), at);  // Case matters in it.
    rest.remove_prefix(at + 1);
  }
  target.host = rest.substr(0, rest.starts_with('[') ? rest.find(']') : rest.find_first_of(":;?"));
  return target;
}

// RFC 7616 3.4.6 leaves it to the server how alike the URIs must be: phones leave out port and
// parameters, SIPp the user too.
bool same_target(std::string_view digest_uri, std::string_view request_uri) {
  const Target given = target_of(digest_uri), asked = target_of(request_uri);
  return given.host == asked.host && (given.user.empty() || given.user == asked.user);
}

std::optional<uint32_t> count_of(std::string_view nc) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(nc.data(), nc.data() + nc.size(), value, 16);
  if (nc.size() != 8 || error != std::errc{} || end != nc.data() + nc.size()) return std::nullopt;
  return value;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

bool offers_auth(std::string_view qop) {
  while (!qop.empty()) {
    const size_t comma = qop.find(',');
    if (same_letters(trimmed(qop.substr(0, comma)), "auth")) return true;
    if (comma == std::string_view::npos) break;
    qop.remove_prefix(comma + 1);
  }
  return false;
}

}  // namespace

std::optional<DigestHeader> parse_digest(const msg_auth_s& header) {
  if (header.au_scheme == nullptr || !same_letters(header.au_scheme, "Digest")) return std::nullopt;
  DigestHeader out;
  std::vector<std::string> seen;
  for (const msg_param_t* param = header.au_params; param != nullptr && *param != nullptr;
       ++param) {
    if (!store(out, *param, seen)) return std::nullopt;
  }
  return out;
}

std::optional<DigestHeader> parse_digest(std::string_view value) {
  value = trimmed(value);
  if (value.size() > kMaxHeader || value.size() < 7 ||
      !same_letters(value.substr(0, 6), "Digest")) {
    return std::nullopt;
  }
  if (value[6] != ' ' && value[6] != '\t') return std::nullopt;
  value.remove_prefix(7);
  DigestHeader out;
  std::vector<std::string> seen;
  size_t begin = 0;
  bool in_quotes = false;
  for (size_t i = 0; i <= value.size(); ++i) {
    if (i < value.size()) {
      if (in_quotes && value[i] == '\\') {
        ++i;
        continue;
      }
      if (value[i] == '"') in_quotes = !in_quotes;
      if (in_quotes || value[i] != ',') continue;
    }
    if (!store(out, value.substr(begin, i - begin), seen)) return std::nullopt;
    begin = i + 1;
  }
  if (in_quotes) return std::nullopt;
  return out;
}

std::vector<DigestHeader> parse_digest_list(const msg_auth_s* first) {
  static constexpr size_t kMaxHeaders = 8;
  std::vector<DigestHeader> out;
  for (const msg_auth_s* header = first; header != nullptr && out.size() < kMaxHeaders;
       header = header->au_next) {
    if (auto parsed = parse_digest(*header)) out.push_back(std::move(*parsed));
  }
  return out;
}

DigestServer::DigestServer(std::string realm, const Clock& clock, Random& random,
                           Duration nonce_lifetime, size_t max_nonces)
    : clock_(clock),
      random_(random),
      realm_(std::move(realm)),
      secret_(random.hex(32)),
      opaque_(random.hex(8)),
      lifetime_(nonce_lifetime),
      max_nonces_(std::max<size_t>(1, max_nonces)) {}

std::vector<std::string> DigestServer::challenge(std::span<const DigestAlgorithm> algorithms,
                                                 bool stale) {
  const std::string nonce = make_nonce();
  std::vector<std::string> out;
  for (const DigestAlgorithm algorithm : algorithms) {
    out.push_back("Digest realm=" + quoted(realm_) + ", nonce=\"" + nonce + "\", opaque=\"" +
                  opaque_ + "\", algorithm=" + std::string(name_of(algorithm)) + ", qop=\"auth\"" +
                  (stale ? ", stale=true" : ""));
  }
  return out;
}

const DigestHeader* DigestServer::ours(const std::vector<DigestHeader>& credentials) const {
  const auto found = std::ranges::find(credentials, realm_, &DigestHeader::realm);
  return found == credentials.end() ? nullptr : &*found;
}

DigestVerdict DigestServer::verify(const DigestHeader& credentials, std::string_view method,
                                   std::string_view request_uri,
                                   const std::optional<PhoneAccount>& account,
                                   std::span<const DigestAlgorithm> algorithms) {
  // Some phones send empty credentials before any challenge (3GPP TS 24.229 5.1.1.2).
  if (credentials.realm != realm_ || credentials.username.empty() || credentials.nonce.empty() ||
      credentials.response.empty()) {
    return DigestVerdict::Missing;
  }
  const auto algorithm = algorithm_of(credentials.algorithm);
  const bool offered = algorithm && std::ranges::find(algorithms, *algorithm) != algorithms.end();
  if (!offered) return DigestVerdict::Failed;
  const bool with_qop = !credentials.qop.empty();
  if (with_qop && (!same_letters(credentials.qop, "auth") || credentials.cnonce.empty())) {
    return DigestVerdict::Failed;
  }
  // A client without qop has no count: each nonce serves it once.
  const auto nc = with_qop ? count_of(credentials.nc) : std::optional<uint32_t>(1);
  if (!nc || *nc == 0) return DigestVerdict::Failed;
  if (!same_target(credentials.uri, request_uri)) return DigestVerdict::Failed;

  // The same work for a user that nobody knows.
  static const std::string kNobody = "no such user has any password";
  const std::string& password = account ? account->password : kNobody;
  const std::string expected =
      response_of(*algorithm, credentials, credentials.username, password, method);
  const std::string given = lower_case(credentials.response);
  const bool same = !expected.empty() && given.size() == expected.size() &&
                    CRYPTO_memcmp(given.data(), expected.data(), expected.size()) == 0;
  if (!same || !account || account->username != credentials.username) return DigestVerdict::Failed;

  const auto nonce = stamp_of(credentials.nonce);
  const uint64_t now = static_cast<uint64_t>(to_ms(clock_.now().time_since_epoch()));
  if (!nonce || nonce->issued_ms > now ||
      now - nonce->issued_ms > static_cast<uint64_t>(to_ms(lifetime_))) {
    return DigestVerdict::Stale;
  }
  return first_use(*nonce, *nc) ? DigestVerdict::Passed : DigestVerdict::Stale;
}

namespace {

constexpr size_t kStampDigits = 32;  // 8 bytes of time, 8 of salt.
constexpr size_t kMacDigits = 32;    // 16 bytes of HMAC-SHA-256.

std::string mac_of(const std::string& secret, std::string_view stamp) {
  ++hashes;
  std::array<unsigned char, EVP_MAX_MD_SIZE> out;
  unsigned size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(stamp.data()), stamp.size(), out.data(), &size);
  return hex(std::span(out).first(kMacDigits / 2));
}

}  // namespace

std::string DigestServer::make_nonce() {
  const uint64_t now = static_cast<uint64_t>(to_ms(clock_.now().time_since_epoch()));
  std::array<unsigned char, 8> time;
  for (size_t i = 0; i < time.size(); ++i) {
    time[i] = static_cast<unsigned char>(now >> (8 * (time.size() - 1 - i)));
  }
  const std::string stamp = hex(time) + random_.hex(8);
  return stamp + mac_of(secret_, stamp);
}

std::optional<DigestServer::Stamp> DigestServer::stamp_of(std::string_view nonce) const {
  if (nonce.size() != kStampDigits + kMacDigits) return std::nullopt;
  const std::string_view stamp = nonce.substr(0, kStampDigits);
  const std::string mac = mac_of(secret_, stamp);
  if (CRYPTO_memcmp(mac.data(), nonce.data() + kStampDigits, kMacDigits) != 0) return std::nullopt;
  Stamp out;  // We wrote it: it is hexadecimal.
  std::from_chars(stamp.data(), stamp.data() + 16, out.issued_ms, 16);
  std::from_chars(stamp.data() + 16, stamp.data() + 32, out.salt, 16);
  return out;
}

uint64_t DigestServer::pick(std::string_view name) const {
  // No nonce begins like this: nobody can have one made for a name.
  const std::string mac = mac_of(secret_, "name:" + std::string(name));
  uint64_t value = 0;
  std::from_chars(mac.data(), mac.data() + 16, value, 16);
  return value;
}

bool DigestServer::first_use(const Stamp& nonce, uint32_t nc) {
  if (const auto found = used_.find(nonce.salt); found != used_.end()) {
    if (nc <= found->second.highest) return false;
    found->second.highest = nc;
    return true;
  }
  if (nonce.issued_ms <= forgotten_before_ms_) return false;
  forget_old(static_cast<uint64_t>(to_ms(clock_.now().time_since_epoch())));
  if (used_.size() >= max_nonces_) {
    // Whoever is forgotten may not come back: everything as old as it counts as used from now on.
    const auto oldest = used_.find(oldest_first_.front());
    forgotten_before_ms_ = std::max(forgotten_before_ms_, oldest->second.issued_ms);
    used_.erase(oldest);
    oldest_first_.pop_front();
    if (nonce.issued_ms <= forgotten_before_ms_) return false;
  }
  oldest_first_.push_back(nonce.salt);
  used_.emplace(nonce.salt, Used{nonce.issued_ms, nc});
  return true;
}

void DigestServer::forget_old(uint64_t now_ms) {
  while (!oldest_first_.empty()) {
    const auto oldest = used_.find(oldest_first_.front());
    if (now_ms - oldest->second.issued_ms <= static_cast<uint64_t>(to_ms(lifetime_))) return;
    used_.erase(oldest);
    oldest_first_.pop_front();
  }
}

uint64_t hashes_computed() {
  return hashes;
}

DigestClient::DigestClient(Credentials credentials, Random& random)
    : credentials_(std::move(credentials)), random_(random) {}

std::optional<std::string> DigestClient::answer(const std::vector<DigestHeader>& challenges,
                                                std::string_view method, std::string_view uri) {
  const DigestHeader* best = nullptr;
  for (const DigestHeader& challenge : challenges) {
    const auto algorithm = algorithm_of(challenge.algorithm);
    if (!algorithm || challenge.nonce.empty()) continue;
    if (!challenge.qop.empty() && !offers_auth(challenge.qop)) continue;
    if (best == nullptr || (*algorithm == DigestAlgorithm::Sha256 &&
                            algorithm_of(best->algorithm) == DigestAlgorithm::Md5)) {
      best = &challenge;
    }
  }
  if (best == nullptr) return std::nullopt;
  if (answered_) {
    // The same password would get the same answer.
    if (!best->stale || ++stale_in_a_row_ > kMaxStale) return std::nullopt;
  } else {
    stale_in_a_row_ = 0;
  }
  challenge_ = *best;
  challenge_->qop = best->qop.empty() ? "" : "auth";
  nc_ = 0;
  auto value = again(method, uri);
  answered_ = true;
  return value;
}

std::optional<std::string> DigestClient::again(std::string_view method, std::string_view uri) {
  if (!challenge_) return std::nullopt;
  answered_ = false;
  DigestHeader& h = *challenge_;
  const DigestAlgorithm algorithm = *algorithm_of(h.algorithm);
  h.uri = uri;
  if (!h.qop.empty()) {
    char digits[9];
    std::snprintf(digits, sizeof digits, "%08x", ++nc_);
    h.nc = digits;
    h.cnonce = random_.hex(8);
  }
  const std::string response =
      response_of(algorithm, h, credentials_.username, credentials_.password, method);
  if (response.empty()) return std::nullopt;
  // The realm, nonce and opaque go back as they came, escapes included.
  std::string out = "Digest username=" + quoted(credentials_.username) + ", realm=\"" + h.realm +
                    "\", nonce=\"" + h.nonce + "\", uri=" + quoted(uri) + ", response=\"" +
                    response + "\"";
  if (!h.algorithm.empty()) out += ", algorithm=" + std::string(name_of(algorithm));
  if (!h.opaque.empty()) out += ", opaque=\"" + h.opaque + "\"";
  if (!h.qop.empty()) out += ", qop=auth, nc=" + h.nc + ", cnonce=\"" + h.cnonce + "\"";
  return out;
}

}  // namespace gw::sip
