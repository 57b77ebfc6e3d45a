#pragma once

#include <memory>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gateway/config/config.h"

namespace gw::config {

// The compiled form of a route's "/regex/". Immutable; shared by every snapshot that has the route.
struct Pattern {
  std::regex regex;
};

// `to` with its slashes. std::regex throws and is wrapped here; what it may be matched against is
// bounded by the router.
Result<std::shared_ptr<const Pattern>> compile_pattern(std::string_view to);

inline bool is_pattern(std::string_view to) {
  return to.size() >= 2 && to.front() == '/' && to.back() == '/';
}

// What a route's `to` says to a number: nullopt = another one; else "$0", "$1", ... of a regex.
// Numbers longer than any that exists match nothing: std::regex takes time and stack by the length.
constexpr size_t kMaxDialled = 64;
std::optional<std::vector<std::string>> match_to(const Route& route, std::string_view number);

}  // namespace gw::config
