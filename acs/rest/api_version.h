#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "acs/http/http_server.h"
#include "acs/rest/rest_error.h"

namespace gw::acs::rest {

// The api-version values of one API. Azure numbers them by date and keeps the old ones; which
// dates its clients send is not written anywhere, so all between the first and the last that we
// know are taken.
struct ApiVersions {
  std::string_view oldest, newest;  // "2021-03-07"; empty = the API is ours and has no versions.
};

// nullopt: the request names a version that we serve.
std::optional<RestError> check_api_version(const http::Request& request,
                                           const ApiVersions& versions);

}  // namespace gw::acs::rest
