// Around Sofia's tport_tsend(): a response that cannot be sent counts as lost on the way, not as an
// error. Sofia parks an INVITE whose final answer met an error where the ACK of that INVITE, if the
// peer sends one all the same, trips an assert and ends the process. As a lost one it is repeated,
// and when no ACK comes the call ends (RFC 3261 13.3.1.4).
#include <dlfcn.h>
#include <sofia-sip/msg.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/su_tagarg.h>
#include <sofia-sip/tport.h>

extern "C" tport_t* tport_tsend(tport_t* self, msg_t* msg, tp_name_t const* name, tag_type_t tag,
                                tag_value_t value, ...) {
  using Send = tport_t* (*)(tport_t*, msg_t*, tp_name_t const*, tag_type_t, tag_value_t, ...);
  static const auto real = reinterpret_cast<Send>(::dlsym(RTLD_NEXT, "tport_tsend"));
  ta_list tags;
  ta_start(tags, tag, value);
  tport_t* sent = real(self, msg, name, ta_tags(tags));
  ta_end(tags);
  if (sent) return sent;
  const sip_t* sip = msg ? sip_object(msg) : nullptr;
  return sip && sip->sip_status ? self : nullptr;
}
