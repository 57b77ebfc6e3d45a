#include "gateway/config/reader.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "gateway/config/values.h"

namespace gw::config {
namespace {

constexpr size_t kMaxSecretFile = 64 * 1024;

std::string in_quotes(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

std::string listed(const std::vector<std::string>& items) {
  std::string out = "[";
  for (const std::string& item : items) out += (out.size() > 1 ? ", " : "") + in_quotes(item);
  return out + "]";
}

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

std::string nearest(std::string_view word, const std::set<std::string, std::less<>>& words) {
  std::string best;
  size_t best_distance = word.size() / 3 + 2;  // Two slips in a short word, more in a long one.
  for (const std::string& known : words) {
    const size_t distance = edit_distance(word, known);
    if (distance >= best_distance || distance >= known.size()) continue;
    best = known;
    best_distance = distance;
  }
  return best;
}

Section::Section(ReadContext& context, const Value* value, Names names, Origin absent)
    : context_(&context), origin_(std::move(absent)), names_(std::move(names)) {
  if (!value) return;
  if (!value->origin.file.empty()) origin_ = value->origin;
  table_ = value->as<Value::Table>();
  if (table_) return;
  context.problems.error(origin_, names_.shown, "is a table: write [" + names_.path + "]");
}

std::string Section::full_key(std::string_view key) const {
  return dotted_key(names_.shown, key);
}

const Value* Section::find(std::string_view key) const {
  if (!table_) return nullptr;
  const auto at = table_->find(key);
  return at == table_->end() ? nullptr : &at->second;
}

void Section::know(std::string_view key) {
  known_.emplace(key);
  context_->keys.insert(dotted_key(names_.schema, key));
}

const Value* Section::raw(std::string_view key) {
  know(key);
  return find(key);
}

void Section::keep(std::string_view key, std::string value, bool secret) {
  context_->settings[dotted_key(names_.path, key)] = {std::move(value), secret, origin_of(key)};
}

void Section::record(std::string_view key, std::string value) {
  keep(key, std::move(value), false);
}

Origin Section::origin_of(std::string_view key) const {
  const Value* value = find(key);
  return value ? value->origin : origin_;
}

void Section::error(std::string_view key, std::string text) const {
  context_->problems.error(origin_of(key), full_key(key), std::move(text));
}

void Section::warn(std::string_view key, std::string text) const {
  context_->problems.warn(origin_of(key), full_key(key), std::move(text));
}

void Section::error_at(const Origin& where, std::string_view key, std::string text) const {
  context_->problems.error(where, full_key(key), std::move(text));
}

void Section::wrong_type(std::string_view key, const Value& value, std::string_view wanted) const {
  context_->problems.error(
      value.origin, full_key(key),
      "is " + std::string(type_name(value)) + ", must be " + std::string(wanted));
}

void Section::text(std::string_view key, std::string& out) {
  if (const Value* value = raw(key)) {
    if (const auto* given = value->as<std::string>()) {
      out = *given;
    } else {
      wrong_type(key, *value, "a string");
    }
  }
  record(key, in_quotes(out));
}

void Section::texts(std::string_view key, std::vector<std::string>& out) {
  if (const Value* value = raw(key)) {
    const auto* array = value->as<Value::Array>();
    std::vector<std::string> items;
    if (!array) {
      wrong_type(key, *value, "an array of strings: [\"...\", \"...\"]");
    } else {
      bool good = true;
      for (const Value& item : *array) {
        const auto* given = item.as<std::string>();
        if (given) items.push_back(*given);
        if (!given) wrong_type(key, item, "a string inside the array");
        good = good && given;
      }
      if (good) out = std::move(items);
    }
  }
  record(key, listed(out));
}

void Section::flag(std::string_view key, bool& out) {
  if (const Value* value = raw(key)) {
    if (const auto* given = value->as<bool>()) {
      out = *given;
    } else {
      wrong_type(key, *value, "true or false");
    }
  }
  record(key, out ? "true" : "false");
}

void Section::whole(std::string_view key, int64_t& out, int64_t min, int64_t max) {
  if (const Value* value = raw(key)) {
    const auto* given = value->as<int64_t>();
    if (!given) {
      wrong_type(key, *value, "a whole number");
    } else if (*given < min || *given > max) {
      error(key, std::to_string(*given) + " is out of range: " + std::to_string(min) + " to " +
                     std::to_string(max));
    } else {
      out = *given;
    }
  }
  record(key, std::to_string(out));
}

void Section::real(std::string_view key, double& out, double min, double max) {
  if (const Value* value = raw(key)) {
    const auto* whole_number = value->as<int64_t>();
    const auto* given = value->as<double>();
    if (!given && !whole_number) {
      wrong_type(key, *value, "a number");
    } else {
      const double number = given ? *given : static_cast<double>(*whole_number);
      if (number >= min && number <= max) {
        out = number;
      } else {
        error(key, "is out of range: " + decimal(min) + " to " + decimal(max));
      }
    }
  }
  record(key, decimal(out));
}

void Section::duration(std::string_view key, Duration& out, Duration min, Duration max) {
  if (const Value* value = raw(key)) {
    const auto* given = value->as<std::string>();
    const auto parsed = given ? parse_duration(*given) : std::nullopt;
    if (!given) {
      wrong_type(key, *value, "a duration with its unit, e.g. \"30s\"");
    } else if (!parsed) {
      error(key,
            in_quotes(*given) + " is no duration: a number with ms, s, m, h or d, e.g. \"30s\"");
    } else if (*parsed < min || *parsed > max) {
      error(key, in_quotes(*given) + " is out of range: " + to_text(min) + " to " + to_text(max));
    } else {
      out = *parsed;
    }
  }
  record(key, in_quotes(to_text(out)));
}

Masked Section::resolve_secret(std::string_view key, const Value& value, const std::string& text) {
  if (text.starts_with("env:")) {
    const char* found = std::getenv(text.c_str() + 4);
    if (found && *found) return Masked(found);
    error_at(value.origin, key, "the environment has no variable " + text.substr(4));
    return {};
  }
  if (!text.starts_with("file:")) {
    if (!text.empty()) context_->literal_secrets.emplace_back(value.origin, full_key(key));
    return Masked(text);
  }
  const std::filesystem::path file = std::filesystem::path(context_->folder) / text.substr(5);
  std::ifstream in(file, std::ios::binary);
  std::string content(kMaxSecretFile, '\0');
  if (in) in.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(in.gcount() > 0 ? static_cast<size_t>(in.gcount()) : 0);
  // Editors and echo end a file with a newline that is no part of the secret.
  while (!content.empty() && (content.back() == '\n' || content.back() == '\r')) content.pop_back();
  if (content.empty()) {
    error_at(value.origin, key,
             "cannot read a secret from " + file.string() +
                 ": the file must exist, be readable and not empty");
  }
  return Masked(content);
}

void Section::secret(std::string_view key, Masked& out) {
  if (const Value* value = raw(key)) {
    if (const auto* given = value->as<std::string>()) {
      out = resolve_secret(key, *value, *given);
    } else {
      wrong_type(key, *value, "a string: \"file:...\" or \"env:...\"");
    }
  }
  keep(key, out.reveal(), true);
}

void Section::secrets(std::string_view key, std::vector<Masked>& out) {
  std::string all;
  if (const Value* value = raw(key)) {
    const auto* array = value->as<Value::Array>();
    if (!array) wrong_type(key, *value, "an array of \"file:...\" or \"env:...\"");
    for (const Value& item : array ? *array : Value::Array{}) {
      const auto* given = item.as<std::string>();
      if (!given) {
        wrong_type(key, item, "a string inside the array");
        continue;
      }
      out.push_back(resolve_secret(key, item, *given));
      all += out.back().reveal() + "\n";
    }
  }
  keep(key, std::move(all), true);
}

bool Section::path(std::string_view key, std::string& out, bool must_exist) {
  std::string given = out;
  text(key, given);
  if (given.empty()) {
    out.clear();
    return true;
  }
  out = (std::filesystem::path(context_->folder) / given).lexically_normal().string();
  std::error_code ignored;
  if (!must_exist || !has(key) || std::filesystem::exists(out, ignored)) return true;
  error(key, "there is no file " + out);
  return false;
}

Section Section::table(std::string_view key) {
  return Section(*context_, raw(key),
                 {dotted_key(names_.schema, key), dotted_key(names_.path, key), full_key(key)},
                 origin_);
}

std::vector<Section> Section::tables(std::string_view key) {
  std::vector<Section> out;
  const Value* value = raw(key);
  if (!value) return out;
  const auto* array = value->as<Value::Array>();
  if (!array) {
    error(key, "is a list of tables: write [[" + std::string(key) + "]]");
    return out;
  }
  for (size_t i = 0; i < array->size(); ++i) {
    const Value& item = (*array)[i];
    std::string name = std::to_string(i);
    if (const auto* table = item.as<Value::Table>()) {
      const auto named = table->find(naming_key(key));
      const auto* given = named == table->end() ? nullptr : named->second.as<std::string>();
      if (given && !given->empty()) name = *given;
    }
    const std::string path = dotted_key(full_key(key), name);
    out.emplace_back(*context_, &item,
                     Names{dotted_key(names_.schema, key), path, item.whole_file ? "" : path},
                     origin_);
  }
  return out;
}

void Section::finish() {
  if (!table_) return;
  for (const auto& [key, value] : *table_) {
    if (known_.contains(key)) continue;
    const std::string near = nearest(key, known_);
    context_->problems.error(value.origin, full_key(key),
                             "unknown key" + (near.empty() ? "" : ", did you mean " + near + "?"));
  }
}

}  // namespace gw::config
