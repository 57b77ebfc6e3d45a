#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace gw::acs::call_automation {

// Azure's words for keys.
constexpr std::array<std::pair<std::string_view, char>, 16> kToneNames{{{"zero", '0'},
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

constexpr std::optional<char> tone_of(std::string_view name) {
  for (const auto& [word, key] : kToneNames) {
    if (word == name) return key;
  }
  return std::nullopt;
}

constexpr std::string_view name_of_tone(char key) {
  for (const auto& [word, tone] : kToneNames) {
    if (tone == key) return word;
  }
  return "";
}

}  // namespace gw::acs::call_automation
