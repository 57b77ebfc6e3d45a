#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sip/dialog.h"
#include "sip/invite.h"
#include "sip/sofia_sip.h"

namespace gw::sip {

// Sofia's parsed messages as our values, and our values as header text. The one place where header
// fields of the network are read or written; what is oversized or malformed is dropped here. Pure.

inline constexpr size_t kMaxSdp = 16 * 1024;     // Browsers with many candidates stay under 8 kB.
inline constexpr size_t kMaxHeaderValue = 1024;  // Display names, User-to-User, X-MS-Custom-*.
inline constexpr size_t kMaxCustomHeaders = 5;   // ACS passes on no more.
inline constexpr size_t kMaxContacts = 16;       // Of a REGISTER or a 3xx.

inline constexpr const char* kAllow =
    "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, PRACK, REFER, NOTIFY, REGISTER";

// Why a request is refused before anything is done for it.
struct Rejection {
  int status = 0;
  const char* phrase = nullptr;
  const char* reason = nullptr;  // Label of gw_sip_refused_total.
  std::string headers;           // Further header lines of the response, "Name: value\r\n".
};

// --- In
NameAddr name_addr_of(const char* display, const url_t& url);
inline NameAddr name_addr_of(const sip_addr_t& a) {
  return name_addr_of(a.a_display, a.a_url[0]);
}
std::string uri_of(const url_t& url);   // Without headers.
std::string host_of(const url_t& url);  // Lower case, without brackets and trailing dot.
std::string user_of(const url_t& url);
bool is_sip_uri(const url_t& url);  // sip: or sips: with a host.
std::string unquoted(const char* quoted_string);
Reason reason_of(const sip_t& message);
std::string user_agent_of(const sip_t& message);
std::optional<std::string> header_of(const sip_t& message,
                                     std::string_view name);  // One that Sofia does not know.

// A final response that never came is a 408 (RFC 3261 8.1.3.1).
inline int status_of(const sip_t* response, int otherwise = 408) {
  return response && response->sip_status ? response->sip_status->st_status : otherwise;
}

// The SDP of a message: its body, or the SDP part of a multipart body. `present` without a value is
// a body we cannot use.
struct Body {
  bool present = false;
  std::optional<std::string> sdp;
};
Body body_of(const sip_t& message);

bool supports_timer(const sip_t& request);   // RFC 4028, in Supported or Require.
bool supports_100rel(const sip_t& request);  // RFC 3262, likewise.
bool requires_100rel(const sip_t& message);
bool supports(const sip_t& message, std::string_view extension);
bool allows(const sip_t& message, std::string_view method);  // Its Allow names the method.

// No extension required that we do not know (RFC 3261 8.2.2.3).
std::optional<Rejection> check_extensions(const sip_t& request,
                                          std::initializer_list<std::string_view> also = {});

// What every request that begins or changes a dialog must have: usable Contact and Record-Route
// (RFC 3261 12.1.1), no extension required that we do not know, a body that we understand.
// `also`: extensions that may be required beside those of every INVITE.
std::optional<Rejection> check_dialog_request(const sip_t& request, bool contact_needed,
                                              std::initializer_list<std::string_view> also = {});

// `peer`, `source` and `transport` are the admission's.
Invite invite_of(const sip_t& request, Peer peer, const SocketAddress& source, Transport transport);

// --- Out
std::string escaped_user(std::string_view user);
std::string bracketed(std::string_view host);  // [..] around an IPv6 literal.
// What a peer may ask of us; without REFER for those who would use it where they should not.
std::string allow_for(bool refer);
// Names as people wrote them, in UTF-8 and no other (RFC 3261 25.1): what is none becomes "?".
std::string utf8_text(std::string_view text, size_t most);
std::string header_text(std::string_view text);
// Sofia keeps the phrase of a response by its address, as long as it may repeat the response: this
// one stays. The first few hundred different ones are remembered; a peer that makes up more is
// passed on with the status' own. Signalling thread.
const char* lasting_phrase(int status, std::string_view phrase);
// Headers come from the owner, sometimes from the other side of the call: one line each, no header
// of ours.
std::string header_lines(const std::vector<std::pair<std::string, std::string>>&
                             headers);  // No control characters: nothing can end the line.
std::string to_header(const NameAddr& address, std::string_view tag = {});
std::string to_header(
    const Reason& reason);  // Value of Reason; empty when there is nothing to say.
// A Request-URI from configuration or a phone's Contact, without URI headers; none when it is not a
// usable sip or sips URI.
std::optional<std::string> request_uri(const std::string& text);

}  // namespace gw::sip
