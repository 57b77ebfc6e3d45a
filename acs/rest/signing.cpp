#include "acs/rest/signing.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace gw::acs::rest {
namespace {

constexpr size_t kDigest = 32;

}  // namespace

std::string sha256(std::string_view text) {
  std::string out(kDigest, '\0');
  EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(out.data()), nullptr,
             EVP_sha256(), nullptr);
  return out;
}

std::string hmac_sha256(const std::string& key, std::string_view text) {
  std::string out(kDigest, '\0');
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(),
       reinterpret_cast<unsigned char*>(out.data()), nullptr);
  return out;
}

std::string string_to_sign(std::string_view verb, std::string_view path_and_query,
                           const std::vector<std::string_view>& values) {
  std::string text(verb);
  text.append("\n").append(path_and_query).append("\n");
  for (size_t i = 0; i < values.size(); ++i) text.append(i == 0 ? "" : ";").append(values[i]);
  return text;
}

}  // namespace gw::acs::rest
