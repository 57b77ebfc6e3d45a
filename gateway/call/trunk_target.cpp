#include "gateway/call/trunk_target.h"

#include <charconv>

namespace gw {

std::optional<TrunkTarget> parse_trunk_target(std::string_view text) {
  TrunkTarget target;
  if (text.starts_with("sips:")) {
    target.transport = sip::Transport::Tls;
    text.remove_prefix(5);
  } else if (text.starts_with("sip:")) {
    text.remove_prefix(4);
  }
  if (const size_t semicolon = text.find(';'); semicolon != std::string_view::npos) {
    const std::string_view parameter = text.substr(semicolon + 1);
    if (parameter == "transport=udp")
      target.transport = sip::Transport::Udp;
    else if (parameter == "transport=tcp")
      target.transport = sip::Transport::Tcp;
    else if (parameter == "transport=tls")
      target.transport = sip::Transport::Tls;
    else
      return std::nullopt;
    text = text.substr(0, semicolon);
  }
  std::string_view port;
  if (text.starts_with('[')) {
    const size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    target.host = text.substr(1, close - 1);
    const std::string_view rest = text.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') return std::nullopt;
    if (!rest.empty()) port = rest.substr(1);
  } else {
    const size_t colon = text.find(':');
    target.host = text.substr(0, colon);
    if (colon != std::string_view::npos) port = text.substr(colon + 1);
    if (colon != std::string_view::npos && port.empty()) return std::nullopt;
  }
  if (target.host.empty()) return std::nullopt;
  if (!port.empty()) {
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), target.port);
    if (error != std::errc{} || end != port.data() + port.size() || target.port == 0)
      return std::nullopt;
  }
  return target;
}

std::optional<TrunkTarget> place_of_uri(std::string_view uri) {
  std::string text(uri.substr(0, uri.find('?')));
  const size_t scheme = text.find(':');
  if (scheme == std::string::npos) return std::nullopt;
  if (const size_t at = text.find('@'); at != std::string::npos)
    text.erase(scheme + 1, at - scheme);
  std::string transport;
  if (const size_t semicolon = text.find(';'); semicolon != std::string::npos) {
    const std::string parameters = text.substr(semicolon) + ";";
    text.resize(semicolon);
    const size_t found = parameters.find(";transport=");
    if (found != std::string::npos)
      transport = parameters.substr(found, parameters.find(';', found + 1) - found);
  }
  return parse_trunk_target(text + transport);
}

std::string trunk_uri(const TrunkTarget& target, std::string_view number, bool user_phone) {
  const bool six = target.host.find(':') != std::string::npos;
  std::string uri = "sip:" + (number.empty() ? "" : std::string(number) + "@") +
                    (six ? "[" + target.host + "]" : target.host);
  if (target.port != 0) uri += ":" + std::to_string(target.port);
  if (user_phone && !number.empty()) uri += ";user=phone";
  if (target.transport && *target.transport != sip::Transport::Udp) {
    uri += ";transport=" + std::string(sip::to_string(*target.transport));
  }
  return uri;
}

}  // namespace gw
