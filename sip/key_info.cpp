#include "sip/key_info.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/text.h"

namespace gw::sip {
namespace {

constexpr Duration kUnsaid = 160ms;  // A key without a duration.
constexpr Duration kShortest = 40ms, kLongest = 60s;

std::optional<std::string_view> value_of(std::string_view body, std::string_view key) {
  while (!body.empty()) {
    const size_t end = std::min(body.find_first_of("\r\n"), body.size());
    const std::string_view line = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos || !same_letters(trimmed(line.substr(0, equals)), key))
      continue;
    return trimmed(line.substr(equals + 1));
  }
  return std::nullopt;
}

std::optional<int> number_of(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value)
                                                                  : std::nullopt;
}

std::optional<char> digit_of(std::string_view signal) {
  static constexpr std::string_view kDigits = "0123456789*#ABCD";
  if (signal.size() == 1) {
    const auto digit = static_cast<char>(std::toupper(static_cast<unsigned char>(signal.front())));
    return kDigits.find(digit) == std::string_view::npos ? std::nullopt : std::optional(digit);
  }
  const auto event = number_of(signal);
  if (!event || *event < 0 || *event >= static_cast<int>(kDigits.size())) return std::nullopt;
  return kDigits[static_cast<size_t>(*event)];
}

}  // namespace

std::optional<KeyInfo> parse_key_info(std::string_view type, std::string_view body) {
  type = trimmed(type.substr(0, type.find(';')));
  const bool relay = same_letters(type, kKeyInfoType);
  if (!relay && !same_letters(type, "application/dtmf")) return std::nullopt;
  // Some send the relay's lines under the plain type.
  auto signal = value_of(body, "Signal");
  if (!signal && !relay) signal = trimmed(body);
  const auto digit = signal ? digit_of(*signal) : std::nullopt;
  if (!digit) return std::nullopt;
  KeyInfo info{*digit, kUnsaid};
  const auto given = value_of(body, "Duration");
  if (const auto ms = given ? number_of(*given) : std::nullopt; ms && *ms > 0) {
    info.length = std::clamp<Duration>(std::chrono::milliseconds(*ms), kShortest, kLongest);
  }
  return info;
}

std::string write_key_info(const KeyInfo& key) {
  return std::string("Signal=") + key.digit + "\r\nDuration=" + std::to_string(to_ms(key.length)) +
         "\r\n";
}

}  // namespace gw::sip
