#include "acs/edge/turn_credentials.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "acs/identity/base64.h"

namespace gw::acs::edge {

frames::IceServer turn_credentials(const TurnConfig& turn, std::string_view identity,
                                   WallTime now) {
  frames::IceServer out;
  out.urls = turn.urls;
  out.username = std::to_string(unix_ms(now + turn.lifetime) / 1000) + ":" + std::string(identity);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha1(), turn.secret.data(), static_cast<int>(turn.secret.size()),
       reinterpret_cast<const unsigned char*>(out.username.data()), out.username.size(), digest,
       &size);
  out.credential = identity::base64_encode({reinterpret_cast<const char*>(digest), size});
  return out;
}

}  // namespace gw::acs::edge
