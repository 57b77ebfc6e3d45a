#include "acs/identity/tones.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <utility>

#include "base/text.h"

namespace gw::acs {
namespace {

using Name = std::pair<std::string_view, char>;

constexpr std::array<Name, 16> kTones{{{"zero", '0'},
                                       {"one", '1'},
                                       {"two", '2'},
                                       {"three", '3'},
                                       {"four", '4'},
                                       {"five", '5'},
                                       {"six", '6'},
                                       {"seven", '7'},
                                       {"eight", '8'},
                                       {"nine", '9'},
                                       {"a", 'A'},
                                       {"b", 'B'},
                                       {"c", 'C'},
                                       {"d", 'D'},
                                       {"pound", '#'},
                                       {"asterisk", '*'}}};
// The media stream's frames have no schema.
constexpr std::array<Name, 3> kSynonyms{{{"star", '*'}, {"hash", '#'}, {"number", '#'}}};
constexpr size_t kLongest = 8;  // "asterisk"

template <size_t N>
std::optional<char> find(const std::array<Name, N>& names, std::string_view name) {
  const auto* found = std::ranges::find(names, name, &Name::first);
  return found == names.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

std::optional<char> key_of_tone(std::string_view name) {
  return find(kTones, name);
}

std::string_view tone_of_key(char key) {
  const auto* found = std::ranges::find(kTones, key, &Name::second);
  return found == kTones.end() ? std::string_view() : found->first;
}

std::optional<char> key_of_any_spelling(std::string_view text) {
  if (text.empty() || text.size() > kLongest) return std::nullopt;
  const auto upper = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
  if (text.size() == 1 && !tone_of_key(upper).empty()) return upper;
  const std::string name = lower_case(text);
  const auto key = find(kTones, name);
  return key ? key : find(kSynonyms, name);
}

}  // namespace gw::acs
