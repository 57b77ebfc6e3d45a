#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gw {

// The text of protocols: only ASCII letters have a case, whatever the locale says. Pure.
std::string lower_case(std::string_view text);
bool same_letters(std::string_view a, std::string_view b);  // Their case apart.
bool begins_with_letters(std::string_view text, std::string_view prefix);

// Without the blanks and line ends around it.
std::string_view trimmed(std::string_view text);

std::string joined(const std::vector<std::string>& items, std::string_view by);

}  // namespace gw
