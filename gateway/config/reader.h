#pragma once

#include <concepts>
#include <initializer_list>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/config/problem.h"
#include "gateway/config/tree.h"

namespace gw::config {

// What a load has in hand besides the values.
struct ReadContext {
  Problems& problems;
  Settings& settings;                        // Every key with its value in force, for diffs.
  std::set<std::string, std::less<>>& keys;  // Every key that exists: "phone.password".
  std::string folder;                        // Absolute; relative paths start here.
  std::vector<std::pair<Origin, std::string>>
      literal_secrets;  // Where a password stands in the open.
};

// One table of the configuration while it is read: each read names a key, gives its value when
// there is one and it is good, leaves the default when not, and says what is wrong. What was never
// read is unknown: finish() says so.
class Section {
 public:
  struct Names {
    std::string schema;  // Without names: "phone".
    std::string path;    // With them: "phone.101".
    std::string shown;   // What people see: the path, or "" in a trunk's own file.
  };
  // `absent` is the place to blame when there is no such table.
  Section(ReadContext& context, const Value* value, Names names, Origin absent);

  void text(std::string_view key, std::string& out);
  void texts(std::string_view key, std::vector<std::string>& out);
  void flag(std::string_view key, bool& out);
  void duration(std::string_view key, Duration& out, Duration min, Duration max);
  void secret(std::string_view key, Masked& out);  // file:, env: or the secret itself.
  void secrets(std::string_view key, std::vector<Masked>& out);
  // Relative to the folder; absolute afterwards. False: it must exist, and does not.
  bool path(std::string_view key, std::string& out, bool must_exist);
  void real(std::string_view key, double& out, double min, double max);

  template <std::integral I>
  void number(std::string_view key, I& out, int64_t min, int64_t max) {
    int64_t value = static_cast<int64_t>(out);
    whole(key, value, min, max);
    out = static_cast<I>(value);
  }

  // A word of a list: "offered" | "required" | "off".
  template <class E>
  void choice(std::string_view key, E& out,
              std::initializer_list<std::pair<std::string_view, E>> words) {
    std::string word;
    for (const auto& [name, value] : words) {
      if (value == out) word = name;
    }
    text(key, word);
    std::string known;
    for (const auto& [name, value] : words) {
      if (name == word) {
        out = value;
        return;
      }
      known += (known.empty() ? "" : ", ") + std::string(name);
    }
    if (has(key)) error(key, "\"" + word + "\" is not one of " + known);
  }

  bool has(std::string_view key) const { return find(key) != nullptr; }
  Section table(std::string_view key);
  std::vector<Section> tables(std::string_view key);     // [[key]], each named by its naming key.
  const Value* raw(std::string_view key);                // Marks it as known.
  void record(std::string_view key, std::string value);  // What a raw value came to.

  void error(std::string_view key, std::string text) const;
  void warn(std::string_view key, std::string text) const;
  void error_at(const Origin& where, std::string_view key, std::string text) const;
  Origin origin_of(std::string_view key) const;  // The key's place; the table's when it is absent.
  const Origin& origin() const { return origin_; }
  const std::string& folder() const { return context_->folder; }
  std::string full_key(std::string_view key) const;  // As people see it.

  void finish();  // Whatever key was not asked for is unknown: "did you mean ...?"

 private:
  const Value* find(std::string_view key) const;
  void know(std::string_view key);
  void keep(std::string_view key, std::string value, bool secret);
  void wrong_type(std::string_view key, const Value& value, std::string_view wanted) const;
  void whole(std::string_view key, int64_t& out, int64_t min, int64_t max);
  Masked resolve_secret(std::string_view key, const Value& value, const std::string& text);

  ReadContext* context_;
  const Value::Table* table_ = nullptr;  // nullptr = absent: every default holds.
  Origin origin_;
  Names names_;
  std::set<std::string, std::less<>> known_;
};

// The known word nearest to a misspelt one, "" when none is near.
std::string nearest(std::string_view word, const std::set<std::string, std::less<>>& words);

}  // namespace gw::config
