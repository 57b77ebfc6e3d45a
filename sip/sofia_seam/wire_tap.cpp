// Around Sofia's tport_deliver(): whoever captures signalling sees what comes in here, whatever the
// transport, and what goes out by tport_tsend(). Sofia's own log would print it to stderr.
#include "sip/sofia_seam/wire_tap.h"

#include <dlfcn.h>
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/tport.h>

#include "sip/sofia_ptr.h"
#include "sip/sofia_sip.h"

namespace gw::sip::seam {
namespace {

thread_local std::function<void(const WireMessage&)> wire_tap;

SocketAddress address_of(const sockaddr* address) {
  if (address == nullptr || (address->sa_family != AF_INET && address->sa_family != AF_INET6))
    return {};
  return SocketAddress(address,
                       address->sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
}

// A connection knows its peer, a datagram its own.
SocketAddress other_end_of(tport_t* by, msg_t* message) {
  if (!tport_is_secondary(by)) return address_of(&msg_addr(message)->su_sa);
  const su_addrinfo_t* peer = tport_get_address(by);
  return peer ? address_of(peer->ai_addr) : SocketAddress{};
}

void tell(tport_t* by, msg_t* message, bool received) {
  const tport_t* listener = tport_is_secondary(by) ? tport_parent(by) : by;
  const tp_name_t* name = tport_name(listener);
  const HomePtr home = make_home();
  size_t size = 0;
  const char* text = msg_as_string(home.get(), message, nullptr, 0, &size);
  if (text == nullptr || size == 0) return;
  const sip_t* sip = sip_object(message);
  const bool named =
      sip != nullptr && sip->sip_call_id != nullptr && sip->sip_call_id->i_id != nullptr;
  wire_tap({received, name && name->tpn_ident ? name->tpn_ident : "", other_end_of(by, message),
            std::string_view(text, size), named ? sip->sip_call_id->i_id : ""});
}

}  // namespace

void set_wire_tap(std::function<void(const WireMessage&)> tap) {
  wire_tap = std::move(tap);
}

void tell_sent(tport_t* by, msg_t* message) {
  if (wire_tap && by && message) tell(by, message, false);
}

}  // namespace gw::sip::seam

extern "C" void tport_deliver(tport_t* self, msg_t* message, msg_t* next, void* compressor,
                              su_time_t now) {
  using Deliver = void (*)(tport_t*, msg_t*, msg_t*, void*, su_time_t);
  static const auto real = reinterpret_cast<Deliver>(::dlsym(RTLD_NEXT, "tport_deliver"));
  using namespace gw::sip::seam;
  if (wire_tap && self && message) tell(self, message, true);
  real(self, message, next, compressor, now);
}
