#include "gateway/config/problem.h"

#include <algorithm>
#include <tuple>

namespace gw::config {

std::string to_string(const Origin& origin) {
  if (origin.line == 0 || origin.file.starts_with("--")) return origin.file;
  return origin.file + ":" + std::to_string(origin.line);
}

std::string to_string(const Problem& problem) {
  std::string line = to_string(problem.origin);
  if (!line.empty()) line += ": ";
  if (!problem.key.empty()) line += problem.key + ": ";
  return line + problem.text;
}

void Problems::error(const Origin& origin, std::string_view key, std::string text) {
  list_.push_back({origin, std::string(key), std::move(text), false});
}

void Problems::warn(const Origin& origin, std::string_view key, std::string text) {
  list_.push_back({origin, std::string(key), std::move(text), true});
}

bool Problems::failed() const {
  return std::ranges::any_of(list_, [](const Problem& p) { return !p.warning; });
}

std::vector<Problem> Problems::sorted() && {
  std::ranges::stable_sort(list_, {}, [](const Problem& p) {
    return std::tie(p.origin.file, p.origin.line, p.warning);
  });
  return std::move(list_);
}

}  // namespace gw::config
