#pragma once

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <string>

#include "acs/http/http_server.h"
#include "acs/identity/base64.h"
#include "acs/rest/http_date.h"

namespace gw::test {

constexpr const char* kTestKey = "AAECAwQFBgcICQoLDA0ODw==";

// The request with the headers of Azure's HMAC scheme by kTestKey.
inline acs::http::Request signed_request(acs::http::Request asked, WallTime now) {
  const std::string date = acs::rest::http_date(now);
  std::string hash(32, '\0');
  EVP_Digest(asked.body.data(), asked.body.size(), reinterpret_cast<unsigned char*>(hash.data()),
             nullptr, EVP_sha256(), nullptr);
  hash = acs::identity::base64_encode(hash);
  const std::string text = asked.method + "\n" + asked.target + "\n" + date + ";h;" + hash;
  const std::string key = *acs::identity::base64_decode(kTestKey);
  std::string signature(32, '\0');
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(),
       reinterpret_cast<unsigned char*>(signature.data()), nullptr);
  asked.headers = {
      {"Host", "h"},
      {"x-ms-date", date},
      {"x-ms-content-sha256", hash},
      {"Authorization", "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=" +
                            acs::identity::base64_encode(signature)}};
  return asked;
}

}  // namespace gw::test
