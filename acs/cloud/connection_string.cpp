#include "acs/cloud/connection_string.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "acs/identity/base64.h"
#include "base/text.h"

namespace gw::acs::cloud {
namespace {

constexpr std::string_view kForm =
    "endpoint=https://NAME.communication.azure.com/;accesskey=BASE64";

tl::unexpected<Error> wrong(const std::string& what) {
  return fail(ErrorCode::InvalidArgument,
              "the connection string " + what + "; its form is " + std::string(kForm));
}

// "contoso.communication.azure.com" or "127.0.0.1:8443".
bool is_authority(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("-._:[]").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

// Azure's clients sign the Host header, and that leaves the scheme's own port out.
std::string without_default_port(std::string authority, bool tls) {
  const std::string_view port = tls ? ":443" : ":80";
  if (authority.ends_with(port)) authority.resize(authority.size() - port.size());
  return authority;
}

}  // namespace

Result<Resource> parse_connection_string(const Masked& text) {
  constexpr std::string_view kEndpoint = "endpoint=";
  constexpr std::string_view kKey = ";accesskey=";
  const std::string_view all = trimmed(text.reveal());
  const std::string folded = lower_case(all);
  const size_t key_at = folded.find(kKey);
  if (!folded.starts_with(kEndpoint)) return wrong("does not begin with endpoint=");
  if (key_at == std::string::npos) return wrong("has no ;accesskey=");

  const std::string endpoint = folded.substr(kEndpoint.size(), key_at - kEndpoint.size());
  Resource resource;
  resource.tls = endpoint.starts_with("https://");
  if (!resource.tls && !endpoint.starts_with("http://")) return wrong("names no https:// endpoint");
  std::string authority = endpoint.substr(endpoint.find("://") + 3);
  if (authority.ends_with('/')) authority.pop_back();
  if (!is_authority(authority)) return wrong("has an endpoint with a path or odd characters");
  resource.authority = without_default_port(authority, resource.tls);
  resource.origin = (resource.tls ? "https://" : "http://") + resource.authority;

  auto key = identity::base64_decode(all.substr(key_at + kKey.size()));
  if (!key || key->empty()) return wrong("has an access key that is not base64");
  resource.key = Masked(std::move(*key));
  return resource;
}

}  // namespace gw::acs::cloud
