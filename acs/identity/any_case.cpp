#include "acs/identity/any_case.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace gw::acs {
namespace {}  // namespace

const nlohmann::json* member(const nlohmann::json& object, std::string_view name) {
  if (!object.is_object()) return nullptr;
  if (const auto exact = object.find(name); exact != object.end()) return &*exact;
  for (const auto& [key, value] : object.items()) {
    if (same_letters(key, name)) return &value;
  }
  return nullptr;
}

std::string text_of(const nlohmann::json& object, std::string_view name) {
  const nlohmann::json* value = member(object, name);
  return value && value->is_string() ? value->get<std::string>() : std::string();
}

int64_t number_of(const nlohmann::json& object, std::string_view name) {
  const nlohmann::json* value = member(object, name);
  if (!value) return 0;
  if (value->is_number_integer()) return value->get<int64_t>();
  int64_t number = 0;
  if (!value->is_string()) return number;
  const auto& text = value->get_ref<const std::string&>();
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool flag_of(const nlohmann::json& object, std::string_view name) {
  const nlohmann::json* value = member(object, name);
  return value && value->is_boolean() && value->get<bool>();
}

}  // namespace gw::acs
