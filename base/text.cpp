#include "base/text.h"

#include <algorithm>

namespace gw {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}

bool same_letters(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool begins_with_letters(std::string_view text, std::string_view prefix) {
  return same_letters(text.substr(0, prefix.size()), prefix);
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::string joined(const std::vector<std::string>& items, std::string_view by) {
  std::string out;
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += by;
    out += items[i];
  }
  return out;
}

}  // namespace gw
