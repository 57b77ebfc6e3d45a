#include "acs/rest/authorization.h"

#include <algorithm>
#include <cctype>

#include "acs/http/url.h"
#include "acs/rest/signing.h"
#include "base/text.h"

namespace gw::acs::rest {
namespace {

constexpr size_t kMaxSignedHeaders = 8;  // The clients sign three.
constexpr size_t kMaxToken = 8192;

// "SCHEME rest": what follows the scheme and its blanks; nullopt: another scheme.
std::optional<std::string_view> after_scheme(std::string_view value, std::string_view scheme) {
  if (value.size() <= scheme.size() || !same_letters(value.substr(0, scheme.size()), scheme) ||
      value[scheme.size()] != ' ') {
    return std::nullopt;
  }
  value.remove_prefix(scheme.size());
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  return value;
}

bool is_header_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_';
  });
}

std::optional<std::vector<std::string>> header_names(std::string_view text) {
  std::vector<std::string> names;
  for (;;) {
    const size_t end = std::min(text.find(';'), text.size());
    std::string name = lower_case(text.substr(0, end));
    const bool twice = std::ranges::find(names, name) != names.end();
    if (!is_header_name(name) || twice || names.size() == kMaxSignedHeaders) return std::nullopt;
    names.push_back(std::move(name));
    if (end == text.size()) return names;
    text.remove_prefix(end + 1);
  }
}

// application/x-www-form-urlencoded (WHATWG URL 5.2).
void form_encode(std::string_view text, std::string& out) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (std::isalnum(u) != 0 || c == '*' || c == '-' || c == '.' || c == '_') {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      out += '%';
      out += kHex[u >> 4];
      out += kHex[u & 15];
    }
  }
}

// As URLSearchParams reads a piece; broken escapes stay as they are.
std::string form_decode(std::string_view piece) {
  std::string text(piece);
  std::ranges::replace(text, '+', ' ');
  return http::percent_decode(text).value_or(text);
}

}  // namespace

std::optional<Authorization> parse_authorization(std::string_view value) {
  Authorization out;
  if (const auto token = after_scheme(value, "Bearer")) {
    if (token->empty() || token->size() > kMaxToken) return std::nullopt;
    out.scheme = Authorization::Scheme::Bearer;
    out.signature = *token;
    return out;
  }
  const auto parameters = after_scheme(value, "HMAC-SHA256");
  if (!parameters) return out;
  constexpr std::string_view kHeaders = "SignedHeaders=";
  constexpr std::string_view kSignaturePart = "&Signature=";
  if (!parameters->starts_with(kHeaders)) return std::nullopt;
  const size_t signature = parameters->find(kSignaturePart);
  if (signature == std::string_view::npos) return std::nullopt;
  auto names = header_names(parameters->substr(kHeaders.size(), signature - kHeaders.size()));
  if (!names) return std::nullopt;
  out.scheme = Authorization::Scheme::Hmac;
  out.signed_headers = std::move(*names);
  out.signature = parameters->substr(signature + kSignaturePart.size());
  return out;
}

std::optional<std::string> string_to_sign(const http::Request& request,
                                          std::string_view path_and_query,
                                          const std::vector<std::string>& signed_headers) {
  std::vector<std::string_view> values;
  for (const std::string& name : signed_headers) {
    const auto named = [&](const auto& header) { return same_letters(header.first, name); };
    // Two of a name: the peers could each read another one.
    if (std::ranges::count_if(request.headers, named) != 1) return std::nullopt;
    values.push_back(request.header(name));
  }
  return string_to_sign(request.method, path_and_query, values);
}

std::string form_encoded_target(std::string_view target) {
  const size_t question = target.find('?');
  std::string out(target.substr(0, question));
  if (question == std::string_view::npos) return out;
  std::string_view rest = target.substr(question + 1);
  char separator = '?';
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (pair.empty()) continue;
    const size_t equals = std::min(pair.find('='), pair.size());
    out += separator;
    separator = '&';
    form_encode(form_decode(pair.substr(0, equals)), out);
    out += '=';
    form_encode(form_decode(pair.substr(std::min(equals + 1, pair.size()))), out);
  }
  return out;
}

}  // namespace gw::acs::rest
