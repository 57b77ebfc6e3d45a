#include <cstdlib>
#include <string>

#include "acs/rest/api_version.h"
#include "acs/rest/authenticator.h"
#include "acs/rest/authorization.h"
#include "acs/rest/http_date.h"
#include "tests/fuzz/input.h"

// A REST request as a stranger writes it: nobody gets in without the key, and every text is read
// the same way twice.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace gw;
  using namespace gw::acs;
  static const rest::Authenticator door({Masked("AAECAwQFBgcICQoLDA0ODw==")}, {Masked("api")});
  fuzz::Input input(data, size);

  http::Request request;
  request.method = input.text();
  request.target = input.text();
  const size_t question = std::min(request.target.find('?'), request.target.size());
  request.query = request.target.substr(std::min(question + 1, request.target.size()));
  const std::string authorization(input.text());
  const std::string date(input.text());
  request.headers = {{"Authorization", authorization},
                     {"x-ms-date", date},
                     {"Host", std::string(input.text())},
                     {"x-ms-content-sha256", std::string(input.text())}};
  request.body = input.text();

  const auto parsed = rest::parse_authorization(authorization);
  if (parsed && parsed->scheme == rest::Authorization::Scheme::Hmac) {
    if (parsed->signed_headers.empty()) std::abort();
    (void)rest::string_to_sign(request, request.target, parsed->signed_headers);
  }
  // Written anew once, it stays as it is.
  const std::string target = rest::form_encoded_target(request.target);
  if (rest::form_encoded_target(target) != target) std::abort();
  const auto when = rest::parse_http_date(date);
  if (when && rest::parse_http_date(rest::http_date(*when)) != when) std::abort();
  (void)rest::check_api_version(request, {"2021-03-07", "2023-10-01"});
  if (door.by_signature(request, when.value_or(WallTime{})).accepted) std::abort();
  return 0;
}
