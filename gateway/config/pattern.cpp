#include "gateway/config/pattern.h"

namespace gw::config {

Result<std::shared_ptr<const Pattern>> compile_pattern(std::string_view to) {
  if (!is_pattern(to)) return fail(ErrorCode::InvalidArgument, "a regex stands between slashes");
  try {
    const std::string body(to.substr(1, to.size() - 2));
    return std::make_shared<const Pattern>(
        Pattern{std::regex(body, std::regex::ECMAScript | std::regex::optimize)});
  } catch (const std::regex_error& error) {
    return fail(ErrorCode::InvalidArgument, error.what());
  }
}

std::optional<std::vector<std::string>> match_to(const Route& route, std::string_view number) {
  std::vector<std::string> groups;
  if (number.empty() || number.size() > kMaxDialled) return std::nullopt;
  if (route.pattern) {
    std::match_results<std::string_view::const_iterator> found;
    if (!std::regex_search(number.begin(), number.end(), found, route.pattern->regex)) {
      return std::nullopt;
    }
    for (const auto& group : found) groups.push_back(group.str());
    return groups;
  }
  const std::string_view to = route.to;
  if (to.ends_with('*')) {
    if (!number.starts_with(to.substr(0, to.size() - 1))) return std::nullopt;
  } else if (number != to) {
    return std::nullopt;
  }
  groups.emplace_back(number);
  return groups;
}

}  // namespace gw::config
