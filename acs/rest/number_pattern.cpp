#include "acs/rest/number_pattern.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

namespace gw::acs::rest {
namespace {

constexpr unsigned kMaxRepeats = 3;   // *, + and {n,m}: 64^3 ways in a number of 64 digits.
constexpr unsigned kMaxOptional = 8;  // ?, twice the ways each.
constexpr unsigned kMaxGroups = 32;
constexpr unsigned kMaxCount = 64;  // Of {n,m}: std::regex copies what is repeated so often.

struct Quantifier {
  bool optional = false;  // "?"
  bool varies = true;     // Not "{n}".
  size_t size = 1;
};

// "{3}", "{3,}" or "{3,23}" at the beginning; nullopt: none, or one that counts too far.
std::optional<Quantifier> counted(std::string_view text) {
  const char* const end = text.data() + text.size();
  unsigned low = 0, high = 0;
  auto [at, error] = std::from_chars(text.data() + 1, end, low);
  if (error != std::errc() || at == end || low > kMaxCount) return std::nullopt;
  Quantifier out;
  out.varies = *at == ',';
  if (out.varies) {
    ++at;
    const auto upper = std::from_chars(at, end, high);
    at = upper.ptr;
    if (high > kMaxCount) return std::nullopt;
  }
  if (at == end || *at != '}') return std::nullopt;
  out.size = static_cast<size_t>(at + 1 - text.data());
  return out;
}

// What stands behind an atom. nullopt: nothing of the kind.
std::optional<Quantifier> quantifier_at(std::string_view text) {
  if (text.empty()) return std::nullopt;
  switch (text.front()) {
    case '*':
    case '+': return Quantifier{};
    case '?': return Quantifier{true, true, 1};
    case '{': return counted(text);
    default: return std::nullopt;
  }
}

// One walk over the pattern.
class Walk {
 public:
  explicit Walk(std::string_view pattern) : rest_(pattern) {}

  bool bounded() {
    while (!rest_.empty()) {
      if (!step()) return false;
    }
    return true;
  }

 private:
  // One atom with its quantifier, or one bracket of a group.
  bool step() {
    bool varied_inside = false;
    switch (rest_.front()) {
      case '(': return open();
      case '|':
        groups_.back() = true;
        rest_.remove_prefix(1);
        return true;
      case ')':
        if (groups_.size() == 1) return false;
        varied_inside = groups_.back();
        groups_.pop_back();
        if (varied_inside) groups_.back() = true;
        rest_.remove_prefix(1);
        break;
      case '[': skip_class(); break;
      case '\\':
        // A back-reference: no number needs one, and std::regex counts its digits until they
        // overflow.
        if (rest_.size() > 1 && rest_[1] >= '0' && rest_[1] <= '9') return false;
        skip(2);
        break;
      case '{': return false;  // Without an atom, or one that counts too far.
      default: skip(1);
    }
    return quantify(varied_inside);
  }

  bool open() {
    groups_.push_back(false);
    skip(rest_.starts_with("(?") ? 3 : 1);  // "(?:", "(?=", "(?!"
    return groups_.size() <= kMaxGroups;
  }

  bool quantify(bool varied_inside) {
    const auto quantifier = quantifier_at(rest_);
    if (!quantifier) return true;
    skip(quantifier->size);
    if (rest_.starts_with('?')) skip(1);  // The lazy form goes as many ways.
    if (quantifier->optional) {
      groups_.back() = true;
      return ++optional_ <= kMaxOptional;
    }
    if (varied_inside) return false;
    if (!quantifier->varies) return true;
    groups_.back() = true;
    return ++repeats_ <= kMaxRepeats;
  }

  void skip_class() {
    size_t at = 1;
    while (at < rest_.size() && rest_[at] != ']') at += rest_[at] == '\\' ? 2 : 1;
    skip(at + 1);
  }
  void skip(size_t count) { rest_.remove_prefix(std::min(count, rest_.size())); }

  std::string_view rest_;
  std::vector<bool> groups_{false};  // Does what is in it vary? The outermost is the pattern.
  unsigned repeats_ = 0, optional_ = 0;
};

}  // namespace

bool matches_in_bounded_time(std::string_view pattern) {
  return Walk(pattern).bounded();
}

}  // namespace gw::acs::rest
