#include "acs/rest/authenticator.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <optional>

#include "acs/identity/base64.h"
#include "acs/rest/authorization.h"
#include "acs/rest/http_date.h"
#include "acs/rest/signing.h"

namespace gw::acs::rest {
namespace {

constexpr Duration kMaxSkew = 5min;

constexpr Denial kNoCredential{"no_credential", "The request is not signed."};
constexpr Denial kMalformed{"malformed", "The Authorization header cannot be read."};
constexpr Denial kBearer{"bearer", "Access tokens are for users; sign with an access key."};
constexpr Denial kScheme{"scheme", "The authorization scheme is not HMAC-SHA256."};
constexpr Denial kUnsigned{"unsigned_headers",
                           "The date, the host and the content hash must be signed."};
constexpr Denial kDate{"date", "The date is not an RFC 1123 date."};
constexpr Denial kSkew{"skew",
                       "The time difference between the originating client and the server is "
                       "greater than the allowed margin of 5 minutes."};
constexpr Denial kContent{"content_hash", "The content hash does not match the body."};
constexpr Denial kSignature{"signature", "HMAC-SHA256 validation failed."};
constexpr Denial kApiKey{"api_key", "The API key is not known."};

Verdict deny(const Denial& denial) {
  Verdict verdict;
  verdict.denial = denial;
  return verdict;
}

Verdict accept(std::string name) {
  Verdict verdict;
  verdict.accepted = true;
  verdict.caller.name = std::move(name);
  return verdict;
}

bool equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool is_signed(const Authorization& authorization, std::string_view header) {
  return std::ranges::find(authorization.signed_headers, header) !=
         authorization.signed_headers.end();
}

// Older clients signed Date; whoever signs x-ms-date means that.
std::string_view date_header(const Authorization& authorization) {
  if (is_signed(authorization, "x-ms-date")) return "x-ms-date";
  return is_signed(authorization, "date") ? "date" : "";
}

// nullopt: as it should be.
std::optional<Denial> judge_headers(const http::Request& request,
                                    const Authorization& authorization, WallTime now) {
  const std::string_view date = date_header(authorization);
  if (date.empty() || !is_signed(authorization, "host") ||
      !is_signed(authorization, "x-ms-content-sha256")) {
    return kUnsigned;
  }
  const auto sent = parse_http_date(request.header(date));
  if (!sent) return kDate;
  if (*sent < now - kMaxSkew || *sent > now + kMaxSkew) return kSkew;
  const auto content = identity::base64_decode(request.header("x-ms-content-sha256"));
  if (!content || !equal(*content, sha256(request.body))) return kContent;
  return std::nullopt;
}

}  // namespace

Authenticator::Authenticator(const std::vector<Masked>& access_keys,
                             const std::vector<Masked>& api_keys) {
  for (const Masked& key : access_keys) {
    auto decoded = identity::base64_decode(key.reveal());
    access_keys_.push_back(decoded ? std::move(*decoded) : std::string());
  }
  for (const Masked& key : api_keys) {
    api_keys_.push_back(key.empty() ? std::string() : sha256(key.reveal()));
  }
}

Verdict Authenticator::by_signature(const http::Request& request, WallTime now) const {
  const std::string_view header = request.header("Authorization");
  if (header.empty()) return deny(kNoCredential);
  const auto authorization = parse_authorization(header);
  if (!authorization) return deny(kMalformed);
  if (authorization->scheme == Authorization::Scheme::Bearer) return deny(kBearer);
  if (authorization->scheme == Authorization::Scheme::Other) return deny(kScheme);
  if (const auto denial = judge_headers(request, *authorization, now)) return deny(*denial);
  const auto signature = identity::base64_decode(authorization->signature);
  if (!signature) return deny(kSignature);

  std::vector<std::string> targets{request.target};
  std::string rewritten = form_encoded_target(request.target);
  if (rewritten != request.target) targets.push_back(std::move(rewritten));
  for (const std::string& target : targets) {
    const auto text = string_to_sign(request, target, authorization->signed_headers);
    if (!text) return deny(kUnsigned);
    for (size_t i = 0; i < access_keys_.size(); ++i) {
      if (!access_keys_[i].empty() && equal(*signature, hmac_sha256(access_keys_[i], *text))) {
        Verdict verdict = accept("access-key-" + std::to_string(i + 1));
        verdict.signature = *signature;
        return verdict;
      }
    }
  }
  return deny(kSignature);
}

Verdict Authenticator::by_api_key(const http::Request& request, WallTime now) const {
  std::string_view key = request.header("api-key");
  if (key.empty()) key = request.header("x-api-key");
  if (key.empty()) return by_signature(request, now);
  const std::string digest = sha256(key);
  for (size_t i = 0; i < api_keys_.size(); ++i) {
    if (equal(digest, api_keys_[i])) return accept("api-key-" + std::to_string(i + 1));
  }
  return deny(kApiKey);
}

}  // namespace gw::acs::rest
