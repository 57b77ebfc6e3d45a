#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "gateway/config/problem.h"

namespace gw::config {

// What the TOML files say, merged, before anything is known about keys: values with the place they
// were written at.
struct Value {
  using Array = std::vector<Value>;
  using Table = std::map<std::string, Value, std::less<>>;
  struct Date {};  // TOML has dates; no key of ours is one.

  std::variant<bool, int64_t, double, std::string, Array, Table, Date> data = Table{};
  Origin origin;
  // A trunk that is a file of its own: its keys are named without a prefix.
  bool whole_file = false;

  template <class T>
  const T* as() const {
    return std::get_if<T>(&data);
  }
  template <class T>
  T* as() {
    return std::get_if<T>(&data);
  }
  bool table_array() const;  // [[phone]]: a non-empty array of nothing but tables.
};

std::string dotted_key(const std::string& prefix,
                       std::string_view key);    // "sip.tls", "ca" -> "sip.tls.ca"
std::string_view type_name(const Value& value);  // "a string", "a number", ...

// Parses one file's text. A broken line is reported and left out, so that the rest can be checked
// too. `broken` tells that something was lost, and what refers to it must not be blamed.
Value::Table parse_toml(std::string_view text, const std::string& file, Problems& problems,
                        bool& broken);

// Puts `from` into `into`: tables merge, arrays of tables append, anything else set twice is a
// problem.
void merge(Value::Table& into, Value::Table from, const std::string& prefix, Problems& problems);

// --set key=value: a dotted key, a TOML value. A table of an array is named by its name or its
// index: phone.101.password.
void override_value(Value::Table& root, std::string_view assignment, Problems& problems);

// The key that names a table of an array: "username" of a phone, "name" of the others.
std::string_view naming_key(std::string_view array);

}  // namespace gw::config
