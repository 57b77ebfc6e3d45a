#pragma once

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <cstdio>
#include <string>

#include "tests/unit/support/sip_peer.h"

namespace gw::test {

inline std::string digest_of(const char* algorithm, const std::string& text) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), out, &size, EVP_get_digestbyname(algorithm), nullptr);
  std::string hex;
  char two[3];
  for (unsigned i = 0; i < size; ++i) {
    std::snprintf(two, sizeof two, "%02x", out[i]);
    hex += two;
  }
  return hex;
}

// One parameter of a challenge.
inline std::string parameter(const std::string& header, const std::string& name) {
  const auto at = header.find(name + "=");
  if (at == std::string::npos) return {};
  auto value = header.substr(at + name.size() + 1);
  if (value.starts_with("\"")) return value.substr(1, value.find('"', 1) - 1);
  return value.substr(0, value.find(','));
}

// The Authorization line that answers a 401, computed on its own (RFC 7616).
inline std::string authorization(const SipText& challenge, const std::string& algorithm,
                                 const std::string& user, const std::string& password,
                                 const std::string& method, const std::string& uri) {
  std::string chosen;
  for (const auto& header : challenge.all("WWW-Authenticate")) {
    if (parameter(header, "algorithm") == algorithm) chosen = header;
  }
  EXPECT_FALSE(chosen.empty()) << "no challenge for " << algorithm;
  const char* evp = algorithm == "MD5" ? "MD5" : "SHA256";
  const std::string realm = parameter(chosen, "realm"), nonce = parameter(chosen, "nonce");
  const std::string ha1 = digest_of(evp, user + ":" + realm + ":" + password),
                    ha2 = digest_of(evp, method + ":" + uri);
  const std::string response = digest_of(evp, ha1 + ":" + nonce + ":00000001:c:auth:" + ha2);
  return "Authorization: Digest username=\"" + user + "\", realm=\"" + realm + "\", nonce=\"" +
         nonce + "\", uri=\"" + uri + "\", response=\"" + response + "\", algorithm=" + algorithm +
         ", cnonce=\"c\", nc=00000001, qop=auth, opaque=\"" + parameter(chosen, "opaque") +
         "\"\r\n";
}

}  // namespace gw::test
