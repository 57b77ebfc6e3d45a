#include <chrono>
#include <cstdlib>
#include <string_view>

#include "acs/rest/token_request.h"

using namespace gw::acs::rest;
using namespace std::chrono_literals;

// What an app asks of a token: no lifetime that Azure would not give, no scope twice as long as all
// there are.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  for (const char* key : {"scopes", "createTokenWithScopes"}) {
    const auto wanted = read_token_request(body, key);
    if (!wanted) {
      if (wanted.error().status != 400 || wanted.error().code.empty()) std::abort();
      continue;
    }
    if (wanted->lifetime && (*wanted->lifetime < 60min || *wanted->lifetime > 1440min))
      std::abort();
    if (wanted->scopes.size() > 16) std::abort();
  }
  return 0;
}
