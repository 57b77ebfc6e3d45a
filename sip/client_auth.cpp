#include "sip/client_auth.h"

namespace gw::sip {

namespace {
constexpr std::string_view kServer = "Authorization: ";
constexpr std::string_view kProxy = "Proxy-Authorization: ";

std::string line(std::string_view name, const std::optional<std::string>& value) {
  return value ? std::string(name) + *value + "\r\n" : std::string();
}
}  // namespace

std::string ClientAuth::lines(std::string_view method, std::string_view uri) {
  if (!server_) return {};
  return line(kServer, server_->again(method, uri)) + line(kProxy, proxy_->again(method, uri));
}

std::optional<std::string> ClientAuth::answer(const sip_t& response, std::string_view method,
                                              std::string_view uri) {
  if (!server_ || !response.sip_status) return std::nullopt;
  const int status = response.sip_status->st_status;
  if (status == 401 && response.sip_www_authenticate) {
    const auto value =
        server_->answer(parse_digest_list(response.sip_www_authenticate), method, uri);
    if (!value) return std::nullopt;
    return line(kServer, value) + line(kProxy, proxy_->again(method, uri));
  }
  if (status == 407 && response.sip_proxy_authenticate) {
    const auto value =
        proxy_->answer(parse_digest_list(response.sip_proxy_authenticate), method, uri);
    if (!value) return std::nullopt;
    return line(kServer, server_->again(method, uri)) + line(kProxy, value);
  }
  return std::nullopt;
}

}  // namespace gw::sip
