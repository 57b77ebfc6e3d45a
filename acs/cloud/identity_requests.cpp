#include "acs/cloud/identity_requests.h"

#include <cctype>

namespace gw::acs::cloud {
namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kIdentityVersion = "?api-version=2023-10-01";
constexpr std::string_view kNumbersVersion = "2025-06-01";

}  // namespace

std::string path_segment(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (std::isalnum(u) != 0 || std::string_view("-._~").find(c) != std::string_view::npos) {
      out += c;
    } else {
      out.append(1, '%').append(1, kHex[u >> 4]).append(1, kHex[u & 15]);
    }
  }
  return out;
}

ApiRequest create_identity() {
  return {.operation = "create_identity",
          .method = "POST",
          .target = std::string("/identities").append(kIdentityVersion),
          .content_type = std::string(kJson)};
}

ApiRequest issue_token(std::string_view raw_id, const std::vector<std::string_view>& scopes,
                       int expires_in_minutes) {
  const nlohmann::json body = {{"scopes", scopes}, {"expiresInMinutes", expires_in_minutes}};
  return {.operation = "issue_token",
          .method = "POST",
          .target = "/identities/" + path_segment(raw_id) + "/:issueAccessToken" +
                    std::string(kIdentityVersion),
          .body = body.dump(),
          .content_type = std::string(kJson)};
}

ApiRequest list_numbers(size_t skip, size_t top) {
  return {.operation = "list_numbers",
          .method = "GET",
          .target = "/phoneNumbers?skip=" + std::to_string(skip) +
                    "&api-version=" + std::string(kNumbersVersion) + "&top=" + std::to_string(top)};
}

std::optional<ApiRequest> list_numbers_at(const Resource& resource, std::string_view next_link) {
  if (next_link.starts_with(resource.origin + "/")) next_link.remove_prefix(resource.origin.size());
  if (!next_link.starts_with('/') || next_link.starts_with("//")) return std::nullopt;
  for (const char c : next_link) {
    if (static_cast<unsigned char>(c) <= ' ' || static_cast<unsigned char>(c) >= 0x7f)
      return std::nullopt;
  }
  ApiRequest request = list_numbers(0, 100);
  request.target = next_link;
  return request;
}

}  // namespace gw::acs::cloud
