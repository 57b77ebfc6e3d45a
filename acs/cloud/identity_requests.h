#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "acs/cloud/api_request.h"

namespace gw::acs::cloud {

// Azure's Identity API, 2023-10-01. Pure.
ApiRequest create_identity();
ApiRequest issue_token(std::string_view raw_id, const std::vector<std::string_view>& scopes,
                       int expires_in_minutes);

// Azure's Phone Numbers API, 2025-06-01: the numbers of the resource, a page at a time.
ApiRequest list_numbers(size_t skip, size_t top);
// The next page as an answer's nextLink names it, absolute or relative. A link to another host is
// refused: it would carry our signature there. nullopt: no link of this resource.
std::optional<ApiRequest> list_numbers_at(const Resource& resource, std::string_view next_link);

// RFC 3986 2.3: all but unreserved characters escaped, as Azure's clients do in paths.
std::string path_segment(std::string_view text);

}  // namespace gw::acs::cloud
