#pragma once

#include <optional>
#include <string_view>

namespace gw::acs {

// Azure's words for keys: "zero" to "nine", "a" to "d", "pound", "asterisk". Pure.
std::optional<char> key_of_tone(std::string_view name);
std::string_view tone_of_key(char key);  // "" = none.

// The same in every spelling that has been seen: the words in any letter case, their synonyms, and
// the keys themselves.
std::optional<char> key_of_any_spelling(std::string_view text);

}  // namespace gw::acs
