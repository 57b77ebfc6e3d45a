#include <toml++/toml.h>

#include <algorithm>

#include "base/text.h"
#include "gateway/config/tree.h"

// The only place that sees toml++, which throws.
namespace gw::config {
namespace {

constexpr int kMaxErrorsPerFile = 20;  // More come from one mistake above them.

Value convert(const toml::node& node, const std::string& file, int line);

Value::Table convert_table(const toml::table& table, const std::string& file) {
  Value::Table out;
  for (const auto& [key, node] : table) {
    out.emplace(std::string(key.str()),
                convert(node, file, static_cast<int>(key.source().begin.line)));
  }
  return out;
}

Value convert(const toml::node& node, const std::string& file, int line) {
  const int own_line = static_cast<int>(node.source().begin.line);
  Value value;
  value.origin = {file, line > 0 ? line : own_line};
  if (const auto* text = node.as_string()) {
    value.data = text->get();
  } else if (const auto* flag = node.as_boolean()) {
    value.data = flag->get();
  } else if (const auto* number = node.as_integer()) {
    value.data = number->get();
  } else if (const auto* real = node.as_floating_point()) {
    value.data = real->get();
  } else if (const auto* table = node.as_table()) {
    // A [[table]]'s own place is its header.
    if (own_line > 0) value.origin.line = own_line;
    value.data = convert_table(*table, file);
  } else if (const auto* array = node.as_array()) {
    Value::Array items;
    for (const toml::node& item : *array) items.push_back(convert(item, file, 0));
    value.data = std::move(items);
  } else {
    value.data = Value::Date{};
  }
  return value;
}

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    lines.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

std::string join_lines(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// The key of "key = value", the header of "[table]".
std::string_view subject(std::string_view line) {
  line = trimmed(line);
  if (line.starts_with('[')) return line.substr(0, line.rfind(']') + 1);
  return trimmed(line.substr(0, line.find('=')));
}

// Where a key or header that stands again on `line` was first written; 0 when the text does not
// show it.
int first_place(const std::vector<std::string>& lines, size_t line) {
  const std::string_view what = subject(lines[line]);
  const bool header = what.starts_with('[');
  for (size_t i = line; i-- > 0;) {
    if (subject(lines[i]) == what) return static_cast<int>(i) + 1;
    if (!header && trimmed(lines[i]).starts_with('[')) break;  // Keys belong to their table.
  }
  return 0;
}

void report(const toml::parse_error& error, const std::vector<std::string>& lines, size_t line,
            const std::string& file, Problems& problems) {
  const Origin here{file, static_cast<int>(line) + 1};
  const std::string description(error.description());
  if (description.find("cannot redefine") == std::string::npos) {
    problems.error(here, "", "not TOML: " + description);
    return;
  }
  std::string text = "set twice";
  if (const int first = first_place(lines, line); first > 0) {
    text += ", first at " + to_string(Origin{file, first});
  }
  std::string_view key = subject(lines[line]);
  while (key.starts_with('[')) key = key.substr(1, key.size() - 2);
  problems.error(here, key, text + ": keep one");
}

}  // namespace

Value::Table parse_toml(std::string_view text, const std::string& file, Problems& problems,
                        bool& broken) {
  std::vector<std::string> lines = split_lines(text);
  for (int attempt = 0; attempt < kMaxErrorsPerFile; ++attempt) {
    try {
      const toml::table table = toml::parse(join_lines(lines), std::string_view(file));
      Value::Table out = convert_table(table, file);
      std::erase_if(out, [](const auto& entry) { return entry.first.starts_with("<broken"); });
      return out;
    } catch (const toml::parse_error& error) {
      const size_t at = error.source().begin.line;
      const size_t line = std::min(at > 0 ? at - 1 : 0, lines.size() - 1);
      report(error, lines, line, file, problems);
      const bool again =
          std::string_view(error.description()).find("cannot redefine") != std::string_view::npos;
      const bool header = trimmed(lines[line]).starts_with('[');
      // A table that is repeated goes on being checked under a name of its own; so does what
      // follows a broken header.
      if (!again || header) broken = true;
      if (trimmed(lines[line]).empty()) break;  // Not a matter of this line: nothing to leave out.
      lines[line] = header ? "[\"<broken" + std::to_string(line) + "\"]" : "";
    }
  }
  broken = true;
  return {};
}

}  // namespace gw::config
