#include "gateway/call/trunk_target.h"

namespace gw {

std::optional<config::TargetAddress> place_of_uri(std::string_view uri) {
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
  return config::parse_target(text + transport);
}

std::string trunk_uri(const config::TargetAddress& target, std::string_view number,
                      bool user_phone) {
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
