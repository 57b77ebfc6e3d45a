#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "acs/http/http_server.h"

namespace gw::acs::rest {

// The value of an Authorization header, taken apart; nothing is checked yet. Pure; a fuzz target.
struct Authorization {
  enum class Scheme { Hmac, Bearer, Other };

  Scheme scheme = Scheme::Other;
  std::vector<std::string> signed_headers;  // Lower case, in the order in which they were signed.
  std::string signature;                    // Base64 as sent; of Bearer the token.
};

// "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=..." or "Bearer ...".
// nullopt: it has the scheme and not the form.
std::optional<Authorization> parse_authorization(std::string_view value);

// The string to sign of Azure's HMAC scheme: VERB \n path and query \n values joined by ';'.
// nullopt: a header that was signed is not there, or there twice.
std::optional<std::string> string_to_sign(const http::Request& request,
                                          std::string_view path_and_query,
                                          const std::vector<std::string>& signed_headers);

// What the JavaScript clients sign in place of the target on the wire: they write the query anew,
// as a form would (space becomes '+', ',' becomes %2C). The path stays.
std::string form_encoded_target(std::string_view target);

}  // namespace gw::acs::rest
