#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gw::acs::rest {

// Azure's HMAC-SHA256 scheme as both ends compute it: the served API to verify, the client of the
// real cloud to sign. Pure.

std::string sha256(std::string_view text);                               // 32 octets
std::string hmac_sha256(const std::string& key, std::string_view text);  // 32 octets

// VERB \n path and query \n the signed headers' values, joined by ';' in the order of their names.
std::string string_to_sign(std::string_view verb, std::string_view path_and_query,
                           const std::vector<std::string_view>& values);

}  // namespace gw::acs::rest
