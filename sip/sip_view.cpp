#include "sip/sip_view.h"

#include <strings.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <unordered_set>

#include "base/text.h"
#include "sip/identity_headers.h"
#include "sip/sofia_ptr.h"
#include "sip/sofia_sip.h"

namespace gw::sip {

namespace {

// Value of a header or Content-Type parameter, unquoted: "boundary".
std::string parameter(msg_param_t const* params, std::string_view name) {
  for (; params && *params; ++params) {
    const std::string_view one = *params;
    const auto equal = one.find('=');
    if (equal == std::string_view::npos || !same_letters(trimmed(one.substr(0, equal)), name))
      continue;
    return unquoted(std::string(trimmed(one.substr(equal + 1))).c_str());
  }
  return {};
}

// RFC 2046 5.1: the application/sdp part between the boundaries; carriers wrap SDP with ISUP, PIDF
// or metadata.
std::optional<std::string> sdp_part(std::string_view body, const std::string& boundary) {
  if (boundary.empty() || boundary.size() > 70) return std::nullopt;
  const std::string delimiter = "--" + boundary;
  size_t at = body.find(delimiter);
  while (at != std::string_view::npos) {
    const size_t begin = at + delimiter.size();
    at = body.find(delimiter, begin);
    if (at == std::string_view::npos)
      return std::nullopt;  // The last part is closed by a delimiter too.
    const std::string_view part = body.substr(begin, at - begin);
    const auto blank = part.find("\r\n\r\n");
    if (blank == std::string_view::npos) continue;
    const std::string head = lower_case(part.substr(0, blank));
    if (head.find("application/sdp") == std::string::npos) continue;
    std::string_view sdp = part.substr(blank + 4);
    if (sdp.ends_with("\r\n") && !sdp.empty()) sdp.remove_suffix(2);  // Belongs to the delimiter.
    return std::string(sdp) + "\r\n";
  }
  return std::nullopt;
}

// RFC 3323 4.2: whoever asks that headers or the session be anonymous does not want to be known;
// "none" asks for nothing.
bool private_caller_of(const sip_t& request) {
  if (!request.sip_privacy) return false;
  int n = 0;
  for (auto value = request.sip_privacy->priv_values; value && *value && n < 16; ++value, ++n) {
    for (const char* kind : {"id", "user", "header", "session"}) {
      if (same_letters(*value, kind)) return true;
    }
  }
  return false;
}

std::optional<NameAddr> asserted_of(const sip_t& request) {
  const sip_p_asserted_identity_t* id = sip_p_asserted_identity(&request);
  if (!id) return std::nullopt;
  return name_addr_of(id->paid_display, id->paid_url[0]);
}

std::vector<std::pair<std::string, std::string>> custom_headers_of(const sip_t& request) {
  std::vector<std::pair<std::string, std::string>> headers;
  for (const sip_unknown_t* h = request.sip_unknown; h && headers.size() < kMaxCustomHeaders;
       h = h->un_next) {
    if (!h->un_name || !h->un_value || !begins_with_letters(h->un_name, "X-MS-Custom-")) continue;
    if (std::strlen(h->un_name) > 100 || std::strlen(h->un_value) > kMaxHeaderValue) continue;
    headers.emplace_back(h->un_name, header_text(h->un_value));
  }
  return headers;
}

// Allow, Supported and Require are lists of tokens; Sofia joins those of several lines.
template <class List>
bool lists(const List* list, std::string_view token) {
  if (!list || !list->k_items) return false;
  int n = 0;
  for (auto item = list->k_items; *item && n < 64; ++item, ++n) {
    if (same_letters(*item, token)) return true;
  }
  return false;
}

// RFC 7044 10.1, RFC 5806: one entry that is to be hidden hides the list, which is passed on as
// text.
bool names_somebody_private(const sip_t& request, std::string_view list) {
  if (request.sip_privacy) {
    int n = 0;
    for (auto value = request.sip_privacy->priv_values; value && *value && n < 16; ++value, ++n) {
      if (same_letters(*value, "history")) return true;
    }
  }
  constexpr std::string_view kPrivacy = "privacy=";
  for (size_t at = 0; at + kPrivacy.size() <= list.size(); ++at) {
    if (!begins_with_letters(list.substr(at), kPrivacy)) continue;
    const std::string_view value = list.substr(at + kPrivacy.size());
    if (!begins_with_letters(value, "off") && !begins_with_letters(value, "none") &&
        !begins_with_letters(value, "\"off"))
      return true;
  }
  return false;
}

// RFC 2616 14.1, as RFC 3261 20.1 has it: q=0 says no.
bool takes_sdp(const sip_accept_t* accept) {
  for (int n = 0; accept && n < 32; accept = accept->ac_next, ++n) {
    if (!accept->ac_type || (accept->ac_q && std::strtod(accept->ac_q, nullptr) == 0)) continue;
    if (same_letters(accept->ac_type, "application/sdp") ||
        same_letters(accept->ac_type, "application/*") || same_letters(accept->ac_type, "*/*"))
      return true;
  }
  return false;
}

bool routable(const sip_record_route_t* routes) {
  for (int n = 0; routes; routes = routes->r_next) {
    if (++n > 20 || !is_sip_uri(routes->r_url[0]))
      return false;  // No honest path has more proxies.
  }
  return true;
}

}  // namespace

NameAddr name_addr_of(const char* display, const url_t& url) {
  NameAddr address;
  if (display) address.display = utf8_text(header_text(unquoted(display)), 256);
  address.user = user_of(url);
  address.host = host_of(url);
  address.sips = url.url_type == url_sips;
  if (url.url_port) {
    const unsigned long port = std::strtoul(url.url_port, nullptr, 10);
    if (port <= 65'535) address.port = static_cast<uint16_t>(port);
  }
  return address;
}

std::string uri_of(const url_t& url) {
  url_t plain = url;
  plain.url_headers = nullptr;
  plain.url_fragment = nullptr;
  const HomePtr home = make_home();
  const char* text = url_as_string(home.get(), &plain);
  return text ? text : "";
}

std::string host_of(const url_t& url) {
  std::string host = url.url_host ? url.url_host : "";
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  if (!host.empty() && host.back() == '.') host.pop_back();
  host = lower_case(host);
  return header_text(host);
}

std::string user_of(const url_t& url) {
  if (!url.url_user) return {};
  std::string user(std::strlen(url.url_user) + 1, '\0');
  url_unescape(user.data(), url.url_user);
  user.resize(std::strlen(user.c_str()));
  // RFC 4694, RFC 3966: "+14255550100;npdi" names +14255550100.
  if (const auto semicolon = user.find(';'); semicolon != std::string::npos) user.resize(semicolon);
  if (user.size() > 256) user.resize(256);
  return header_text(user);
}

bool is_sip_uri(const url_t& url) {
  return (url.url_type == url_sip || url.url_type == url_sips) && url.url_host && *url.url_host;
}

std::string unquoted(const char* text) {
  std::string_view in = text ? trimmed(text) : std::string_view{};
  if (in.size() < 2 || in.front() != '"' || in.back() != '"') return std::string(in);
  in = in.substr(1, in.size() - 2);
  std::string out;
  for (size_t i = 0; i < in.size(); ++i) {
    if (in[i] == '\\' && i + 1 < in.size()) ++i;
    out += in[i];
  }
  return out;
}

Reason reason_of(const sip_t& message) {
  Reason reason;
  int n = 0;
  for (const sip_reason_t* r = message.sip_reason; r && n < 8; r = r->re_next, ++n) {
    if (!r->re_protocol || !r->re_cause) continue;
    const unsigned long cause = std::strtoul(r->re_cause, nullptr, 10);
    if (same_letters(r->re_protocol, "Q.850") && cause >= 1 && cause <= 127)
      reason.q850 = static_cast<int>(cause);
    if (same_letters(r->re_protocol, "SIP") && cause >= 100 && cause <= 699)
      reason.sip_status = static_cast<int>(cause);
    if (r->re_text && reason.text.empty())
      reason.text = header_text(unquoted(r->re_text)).substr(0, 256);
  }
  return reason;
}

std::string user_agent_of(const sip_t& message) {
  const auto* agent = message.sip_user_agent ? message.sip_user_agent : message.sip_server;
  if (!agent || !agent->g_string) return {};
  return header_text(agent->g_string).substr(0, 256);
}

std::optional<std::string> header_of(const sip_t& message, std::string_view name) {
  for (const sip_unknown_t* h = message.sip_unknown; h; h = h->un_next) {
    if (!h->un_name || !h->un_value || !same_letters(h->un_name, name)) continue;
    if (std::strlen(h->un_value) > kMaxHeaderValue) return std::nullopt;
    return header_text(h->un_value);
  }
  return std::nullopt;
}

Body body_of(const sip_t& message) {
  const sip_payload_t* payload = message.sip_payload;
  if (!payload || !payload->pl_data || payload->pl_len == 0) return {};
  Body body{.present = true, .sdp = std::nullopt};
  const std::string_view text(payload->pl_data, payload->pl_len);
  if (text.size() > kMaxSdp || text.find('\0') != std::string_view::npos) return body;
  // Without Content-Type a body is SDP all the same: RFC 3261 20.15 demands the header, old
  // gateways forget it.
  const char* type =
      message.sip_content_type ? message.sip_content_type->c_type : "application/sdp";
  if (same_letters(type, "application/sdp")) body.sdp = std::string(text);
  if (begins_with_letters(type, "multipart/")) {
    body.sdp = sdp_part(text, parameter(message.sip_content_type->c_params, "boundary"));
  }
  return body;
}

bool supports_timer(const sip_t& request) {
  return lists(request.sip_supported, "timer") || lists(request.sip_require, "timer");
}

bool supports_100rel(const sip_t& request) {
  return lists(request.sip_supported, "100rel") || lists(request.sip_require, "100rel");
}

bool requires_100rel(const sip_t& message) {
  return lists(message.sip_require, "100rel");
}

bool supports(const sip_t& message, std::string_view extension) {
  return lists(message.sip_supported, extension);
}

bool allows(const sip_t& message, std::string_view method) {
  return lists(message.sip_allow, method);
}

std::optional<Rejection> check_extensions(const sip_t& request,
                                          std::initializer_list<std::string_view> also) {
  if (!request.sip_require || !request.sip_require->k_items) return std::nullopt;
  std::string unsupported;
  int n = 0;
  for (auto item = request.sip_require->k_items; *item && n < 16; ++item, ++n) {
    if (same_letters(*item, "timer") || same_letters(*item, "100rel")) continue;
    const auto required = [&](std::string_view known) { return same_letters(*item, known); };
    if (std::any_of(also.begin(), also.end(), required)) continue;
    unsupported += (unsupported.empty() ? "" : ", ") + header_text(*item).substr(0, 64);
  }
  if (unsupported.empty()) return std::nullopt;
  return Rejection{420, "Bad Extension", "extension", "Unsupported: " + unsupported + "\r\n"};
}

std::optional<Rejection> check_dialog_request(const sip_t& request, bool contact_needed,
                                              std::initializer_list<std::string_view> also) {
  const sip_contact_t* contact = request.sip_contact;
  if (contact_needed && !contact) return Rejection{400, "Missing Contact", "malformed", {}};
  // RFC 3261 8.1.1.8: exactly one, and a sip or sips URI. "*", tel: and lists cannot be routed to
  // later.
  if (contact && (contact->m_next || !is_sip_uri(contact->m_url[0]))) {
    return Rejection{400, "Bad Contact", "malformed", {}};
  }
  if (!routable(request.sip_record_route))
    return Rejection{400, "Bad Record-Route", "malformed", {}};

  if (auto rejection = check_extensions(request, also)) return rejection;
  // RFC 3261 20.1, 21.4.7: an answer to an INVITE is SDP, and we have no other.
  if (contact_needed && request.sip_accept && !takes_sdp(request.sip_accept))
    return Rejection{406, "Not Acceptable", "accept", "Accept: application/sdp\r\n"};
  if (request.sip_content_encoding)
    return Rejection{415, "Unsupported Media Type", "body", "Accept-Encoding: identity\r\n"};
  const Body body = body_of(request);
  if (!body.present || body.sdp) return std::nullopt;
  if (request.sip_payload->pl_len > kMaxSdp)
    return Rejection{413, "Request Entity Too Large", "body", {}};
  return Rejection{415, "Unsupported Media Type", "body", "Accept: application/sdp\r\n"};
}

Invite invite_of(const sip_t& request, Peer peer, const SocketAddress& source,
                 Transport transport) {
  Invite invite;
  const bool trusted = std::holds_alternative<FromTrunk>(peer);
  invite.peer = std::move(peer);
  invite.from = name_addr_of(*request.sip_from);
  invite.to = name_addr_of(*request.sip_to);
  invite.request_user = user_of(request.sip_request->rq_url[0]);
  invite.request_host = host_of(request.sip_request->rq_url[0]);
  invite.private_caller = private_caller_of(request);
  if (trusted) {
    invite.p_asserted_identity = asserted_of(request);
    if (auto party = remote_party_of(request)) {
      invite.remote_party = std::move(party->address);
      invite.private_caller |= party->hidden;
    }
  }
  invite.diverted = diverted_of(request);
  invite.user_to_user = header_of(request, "User-to-User").value_or("");
  invite.custom_headers = custom_headers_of(request);
  // Apps and users see as it came who sent the call on (ACS passes it on as call context).
  for (const char* name : {"History-Info", "Diversion"}) {
    const auto told = trusted ? header_of(request, name) : std::nullopt;
    if (told && !names_somebody_private(request, *told))
      invite.custom_headers.emplace_back(name, *told);
  }
  invite.sdp = body_of(request).sdp;
  invite.sip_call_id = header_text(request.sip_call_id->i_id);
  invite.user_agent = user_agent_of(request);
  invite.source = source;
  if (request.sip_max_forwards) {
    invite.max_forwards =
        static_cast<unsigned>(std::min<unsigned long>(request.sip_max_forwards->mf_count, 70));
  }
  invite.transport = transport;
  return invite;
}

std::string escaped_user(std::string_view user) {
  // RFC 3261 25.1: unreserved, user-unreserved less ";?".
  static constexpr std::string_view kPlain = "-_.!~*'()&=+$,/";
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : user) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 128 && std::isalnum(byte)) || kPlain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

std::string bracketed(std::string_view host) {
  if (host.find(':') == std::string_view::npos || host.front() == '[') return std::string(host);
  return "[" + std::string(host) + "]";
}

std::string utf8_text(std::string_view text, size_t most) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const auto first = static_cast<unsigned char>(text[at]);
    const size_t length = first < 0x80                    ? 1
                          : first >= 0xc2 && first < 0xe0 ? 2
                          : first >= 0xe0 && first < 0xf0 ? 3
                          : first >= 0xf0 && first < 0xf5 ? 4
                                                          : 0;
    bool good = length > 0 && at + length <= text.size();
    for (size_t i = 1; good && i < length; ++i)
      good = (static_cast<unsigned char>(text[at + i]) & 0xc0) == 0x80;
    const std::string_view one = good ? text.substr(at, length) : std::string_view("?");
    if (out.size() + one.size() > most) break;
    out += one;
    at += good ? length : 1;
  }
  return out;
}

std::string allow_for(bool refer) {
  std::string allow = kAllow;
  const auto at = allow.find(", REFER");
  if (!refer && at != std::string::npos) allow.erase(at, 7);
  return allow;
}

std::string header_text(std::string_view text) {
  std::string out(text);
  std::replace_if(
      out.begin(), out.end(), [](unsigned char c) { return c < 32 || c == 127; }, ' ');
  return out;
}

std::string header_lines(const std::vector<std::pair<std::string, std::string>>& headers) {
  std::string lines;
  for (const auto& [name, value] : headers) {
    if (name.empty() || name.find_first_of(" \t\r\n:,;\"<>") != std::string::npos) continue;
    lines += name + ": " + header_text(value) + "\r\n";
  }
  return lines;
}

std::string to_header(const NameAddr& address, std::string_view tag) {
  std::string out;
  if (!address.display.empty()) {
    out += '"';
    for (const char c : header_text(address.display)) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += "\" ";
  }
  out += address.sips ? "<sips:" : "<sip:";
  if (!address.user.empty()) out += escaped_user(address.user) + "@";
  out += bracketed(header_text(address.host));
  if (address.port) out += ":" + std::to_string(address.port);
  out += ">";
  if (!tag.empty()) out += ";tag=" + std::string(tag);
  return out;
}

std::string to_header(const Reason& reason) {
  std::string out;
  if (reason.q850) out = "Q.850;cause=" + std::to_string(reason.q850);
  if (reason.sip_status)
    out += (out.empty() ? "SIP;cause=" : ", SIP;cause=") + std::to_string(reason.sip_status);
  if (out.empty() || reason.text.empty()) return out;
  std::string text;
  for (const char c : header_text(reason.text).substr(0, 256)) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return out + ";text=\"" + text + "\"";
}

std::optional<std::string> request_uri(const std::string& text) {
  if (text.empty() || text.size() > 2048) return std::nullopt;
  const HomePtr home = make_home();
  url_t* url = url_make(home.get(), header_text(text).c_str());
  if (!url || !is_sip_uri(*url)) return std::nullopt;
  // RFC 3261 19.1.5: headers in a URI ("?Route=...") would become headers of our request.
  const std::string uri = uri_of(*url);
  if (uri.empty() || uri.find_first_of(" <>\"") != std::string::npos) return std::nullopt;
  return uri;
}

const char* lasting_phrase(int status, std::string_view phrase) {
  constexpr size_t kMost = 256;
  thread_local std::unordered_set<std::string> phrases;  // Whose elements never move.
  const char* own = sip_status_phrase(status);
  std::string text = header_text(phrase);
  if (text.empty() || text == own) return own;
  const auto known = phrases.find(text);
  if (known != phrases.end()) return known->c_str();
  return phrases.size() < kMost ? phrases.insert(std::move(text)).first->c_str() : own;
}

}  // namespace gw::sip
