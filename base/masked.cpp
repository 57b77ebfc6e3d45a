#include "base/masked.h"

namespace gw {

std::string mask(std::string_view text) {
  const bool number =
      !text.empty() && text.find_first_not_of("+0123456789*#") == std::string_view::npos;
  if (!number) return "***";
  if (text.size() <= 5) return std::string(text);  // An extension names nobody.
  return std::string(text.substr(0, text.size() - 5)) + "***" +
         std::string(text.substr(text.size() - 2));
}

}  // namespace gw
