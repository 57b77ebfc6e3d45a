#include "sip/message_bounds.h"

#include <sofia-sip/msg.h>
#include <sofia-sip/msg_header.h>

#include <cstring>

namespace gw::sip {
namespace {

size_t size_of(const char* text) {
  return text ? std::strlen(text) : 0;
}

bool too_long(const url_t& uri) {
  return size_of(uri.url_user) + size_of(uri.url_password) + size_of(uri.url_host) +
             size_of(uri.url_params) + size_of(uri.url_headers) >
         kMaxUri;
}

// Too many of them, or one that we do not know and that is too long: of those that Sofia parses the
// parts are bounded here and where they are read.
bool has_large_header(const sip_t& request) {
  size_t count = 0;
  auto* each = reinterpret_cast<const msg_header_t*>(request.sip_request);
  for (; each; each = each->sh_succ) {
    if (++count > kMaxHeaders) return true;
  }
  for (const sip_unknown_t* header = request.sip_unknown; header; header = header->un_next) {
    if (size_of(header->un_value) > kMaxHeaderLine) return true;
  }
  return false;
}

bool has_long_uri(const sip_t& request) {
  if (request.sip_from && too_long(request.sip_from->a_url[0])) return true;
  if (request.sip_to && too_long(request.sip_to->a_url[0])) return true;
  for (const sip_contact_t* contact = request.sip_contact; contact; contact = contact->m_next) {
    if (too_long(contact->m_url[0])) return true;
  }
  for (const sip_route_t* route = request.sip_route; route; route = route->r_next) {
    if (too_long(route->r_url[0])) return true;
  }
  for (const sip_record_route_t* route = request.sip_record_route; route; route = route->r_next) {
    if (too_long(route->r_url[0])) return true;
  }
  return false;
}

}  // namespace

std::optional<Rejection> over_bounds(const msg_t& message, const sip_t& request) {
  if (too_long(request.sip_request->rq_url[0])) {
    return Rejection{414, "Request-URI Too Long", "bounds", {}};
  }
  const size_t body = request.sip_payload ? request.sip_payload->pl_len : 0;
  if (body > kMaxBody) return Rejection{413, "Request Entity Too Large", "bounds", {}};
  if (msg_size(&message) > kMaxHeaderBytes + body || has_large_header(request)) {
    return Rejection{513, "Message Too Large", "bounds", {}};
  }
  if (has_long_uri(request)) return Rejection{400, "URI Too Long", "bounds", {}};
  return std::nullopt;
}

}  // namespace gw::sip
