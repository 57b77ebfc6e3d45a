#include "gateway/config/values.h"

#include <absl/time/time.h>
#include <phonenumbers/phonenumberutil.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.h"

namespace gw::config {
namespace {

constexpr std::string_view kDays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

bool digit(char c) {
  return c >= '0' && c <= '9';
}

template <class T>
std::optional<T> whole_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string_view> words(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const size_t end = std::min(text.find(separator), text.size());
    if (end > 0) out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::optional<unsigned> day_of(std::string_view text) {
  const std::string name = lower_case(text);
  for (unsigned i = 0; i < 7; ++i) {
    if (name.size() >= 3 && name.starts_with(kDays[i])) return i;
  }
  return std::nullopt;
}

// "Mon-Fri,Sun"; wraps: "Sat-Mon".
std::optional<unsigned> parse_days(std::string_view text) {
  unsigned days = 0;
  for (const std::string_view part : words(text, ',')) {
    const size_t dash = part.find('-');
    const auto first = day_of(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : day_of(part.substr(dash + 1));
    if (!first || !last) return std::nullopt;
    for (unsigned day = *first;; day = (day + 1) % 7) {
      days |= 1u << day;
      if (day == *last) break;
    }
  }
  return days == 0 ? std::nullopt : std::optional(days);
}

// "08:00" in minutes; 24:00 is the end of the day.
std::optional<int> parse_minute(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos || text.size() != colon + 3) return std::nullopt;
  const auto hour = whole_number<int>(text.substr(0, colon));
  const auto minute = whole_number<int>(text.substr(colon + 1));
  if (!hour || !minute || *hour < 0 || *minute < 0 || *minute > 59) return std::nullopt;
  const int total = *hour * 60 + *minute;
  return total > 24 * 60 ? std::nullopt : std::optional(total);
}

bool parse_span(std::string_view text, Hours& out) {
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos) return false;
  const auto from = parse_minute(text.substr(0, dash));
  const auto to = parse_minute(text.substr(dash + 1));
  if (!from || !to || *from == *to) return false;
  out.from_minute = *from;
  out.to_minute = *to;
  return true;
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  const size_t digits = text.find_first_not_of("0123456789");
  if (digits == 0 || digits == std::string_view::npos || digits > 9) return std::nullopt;
  const auto count = whole_number<int64_t>(text.substr(0, digits));
  const std::string_view unit = text.substr(digits);
  if (!count) return std::nullopt;
  int64_t ms = 0;
  if (unit == "ms") ms = 1;
  if (unit == "s") ms = 1000;
  if (unit == "m" || unit == "min") ms = 60'000;
  if (unit == "h") ms = 3'600'000;
  if (unit == "d") ms = 86'400'000;
  // Ten years is longer than any duration of ours, and nanoseconds hold it.
  if (ms == 0 || *count > 315'360'000'000 / ms) return std::nullopt;
  return std::chrono::milliseconds(*count * ms);
}

std::string to_text(Duration duration) {
  const int64_t ms = to_ms(duration);
  if (ms == 0) return "0s";
  if (ms % 86'400'000 == 0 && ms > 86'400'000) return std::to_string(ms / 86'400'000) + "d";
  if (ms % 3'600'000 == 0) return std::to_string(ms / 3'600'000) + "h";
  if (ms % 1000 == 0) return std::to_string(ms / 1000) + "s";
  return std::to_string(ms) + "ms";
}

std::string decimal(double number) {
  if (number == std::floor(number) && std::abs(number) < 1e15) {
    return std::to_string(static_cast<int64_t>(number));
  }
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof text, number);
  return error == std::errc{} ? std::string(text, end) : "?";
}

std::optional<std::pair<uint16_t, uint16_t>> parse_ports(std::string_view text) {
  const size_t dash = text.find('-');
  const auto low = whole_number<uint16_t>(text.substr(0, dash));
  const auto high =
      dash == std::string_view::npos ? low : whole_number<uint16_t>(text.substr(dash + 1));
  if (!low || !high || *low > *high) return std::nullopt;
  if (*low == 0 && *high != 0) return std::nullopt;
  return std::pair(*low, *high);
}

Result<sip::ListenAddress> parse_listen(std::string_view text,
                                        const std::vector<Network>& networks) {
  static constexpr std::string_view kRight = "\"udp:ADDRESS:PORT\", \"tcp:...\" or \"tls:...\"";
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::InvalidArgument,
                "\"" + std::string(text) + "\" " + std::string(why) + ": " + std::string(kRight));
  };
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return bad("is no listener");
  const std::string transport = lower_case(text.substr(0, colon));
  sip::ListenAddress listen;
  if (transport == "udp") {
    listen.transport = sip::Transport::Udp;
  } else if (transport == "tcp") {
    listen.transport = sip::Transport::Tcp;
  } else if (transport == "tls") {
    listen.transport = sip::Transport::Tls;
  } else {
    return bad("has an unknown transport");
  }
  const uint16_t default_port = listen.transport == sip::Transport::Tls ? 5061 : 5060;
  std::string where(text.substr(colon + 1));
  for (const Network& network : networks) {
    if (where != network.name && !where.starts_with(network.name + ":")) continue;
    const bool bare_v6 =
        network.bind.find(':') != std::string::npos && !network.bind.starts_with('[');
    where.replace(0, network.name.size(), bare_v6 ? "[" + network.bind + "]" : network.bind);
    listen.network = network.name;
    listen.advertise = network.advertise;
    break;
  }
  const auto address = SocketAddress::parse(where, default_port);
  if (!address) return bad("has no IP address, and names no [[network]]");
  listen.address = *address;
  return listen;
}

Result<Hours> parse_hours(std::string_view text) {
  Hours hours;
  hours.text = text;
  bool days = false, span = false;
  for (const std::string_view word : words(text, ' ')) {
    absl::TimeZone zone;
    if (const auto parsed = parse_days(word); parsed && !days) {
      hours.weekdays = *parsed;
      days = true;
    } else if (!span && digit(word.front()) && parse_span(word, hours)) {
      span = true;
    } else if (hours.zone.empty() && !digit(word.front()) &&
               absl::LoadTimeZone(std::string(word), &zone)) {
      hours.zone = word;
    } else {
      return fail(ErrorCode::InvalidArgument,
                  "\"" + std::string(word) +
                      "\" is no weekday, time span or time zone: write e.g. "
                      "\"Mon-Fri 08:00-18:00 America/Los_Angeles\"");
    }
  }
  if (!days && !span) {
    return fail(ErrorCode::InvalidArgument,
                "names no hours: write e.g. \"Mon-Fri 08:00-18:00 America/Los_Angeles\"");
  }
  return hours;
}

std::optional<int> parse_dscp(std::string_view text) {
  const std::string name = lower_case(text);
  if (name == "ef") return 46;
  if (name.size() == 3 && name.starts_with("cs") && name[2] >= '0' && name[2] <= '7') {
    return (name[2] - '0') * 8;
  }
  if (name.size() == 4 && name.starts_with("af") && name[2] >= '1' && name[2] <= '4' &&
      name[3] >= '1' && name[3] <= '3') {
    return (name[2] - '0') * 8 + (name[3] - '0') * 2;
  }
  const auto number = whole_number<int>(name);
  if (!number || *number < 0 || *number > 63) return std::nullopt;
  return number;
}

std::optional<TargetAddress> parse_target(std::string_view text) {
  TargetAddress target;
  const std::string scheme = lower_case(text.substr(0, text.find(':') + 1));
  const bool secure = scheme == "sips:";
  if (secure) target.transport = sip::Transport::Tls;
  if (secure || scheme == "sip:") text.remove_prefix(scheme.size());
  if (const size_t semicolon = text.find(';'); semicolon != std::string_view::npos) {
    const std::string parameter = lower_case(text.substr(semicolon + 1));
    text = text.substr(0, semicolon);
    if (parameter == "transport=tls" || (secure && parameter == "transport=tcp"))
      target.transport = sip::Transport::Tls;  // RFC 3261 26.2.2: sips is TLS, over TCP.
    else if (parameter == "transport=tcp")
      target.transport = sip::Transport::Tcp;
    else if (parameter == "transport=udp" && !secure)
      target.transport = sip::Transport::Udp;
    else
      return std::nullopt;
  }
  if (const auto literal = SocketAddress::parse(text)) {
    target.host = literal->host();
    target.port = literal->port();
    return target;
  }
  const size_t colon = text.find(':');
  target.host = text.substr(0, colon);
  if (colon != std::string_view::npos) {
    const auto port = whole_number<uint16_t>(text.substr(colon + 1));
    if (!port || *port == 0) return std::nullopt;
    target.port = *port;
  }
  return is_host_name(target.host) ? std::optional(target) : std::nullopt;
}

bool is_host_name(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  for (const std::string_view label : words(text, '.')) {
    if (label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    for (const char c : lower_case(label)) {
      if (!digit(c) && !(c >= 'a' && c <= 'z') && c != '-' && c != '_') return false;
    }
  }
  if (text.front() == '.' || text.find("..") != std::string_view::npos) return false;
  // "192.0.2.300" is a slip of the pen, not a name.
  return text.find_first_not_of("0123456789.") != std::string_view::npos;
}

bool is_extension(std::string_view text) {
  return !text.empty() && text.size() <= 10 &&
         text.find_first_not_of("0123456789*#") == std::string_view::npos;
}

bool is_e164(std::string_view text) {
  return text.size() >= 8 && text.size() <= 16 && text.front() == '+' && text[1] != '0' &&
         std::ranges::all_of(text.substr(1), digit);
}

bool is_guid(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const char c = text[i];
    const bool hex = digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (dash ? c != '-' : !hex) return false;
  }
  return true;
}

bool is_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return false;
  const size_t end = text.find('=');
  const std::string_view padding = end == std::string_view::npos ? "" : text.substr(end);
  if (padding.size() > 2 || padding.find_first_not_of('=') != std::string_view::npos) return false;
  return std::ranges::all_of(text.substr(0, end), [](char c) {
    return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' || c == '/';
  });
}

bool is_country(std::string_view text) {
  const auto* util = i18n::phonenumbers::PhoneNumberUtil::GetInstance();
  return util->GetCountryCodeForRegion(std::string(text)) != 0;
}

bool is_name(std::string_view text) {
  if (text.empty() || text.size() > 64) return false;
  return std::ranges::all_of(text, [](char c) {
    return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
           c == '.' || c == '@' || c == '+';
  });
}

}  // namespace gw::config
