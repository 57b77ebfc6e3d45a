#include "gateway/config/tree.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace gw::config {
namespace {

std::vector<std::string> split_key(std::string_view key) {
  std::vector<std::string> parts;
  while (true) {
    const size_t dot = key.find('.');
    parts.emplace_back(key.substr(0, dot));
    if (dot == std::string_view::npos) return parts;
    key.remove_prefix(dot + 1);
  }
}

// The table of [[array]] that `part` means: by name, else by index.
Value* element(Value::Array& array, std::string_view array_name, const std::string& part) {
  for (Value& item : array) {
    const auto* table = item.as<Value::Table>();
    if (!table) continue;
    const auto named = table->find(naming_key(array_name));
    if (named == table->end()) continue;
    const auto* name = named->second.as<std::string>();
    if (name && *name == part) return &item;
  }
  size_t index = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
  if (error != std::errc{} || end != part.data() + part.size()) return nullptr;
  return index < array.size() ? &array[index] : nullptr;
}

// Walks to the table that holds the last part, making tables on the way.
Value::Table* table_for(Value::Table& root, const std::vector<std::string>& parts,
                        const Origin& origin, std::string& why) {
  Value::Table* table = &root;
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    auto [at, made] = table->try_emplace(parts[i]);
    Value* value = &at->second;
    if (made) value->origin = origin;
    if (auto* array = value->as<Value::Array>(); array && i + 2 < parts.size()) {
      value = element(*array, parts[i], parts[i + 1]);
      if (!value) {
        why = "there is no [[" + parts[i] + "]] called " + parts[i + 1];
        return nullptr;
      }
      ++i;
    }
    table = value->as<Value::Table>();
    if (!table) {
      why = parts[i] + " is no table";
      return nullptr;
    }
  }
  return table;
}

}  // namespace

std::string dotted_key(const std::string& prefix, std::string_view key) {
  return prefix.empty() ? std::string(key) : prefix + "." + std::string(key);
}

bool Value::table_array() const {
  const auto* array = as<Array>();
  return array && !array->empty() &&
         std::ranges::all_of(*array, [](const Value& v) { return v.as<Table>() != nullptr; });
}

std::string_view type_name(const Value& value) {
  static constexpr std::string_view kNames[] = {
      "true or false", "a whole number", "a number", "a string", "an array", "a table", "a date"};
  return kNames[value.data.index()];
}

std::string_view naming_key(std::string_view array) {
  return array == "phone" ? "username" : "name";
}

void merge(Value::Table& into, Value::Table from, const std::string& prefix, Problems& problems) {
  for (auto& [key, value] : from) {
    const auto at = into.find(key);
    if (at == into.end()) {
      into.emplace(key, std::move(value));
      continue;
    }
    Value& there = at->second;
    if (there.as<Value::Table>() && value.as<Value::Table>()) {
      merge(*there.as<Value::Table>(), std::move(*value.as<Value::Table>()),
            dotted_key(prefix, key), problems);
    } else if (there.table_array() && value.table_array()) {
      for (Value& item : *value.as<Value::Array>()) {
        there.as<Value::Array>()->push_back(std::move(item));
      }
    } else {
      problems.error(value.origin, dotted_key(prefix, key),
                     "set twice, first at " + to_string(there.origin) + ": keep one");
    }
  }
}

void override_value(Value::Table& root, std::string_view assignment, Problems& problems) {
  const Origin origin{"--set", 0};
  const size_t equals = assignment.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    problems.error(origin, assignment, "is not KEY=VALUE, e.g. --set 'calls.ring_timeout=\"30s\"'");
    return;
  }
  const std::string key(assignment.substr(0, equals));
  Problems parsing;
  bool broken = false;
  Value::Table parsed =
      parse_toml("value = " + std::string(assignment.substr(equals + 1)), "--set", parsing, broken);
  const auto value = parsed.find("value");
  if (broken || value == parsed.end()) {
    problems.error(
        origin, key,
        "the value is not TOML; strings are written in quotes: --set '" + key + "=\"...\"'");
    return;
  }
  std::string why;
  const std::vector<std::string> parts = split_key(key);
  Value::Table* table = table_for(root, parts, origin, why);
  if (!table) {
    problems.error(origin, key, why);
    return;
  }
  value->second.origin = origin;
  table->insert_or_assign(parts.back(), std::move(value->second));
}

}  // namespace gw::config
