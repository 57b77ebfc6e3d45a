#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "acs/identity/base64.h"
#include "acs/identity/identifier.h"
#include "acs/identity/jwt.h"
#include "acs/identity/token_service.h"

namespace {

using namespace gw::acs::identity;

constexpr const char* kResource = "f0000000-0000-4000-8000-00000000000a";

struct Subject {
  Subject() {
    std::string folder = (std::filesystem::temp_directory_path() / "gw_fuzz_jwt_XXXXXX").string();
    if (!::mkdtemp(folder.data())) std::abort();
    const std::string path = folder + "/key.pem";
    tokens = std::move(*TokenService::load(path, kResource, clock, random));
    key.emplace(std::move(*SigningKey::load_or_make(path)));
    std::filesystem::remove_all(folder);
  }
  gw::SystemClock clock;
  gw::SystemRandom random;
  std::unique_ptr<TokenService> tokens;
  std::optional<SigningKey> key;
};

}  // namespace

// The first byte chooses: raw input as a token, or as claims and header that our own key has
// signed, so that what lies behind the signature is reached too.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Subject subject;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 0) {
    // Nobody can make a token without the key.
    if (subject.tokens->verify(text)) std::abort();
  } else {
    const std::string header = base64url_encode(R"({"alg":"ES256"})");
    std::string token = header + "." + base64url_encode(text);
    token += "." + base64url_encode(subject.key->sign(token));
    const auto claims = subject.tokens->verify(token);
    if (claims && !is_acs_identity(claims->identity)) std::abort();
  }
  const auto decoded = base64url_decode(text);
  if (decoded && base64url_encode(*decoded) != text) std::abort();  // One value, one spelling.
  if (parse_raw_id(text).raw_id != text) std::abort();
  return 0;
}
