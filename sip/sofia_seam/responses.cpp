// Around Sofia's tport_tsend(), for responses.
//
// One that cannot be sent counts as lost on the way, not as an error. Sofia parks an INVITE whose
// final answer met an error where the ACK of that INVITE, if the peer sends one all the same, trips
// an assert and ends the process. As a lost one it is repeated, and when no ACK comes the call ends
// (RFC 3261 13.3.1.4).
//
// Requests that Sofia cannot read it refuses by itself, before our admission, and without a Server
// header, which all of ours have: whether that may be sent is asked here.
#include <dlfcn.h>
#include <sofia-sip/msg.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/su_tagarg.h>
#include <sofia-sip/tport.h>

#include <utility>

#include "sip/sofia_seam/sofia_seam.h"
#include "sip/sofia_seam/wire_tap.h"

namespace gw::sip {
namespace {

thread_local std::function<bool(const SocketAddress&)> may_refuse;

bool is_sofias_own(const sip_t& response) {
  const int status = response.sip_status->st_status;
  return !response.sip_server && (status == 400 || status == 413 || status == 505);
}

bool is_withheld(const sip_t* sip, const tp_name_t* name) {
  if (!may_refuse || !sip || !sip->sip_status || !name || !name->tpn_host) return false;
  if (!is_sofias_own(*sip)) return false;
  const auto to = SocketAddress::parse(name->tpn_host);
  return to && !may_refuse(*to);
}

}  // namespace

void ask_before_refusing(std::function<bool(const SocketAddress& to)> may) {
  may_refuse = std::move(may);
}

}  // namespace gw::sip

extern "C" tport_t* tport_tsend(tport_t* self, msg_t* msg, tp_name_t const* name, tag_type_t tag,
                                tag_value_t value, ...) {
  using Send = tport_t* (*)(tport_t*, msg_t*, tp_name_t const*, tag_type_t, tag_value_t, ...);
  static const auto real = reinterpret_cast<Send>(::dlsym(RTLD_NEXT, "tport_tsend"));
  const sip_t* sip = msg ? sip_object(msg) : nullptr;
  if (gw::sip::is_withheld(sip, name)) return self;
  ta_list tags;
  ta_start(tags, tag, value);
  tport_t* sent = real(self, msg, name, ta_tags(tags));
  ta_end(tags);
  if (sent) {
    gw::sip::seam::tell_sent(sent, msg);
    return sent;
  }
  return sip && sip->sip_status ? self : nullptr;
}
