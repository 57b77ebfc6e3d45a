#include "acs/rest/api_version.h"

#include <algorithm>
#include <cctype>

namespace gw::acs::rest {
namespace {

// "2023-10-01" or "2024-11-15-preview2".
bool is_version(std::string_view text) {
  constexpr std::string_view kShape = "dddd-dd-dd";
  if (text.size() < kShape.size() || text.size() > 24) return false;
  for (size_t i = 0; i < kShape.size(); ++i) {
    const bool fits = kShape[i] == 'd' ? std::isdigit(static_cast<unsigned char>(text[i])) != 0
                                       : text[i] == kShape[i];
    if (!fits) return false;
  }
  const std::string_view rest = text.substr(kShape.size());
  return rest.empty() || rest.starts_with("-preview");
}

}  // namespace

std::optional<RestError> check_api_version(const http::Request& request,
                                           const ApiVersions& versions) {
  if (versions.oldest.empty()) return std::nullopt;
  const auto version = request.query_value("api-version");
  if (!version || version->empty()) {
    return RestError{400, "MissingApiVersionParameter",
                     "The api-version query parameter (?api-version=) is required for all "
                     "requests."};
  }
  const std::string_view date = std::string_view(*version).substr(0, 10);
  if (is_version(*version) && date >= versions.oldest && date <= versions.newest) {
    return std::nullopt;
  }
  return RestError{400, "UnsupportedApiVersionValue",
                   "The api-version is not served here: from " + std::string(versions.oldest) +
                       " to " + std::string(versions.newest) + "."};
}

}  // namespace gw::acs::rest
