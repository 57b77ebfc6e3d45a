#include <dlfcn.h>

#include <array>
#include <string>

#include "sip/sofia_seam/sofia_seam.h"

namespace gw::sip {

Result<void> sofia_seam_check() {
  static constexpr std::array kOurs{"tls_init_master",   "tls_init_secondary",
                                    "tls_free",          "tls_get_socket",
                                    "tls_connect",       "tls_read",
                                    "tls_read_buffer",   "tls_pending",
                                    "tls_want_read",     "tls_write",
                                    "tls_want_write",    "tls_events",
                                    "su_randmem",        "su_random64",
                                    "nta_msg_ackbye",    "tport_tsend",
                                    "tport_by_name",     "tport_tcp_init_secondary",
                                    "su_close",          "tport_register_secondary",
                                    "su_root_eventmask", "tport_deliver",
                                    "su_timer_expire"};
  Dl_info us{};
  if (::dladdr(reinterpret_cast<void*>(&sofia_seam_check), &us) == 0) {
    return fail(ErrorCode::Internal, "cannot find our own executable");
  }
  for (const char* name : kOurs) {
    Dl_info found{};
    void* symbol = ::dlsym(RTLD_DEFAULT, name);
    // Sofia finds what the dynamic linker finds first.
    if (symbol == nullptr || ::dladdr(symbol, &found) == 0 || found.dli_fbase != us.dli_fbase) {
      return fail(ErrorCode::Internal, std::string("this build does not replace Sofia's ") + name +
                                           ": link gw_sofia_seam_objects with -rdynamic");
    }
  }
  return {};
}

}  // namespace gw::sip
